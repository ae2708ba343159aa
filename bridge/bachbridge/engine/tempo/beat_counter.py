"""Which 16th it is while somebody plays: a count of steps that goes on by itself and leans towards each onset.

Step `n` is in force from half a step before its time to half a step after it, so that a note a little early or late
still falls on it. Where the tempo is set, the grid is regular from the first onset on. Otherwise `tempo.Reader` guesses
the step's length, and the grid moves a share of the way towards every onset. The guess takes a moment and nobody
waits for it: it is made in `settle`, after the notes have been answered.
"""

from bachbridge.engine.tempo.tracker import Grid, Reader
from bachbridge.music.notes import STEPS_PER_BEAT, bpm_of, step_ns_of

_USUAL_BPM = 92.0
_PHASE_SHARE = 0.4


class Pulse:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_bpm", "_onsets_ns", "_reader", "_step", "_step_ns", "_time_ns")

    def __init__(
        self, bpm: float, previous_bpm: float | None = None, *, step: int = 0, time_ns: int | None = None
    ) -> None:
        """`bpm` 0: unknown; `previous_bpm`: what it was before; `time_ns`: of `step`, None before the first onset."""
        self._bpm = bpm
        self._reader = Reader(bpm, previous_bpm)
        self._step_ns = step_ns_of(bpm or previous_bpm or _USUAL_BPM)
        self._step, self._time_ns = step, time_ns
        self._onsets_ns: list[int] = []

    @property
    def begun(self) -> bool:
        return self._time_ns is not None

    @property
    def step_ns(self) -> int:
        return self._step_ns

    @property
    def bpm(self) -> float:
        return bpm_of(self._step_ns)

    @property
    def grid(self) -> Grid:
        return Grid((self._time_ns or 0) - self._step * self._step_ns, self._step_ns)

    def onset(self, now_ns: int) -> int:
        """A note begins: on which step."""
        if self._time_ns is None:
            self._time_ns = now_ns
        else:
            self._move(self.step_at(now_ns))
            error_ns = now_ns - self._time_ns
            self._time_ns += 0 if self._bpm else round(_PHASE_SHARE * error_ns)
        if not self._bpm:
            self._onsets_ns.append(now_ns)
        return self._step

    def step_at(self, now_ns: int) -> int:
        """The step in force; it never goes back."""
        return max(self._step, self.grid.nearest(now_ns))

    def begins_ns(self, step: int) -> int:
        """When the step comes into force."""
        return self.grid.time_of(step) - self._step_ns // 2

    def at(self, bpm: float) -> "Pulse":
        """The same count from now on at `bpm` (0: unknown)."""
        return Pulse(bpm, self.bpm, step=self._step, time_ns=self._time_ns)

    def settle(self) -> None:
        """Take in the onsets so far: the step's length follows from them, and where in the beat the last one was.

        If that was counted wrongly while the tempo was unclear, the count goes forward to the next such place.
        """
        if not self._onsets_ns:
            return
        for onset_ns in self._onsets_ns:
            self._reader.add(onset_ns)
        self._onsets_ns.clear()
        self._step_ns = self._reader.grid.step_ns
        self._step += (self._reader.steps[-1] - self._step) % STEPS_PER_BEAT
        self._reader.forget(len(self._reader.steps) - 1 if self._reader.settled else 0)

    def skip(self, steps: int) -> None:
        """Let `steps` steps of silence count for nothing."""
        assert self._time_ns is not None
        self._time_ns += steps * self._step_ns

    def _move(self, step: int) -> None:
        assert self._time_ns is not None
        self._time_ns += (step - self._step) * self._step_ns
        self._step = step
