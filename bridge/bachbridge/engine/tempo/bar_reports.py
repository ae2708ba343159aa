"""Where the bars lie, told whenever that is news: to whoever draws them."""

from bachbridge.engine.tempo.tracker import Grid
from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.protocol.events import Metre

_DRIFT = 0.02
"""Change of the beat, in length or (of a beat) in place, that is news."""


class Bars:
    """Remembers what was told. Used on the engine's thread only."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: Metre | None = None

    def news(self, grid: Grid, steps_per_bar: int, source: str) -> list[Metre]:
        """The bars of this grid, if they are not those that were told; `source` as in `events.Metre`."""
        metre = Metre(grid.origin_ns, grid.step_ns, steps_per_bar, source)
        if self._told and _same(self._told, metre):
            return []
        self._told = metre
        return [metre]


def _same(told: Metre, metre: Metre) -> bool:
    if (told.steps_per_bar, told.source) != (metre.steps_per_bar, metre.source):
        return False
    bar_ns = metre.steps_per_bar * metre.step_ns
    aside_ns = (metre.origin_ns - told.origin_ns + bar_ns // 2) % bar_ns - bar_ns // 2
    place = abs(aside_ns) < _DRIFT * STEPS_PER_BEAT * metre.step_ns
    return place and abs(told.step_ns - metre.step_ns) < _DRIFT * metre.step_ns
