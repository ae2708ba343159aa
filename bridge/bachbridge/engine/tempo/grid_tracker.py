"""The steps of onsets on a shared grid, which is known beforehand and may move while the phrase is played.

Each onset is placed on the grid that is in force when it comes and keeps its step, whatever the tempo does afterwards.
Step 0 of the phrase is the beat at or before its first onset.
"""

from bachbridge.engine.tempo.grid import Grid


class GridTracker:
    """Places onsets on a shared grid; used like a `TempoTracker`. Used on the engine's thread only."""

    __slots__ = ("_first_step", "_shared", "_steps_per_bar", "_steps_per_beat", "offsets_ns", "previous_bpm", "steps")

    bar_confidence = 1.0
    """Probability that the bar lines are right."""
    beat_step = 0
    """A step of the phrase that is on a beat."""

    def __init__(self, shared: Grid, steps_per_beat: int, steps_per_bar: int) -> None:
        """`shared` has a bar line at step 0."""
        self._shared, self._steps_per_beat, self._steps_per_bar = shared, steps_per_beat, steps_per_bar
        self._first_step: int | None = None
        """Step of the shared grid at which the phrase begins."""
        self.previous_bpm: float | None = shared.bpm
        self.steps: list[int] = []
        self.offsets_ns: list[int] = []
        """Distance of each onset from the time of its step."""

    @property
    def known_bpm(self) -> float:
        return self._shared.bpm

    @property
    def grid(self) -> Grid:
        """The grid at present, counted from the beginning of the phrase."""
        return Grid(self._shared.time_of(self._first_step or 0), self._shared.step_ns)

    @property
    def bar_step(self) -> int:
        """The first step of the phrase that is a bar line."""
        return -(self._first_step or 0) % self._steps_per_bar

    def follow(self, shared: Grid, shift_steps: int) -> None:
        """Use this grid from now on; `shift_steps` is added to the numbers of its steps."""
        self._shared = shared
        if self._first_step is not None:
            self._first_step += shift_steps

    @property
    def settled_count(self) -> int:
        """How many of the first onsets stay on their steps: all of them."""
        return len(self.steps)

    def add_onset(self, onset_ns: int, pitch: int | None = None) -> None:  # noqa: ARG002
        step = self._shared.nearest_step(onset_ns)
        if self._first_step is None:
            self._first_step = step - step % self._steps_per_beat
        self.steps.append(step - self._first_step)
        self.offsets_ns.append(onset_ns - self._shared.time_of(step))

    def add_release(self, release_ns: int, pitch: int) -> None:
        """Do nothing: releases tell nothing about a grid that is known."""

    def drop_first(self, count: int) -> None:
        """Forget the steps of the first `count` onsets."""
        del self.steps[:count]
        del self.offsets_ns[:count]
