"""Reports of the bars' position, made when it changes, for the displays that draw the bars."""

from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.protocol.effects import BarStarted

_MIN_REPORTED_DRIFT = 0.02
"""Relative change of the beat's length, or shift as a share of a beat, that is reported."""
_MIN_REPORTED_CONFIDENCE = 0.2
"""Change of the confidence that is reported."""


class BarReports:
    """Remembers the last report. Used on the engine's thread only."""

    __slots__ = ("_last_report",)

    def __init__(self) -> None:
        self._last_report: BarStarted | None = None

    def report_if_changed(
        self, now_ns: int, grid: Grid, steps_per_bar: int, source: str, confidence: float = 1.0
    ) -> list[BarStarted]:
        """Return a report of this grid's present bar if bars lie elsewhere by now than the last report says.

        `grid` has a bar line at step 0, before which there is no bar; `source` is as in `BarStarted`.
        """
        bar_ns = steps_per_bar * grid.step_ns
        begin_ns = max(grid.origin_ns, now_ns - (now_ns - grid.origin_ns) % bar_ns)
        report = BarStarted(begin_ns, grid.step_ns, steps_per_bar, source, round(confidence, 2))
        if self._last_report and _same_bars(self._last_report, report):
            return []
        self._last_report = report
        return [report]


def _same_bars(last: BarStarted, present: BarStarted) -> bool:
    """Return True if the present bar begins where the last report has a bar line, at nearly the same tempo."""
    if (last.steps_per_bar, last.source) != (present.steps_per_bar, present.source):
        return False
    if abs(last.confidence - present.confidence) > _MIN_REPORTED_CONFIDENCE:
        return False
    bar_ns = last.steps_per_bar * last.step_ns
    shift_ns = (present.origin_ns - last.origin_ns + bar_ns // 2) % bar_ns - bar_ns // 2
    same_place = abs(shift_ns) < _MIN_REPORTED_DRIFT * STEPS_PER_BEAT * present.step_ns
    return same_place and abs(last.step_ns - present.step_ns) < _MIN_REPORTED_DRIFT * present.step_ns
