"""Where the bars lie, told whenever that is news: to whoever draws them."""

from bachbridge.engine.tempo.tracker import Grid
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.protocol.events import BarStarted

_MIN_REPORTED_DRIFT = 0.02
"""Change of the beat, in length or (of a beat) in place, that is news."""


class BarReports:
    """Remembers what was told. Used on the engine's thread only."""

    __slots__ = ("_last_report",)

    def __init__(self) -> None:
        self._last_report: BarStarted | None = None

    def report_if_changed(self, grid: Grid, steps_per_bar: int, source: str) -> list[BarStarted]:
        """The bars of this grid, if they are not those that were told; `source` as in `events.Metre`."""
        metre = BarStarted(grid.origin_ns, grid.step_ns, steps_per_bar, source)
        if self._last_report and _same_bars(self._last_report, metre):
            return []
        self._last_report = metre
        return [metre]


def _same_bars(last: BarStarted, current: BarStarted) -> bool:
    if (last.steps_per_bar, last.source) != (current.steps_per_bar, current.source):
        return False
    bar_ns = current.steps_per_bar * current.step_ns
    aside_ns = (current.origin_ns - last.origin_ns + bar_ns // 2) % bar_ns - bar_ns // 2
    place = abs(aside_ns) < _MIN_REPORTED_DRIFT * STEPS_PER_BEAT * current.step_ns
    return place and abs(last.step_ns - current.step_ns) < _MIN_REPORTED_DRIFT * current.step_ns
