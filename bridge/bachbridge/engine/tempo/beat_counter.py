"""A count of 16th steps while the player plays: it goes on by itself and follows each onset.

Step `n` is current from half a step before its time to half a step after it, so that a note a little early or late
still falls on it. If the tempo is set, the grid is regular from the first onset on. Otherwise `TempoTracker` estimates
the step's length, and the grid moves part of the way towards every onset. The estimate takes a moment, so it is made in
`update_tempo`, after the notes have been answered.
"""

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.tracker import TempoTracker
from bachbridge.music.notes import STEPS_PER_BEAT, bpm_from_step_ns, step_ns_from_bpm

_DEFAULT_BPM = 92.0
_PHASE_CORRECTION = 0.4
_MIN_BEAT_CONFIDENCE = 0.7
_MIN_ONSETS = 5
"""The beat that is heard in the playing counts from this probability, and this number of onsets, on."""
_MAX_ONSETS = 2048
"""If there are more onsets, only half of them, the last ones, are remembered."""


class BeatCounter:
    """The step count of one player. Used on the engine's thread only."""

    __slots__ = (
        "_known_bpm", "_meter", "_step", "_step_ns", "_step_time_ns", "_tempo_tracker", "_tracked_count",
        "_untracked_onsets_ns", "is_beat_known",
    )  # fmt: skip

    def __init__(
        self,
        known_bpm: float,
        previous_bpm: float | None = None,
        *,
        meter: tuple[int, int] = (4 * STEPS_PER_BEAT, STEPS_PER_BEAT),
        step: int = 0,
        step_time_ns: int | None = None,
    ) -> None:
        """`known_bpm` is 0 if no tempo is set; `meter` is the number of steps in a bar and in a beat.

        `step_time_ns` is the time of `step`, None before the first onset.
        """
        self._known_bpm, self._meter = known_bpm, meter
        steps_per_bar, steps_per_beat = meter
        self._tempo_tracker = TempoTracker(
            known_bpm, previous_bpm, steps_per_bar=steps_per_bar, steps_per_beat=steps_per_beat
        )
        self._step_ns = step_ns_from_bpm(known_bpm or previous_bpm or _DEFAULT_BPM)
        self._step, self._step_time_ns = step, step_time_ns
        self._untracked_onsets_ns: list[int] = []
        self._tracked_count = 0
        self.is_beat_known = known_bpm > 0
        """True if the tempo is set, or if the beat that is heard in the playing is fairly certain."""

    @property
    def has_begun(self) -> bool:
        return self._step_time_ns is not None

    @property
    def rest_steps(self) -> int:
        """Steps of silence that may be left out of the count: a beat."""
        return STEPS_PER_BEAT

    @property
    def step_ns(self) -> int:
        return self._step_ns

    @property
    def bpm(self) -> float:
        return bpm_from_step_ns(self._step_ns)

    @property
    def grid(self) -> Grid:
        return Grid((self._step_time_ns or 0) - self._step * self._step_ns, self._step_ns)

    def add_onset(self, now_ns: int) -> int:
        """Add the onset of a note and return its step."""
        error_ns = self._add_note(now_ns)
        assert self._step_time_ns is not None
        self._step_time_ns += 0 if self._known_bpm else round(_PHASE_CORRECTION * error_ns)
        return self._step

    def add_ornament(self, now_ns: int) -> int:
        """Add the onset of an ornament, which does not move the grid, and return its step."""
        self._add_note(now_ns)
        return self._step

    def _add_note(self, now_ns: int) -> int:
        """Add an onset and return how late it is on its step (ns)."""
        if not self._known_bpm:
            self._untracked_onsets_ns.append(now_ns)
        if self._step_time_ns is None:
            self._step_time_ns = now_ns
            return 0
        self._move_to(self.step_at(now_ns))
        return now_ns - self._step_time_ns

    def step_at(self, now_ns: int) -> int:
        """Return the step that is current at `now_ns`; it never goes back."""
        since_ns = now_ns - (self._step_time_ns or 0)
        return self._step + max(0, (since_ns + self._step_ns // 2) // self._step_ns)

    def step_begin_ns(self, step: int) -> int:
        """Return the time at which `step` becomes current."""
        return (self._step_time_ns or 0) + (step - self._step) * self._step_ns - self._step_ns // 2

    def with_tempo(self, bpm: float) -> "BeatCounter":
        """Return a copy of this count that goes on at `bpm` (0: unknown)."""
        return BeatCounter(bpm, self.bpm, meter=self._meter, step=self._step, step_time_ns=self._step_time_ns)

    def update_tempo(self) -> None:
        """Estimate the step's length and the last onset's place in the beat from the onsets so far.

        If that place was counted wrongly while the tempo was unclear, the count moves forward to the next such place.
        """
        if not self._untracked_onsets_ns:
            return
        for onset_ns in self._untracked_onsets_ns:
            self._tempo_tracker.add_onset(onset_ns)
        self._tracked_count += len(self._untracked_onsets_ns)
        self._untracked_onsets_ns.clear()
        if len(self._tempo_tracker.steps) > _MAX_ONSETS:
            self._tempo_tracker.drop_first(_MAX_ONSETS // 2)
        self._step_ns = self._tempo_tracker.grid.step_ns
        confidence = self._tempo_tracker.beat_confidence
        self.is_beat_known = self._tracked_count >= _MIN_ONSETS and confidence >= _MIN_BEAT_CONFIDENCE
        beat_step = self._tempo_tracker.beat_step if self.is_beat_known else 0
        self._step += (self._tempo_tracker.steps[-1] - beat_step - self._step) % STEPS_PER_BEAT

    def skip_silence(self, steps: int) -> None:
        """Leave `steps` steps of silence out of the count."""
        assert self._step_time_ns is not None
        self._step_time_ns += steps * self._step_ns

    def _move_to(self, step: int) -> None:
        assert self._step_time_ns is not None
        self._step_time_ns += (step - self._step) * self._step_ns
        self._step = step
