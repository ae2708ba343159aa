"""Reports of the bars' position, made when it changes, for the displays that draw the bars."""

from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.protocol.effects import BarStarted

_MIN_REPORTED_DRIFT = 0.02
"""Relative change of the beat's length, or shift as a share of a beat, that is reported."""


class BarReports:
    """Remembers the last report. Used on the engine's thread only."""

    __slots__ = ("_last_report",)

    def __init__(self) -> None:
        self._last_report: BarStarted | None = None

    def report_if_changed(self, grid: Grid, steps_per_bar: int, source: str) -> list[BarStarted]:
        """Return a report of this grid's bars if it differs from the last one; `source` as in `BarStarted`."""
        report = BarStarted(grid.origin_ns, grid.step_ns, steps_per_bar, source)
        if self._last_report and _same_bars(self._last_report, report):
            return []
        self._last_report = report
        return [report]


def _same_bars(last: BarStarted, current: BarStarted) -> bool:
    if (last.steps_per_bar, last.source) != (current.steps_per_bar, current.source):
        return False
    bar_ns = current.steps_per_bar * current.step_ns
    shift_ns = (current.origin_ns - last.origin_ns + bar_ns // 2) % bar_ns - bar_ns // 2
    same_place = abs(shift_ns) < _MIN_REPORTED_DRIFT * STEPS_PER_BEAT * current.step_ns
    return same_place and abs(last.step_ns - current.step_ns) < _MIN_REPORTED_DRIFT * current.step_ns
