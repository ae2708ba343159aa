"""Steps of onsets at a set tempo: the grid is regular, and only its origin is inferred."""

import numpy as np

from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import step_ns_from_bpm

_SETTLED_ONSETS = 24
"""After this many onsets the origin, and thus every step, stays."""


class RegularSteps:
    """Steps and grid of the onsets so far. Used on the engine's thread only.

    An early or late first note must not make all other notes look late or early; so the origin is the median of what
    the onsets say.
    """

    __slots__ = ("_onsets_ns", "_step_ns", "grid", "offsets_ns", "steps")

    def __init__(self, bpm: float) -> None:
        self._step_ns = step_ns_from_bpm(bpm)
        self._onsets_ns: list[int] = []
        self.steps: list[int] = []
        """The step of each onset."""
        self.offsets_ns: list[int] = []
        """Distance of each onset from the time of its step."""
        self.grid = Grid(0, self._step_ns)

    @property
    def settled_count(self) -> int:
        """How many of the first onsets stay on their steps."""
        return len(self.steps) if len(self._onsets_ns) >= _SETTLED_ONSETS else 0

    def add_onset(self, onset_ns: int) -> None:
        if len(self._onsets_ns) >= _SETTLED_ONSETS:
            self._place(onset_ns)
            return
        self._onsets_ns.append(onset_ns)
        self.steps.clear()
        self.offsets_ns.clear()
        self.grid = Grid(self._onsets_ns[0] + self._median_offset_ns(), self._step_ns)
        for earlier_ns in self._onsets_ns:
            self._place(earlier_ns)

    def drop_first(self, count: int) -> None:
        """Forget the first `count` onsets, which have settled."""
        del self.steps[:count]
        del self.offsets_ns[:count]

    def _median_offset_ns(self) -> int:
        """Return the median distance of the onsets from a grid that begins with the first of them."""
        elapsed = np.array(self._onsets_ns, dtype=np.float64) - self._onsets_ns[0]
        distances = elapsed - np.rint(elapsed / self._step_ns) * self._step_ns
        return round(float(np.clip(np.median(distances), -self._step_ns / 4, self._step_ns / 4)))

    def _place(self, onset_ns: int) -> None:
        last = self.steps[-1] if self.steps else 0
        self.steps.append(max(last, self.grid.nearest_step(onset_ns)))
        self.offsets_ns.append(onset_ns - self.grid.time_of(self.steps[-1]))
