"""A count of 16th steps on a shared grid, for live harmony; see `beat_counter`, whose interface it has.

Step 0 is the bar line at or before the player's first note, so that the harmony knows where its bars begin.
"""

from bachbridge.engine.tempo.grid import Grid


class SharedBeatCounter:
    """The step count of one piece on a shared grid. Used on the engine's thread only."""

    __slots__ = ("_first_step", "_shared", "_step", "_steps_per_bar")

    def __init__(self, shared: Grid, steps_per_bar: int) -> None:
        """`shared` has a bar line at step 0."""
        self._shared, self._steps_per_bar = shared, steps_per_bar
        self._first_step: int | None = None
        """Step of the shared grid that is step 0 of the piece."""
        self._step = 0

    @property
    def has_begun(self) -> bool:
        return self._first_step is not None

    @property
    def is_beat_known(self) -> bool:
        return True

    @property
    def rest_steps(self) -> int:
        """Steps of silence that may be left out of the count: a bar, so that bar lines stay where they are."""
        return self._steps_per_bar

    @property
    def step_ns(self) -> int:
        return self._shared.step_ns

    @property
    def bpm(self) -> float:
        return self._shared.bpm

    @property
    def grid(self) -> Grid:
        return Grid(self._shared.time_of(self._first_step or 0), self._shared.step_ns)

    def follow(self, shared: Grid, shift_steps: int) -> None:
        """Use this grid from now on; `shift_steps` is added to the numbers of its steps."""
        self._shared = shared
        if self._first_step is not None:
            self._first_step += shift_steps

    def add_onset(self, now_ns: int) -> int:
        """Add the onset of a note and return its step."""
        if self._first_step is None:
            step = self._shared.nearest_step(now_ns)
            self._first_step = step - step % self._steps_per_bar
        self._step = self.step_at(now_ns)
        return self._step

    def add_ornament(self, now_ns: int) -> int:
        """Add the onset of an ornament and return its step."""
        return self.add_onset(now_ns)

    def step_at(self, now_ns: int) -> int:
        """Return the step that is current at `now_ns`; it never goes back."""
        return max(self._step, self.grid.nearest_step(now_ns))

    def step_begin_ns(self, step: int) -> int:
        """Return the time at which `step` becomes current."""
        return self.grid.time_of(step) - self._shared.step_ns // 2

    def update_tempo(self) -> None:
        """Do nothing: the tempo comes from outside."""

    def skip_silence(self, steps: int) -> None:
        """Leave `steps` steps of silence out of the count."""
        assert self._first_step is not None
        self._first_step += steps
        self._step -= steps
