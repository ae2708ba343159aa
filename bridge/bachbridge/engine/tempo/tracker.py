"""Tempo, steps, beat and bar of the player's onsets.

If no tempo is set, all of it is inferred from the onsets, and the grid follows the player (see
`rhythm.rhythm_filter`). The grid of a set tempo is regular, and its beats and bars are inferred (see
`rhythm.regular_steps` and `rhythm.bar_phase`).

A better source than these estimates, such as a clock or a shared session, has a grid of its own; then `GridTracker`
replaces `TempoTracker`.
"""

from collections.abc import Sequence

import numpy as np

from bachbridge.engine.tempo.grid import Grid
from bachbridge.engine.tempo.rhythm.bar_phase import BarPhase, bar_phase
from bachbridge.engine.tempo.rhythm.model import rhythm_model
from bachbridge.engine.tempo.rhythm.onset_groups import OnsetGroups
from bachbridge.engine.tempo.rhythm.regular_steps import RegularSteps
from bachbridge.engine.tempo.rhythm.rhythm_steps import RhythmSteps
from bachbridge.engine.tempo.rhythm.swing import swing_ratio
from bachbridge.engine.tempo.rhythm.tempo_prior import tempo_prior
from bachbridge.music.notes import STEPS_PER_BEAT

_DEFAULT_BPM = 92.0
_MIN_BAR_CONFIDENCE = 0.5
_MIN_EVENTS = 6
"""The bar lines are unknown unless they are so probable and there are so many onsets."""


class TempoTracker:
    """The step of each onset, and the grid after the last one; onsets come in order of time.

    Steps count from the first onset. Each new onset may move earlier ones to other steps, as tempo and meter become
    clearer, except the first `settled_count`. Used on the engine's thread only.
    """

    __slots__ = ("_dropped", "_first_onset_ns", "_groups", "_model", "_phase", "_placer", "known_bpm", "previous_bpm")

    def __init__(
        self,
        known_bpm: float,
        previous_bpm: float | None,
        *,
        steps_per_bar: int = 4 * STEPS_PER_BEAT,
        steps_per_beat: int = STEPS_PER_BEAT,
        tempo_hint: float = 0.0,
    ) -> None:
        """`known_bpm` is 0 if no tempo is set; `previous_bpm` is the tempo of the previous phrase.

        `tempo_hint` is about the tempo that the player means to take; 0: unknown.
        """
        self.known_bpm, self.previous_bpm = known_bpm, previous_bpm
        self._model = rhythm_model(steps_per_bar, steps_per_beat)
        self._groups = OnsetGroups()
        prior = tempo_prior(tempo_hint, previous_bpm, steps_per_beat)
        expected_bpm = previous_bpm or tempo_hint or _DEFAULT_BPM
        self._placer = (
            RegularSteps(known_bpm) if known_bpm else RhythmSteps(self._model, prior, expected_bpm, self._groups)
        )
        self._phase: BarPhase | None = None
        self._dropped = 0

    def add_onset(self, onset_ns: int, pitch: int | None = None) -> None:
        """Add a key; with `pitch`, its release must be added too."""
        self._groups.add(onset_ns, pitch)
        if isinstance(self._placer, RegularSteps):
            self._placer.add_onset(onset_ns)
        else:
            self._placer.add_onset()
        self._phase = None

    def add_release(self, release_ns: int, pitch: int) -> None:
        """Add the release of a key."""
        if self._groups.release(release_ns, pitch) and isinstance(self._placer, RhythmSteps):
            self._placer.split_event()
        self._phase = None

    def drop_first(self, count: int) -> None:
        """Forget the steps of the first `count` onsets, and all about those that have settled."""
        self._dropped += count
        settled_count = len(self._placer.steps) and self._placer.settled_count
        dropped_count = self._groups.drop_first(min(self._dropped, settled_count))
        self._placer.drop_first(dropped_count)
        self._dropped -= dropped_count
        self._phase = None

    @property
    def steps(self) -> list[int]:
        """The step of each onset."""
        return self._placer.steps[self._dropped :] if self._dropped else self._placer.steps

    @property
    def offsets_ns(self) -> list[int]:
        """Distance of each onset from the time of its step."""
        return self._placer.offsets_ns[self._dropped :] if self._dropped else self._placer.offsets_ns

    @property
    def settled_count(self) -> int:
        """How many of the first onsets stay on their steps."""
        self._placer.steps  # noqa: B018
        return max(0, self._placer.settled_count - self._dropped)

    @property
    def is_settled(self) -> bool:
        """True if the onsets so far stay on their steps."""
        return 0 < len(self._placer.steps) == self._placer.settled_count

    @property
    def grid(self) -> Grid:
        """The grid after the last onset; step 0 is the first onset's."""
        return self._placer.grid

    # ------------------------------------------------------------ beat and bar

    @property
    def bar_step(self) -> int | None:
        """A step that is a bar line; None if that is not certain enough."""
        phase = self._bar_phase()
        is_certain = len(self._groups.events) >= _MIN_EVENTS and phase.bar_confidence >= _MIN_BAR_CONFIDENCE
        return -phase.place if is_certain else None

    @property
    def beat_step(self) -> int:
        """A step that is on a beat."""
        return -self._bar_phase().place % self._model.steps_per_beat

    @property
    def beat_confidence(self) -> float:
        """Probability that the beats are right, from 0 to 1."""
        return self._bar_phase().beat_confidence

    @property
    def bar_confidence(self) -> float:
        """Probability that the bar lines are right, from 0 to 1."""
        return self._bar_phase().bar_confidence

    @property
    def swing(self) -> float:
        """The place of the second 8th in its beat, as played: 0.5 is straight, 2/3 a triplet's swing."""
        beat = self._model.steps_per_beat
        return swing_ratio(self._placer.steps, self._placer.offsets_ns, self.beat_step, beat, self.grid.step_ns)

    def _bar_phase(self) -> BarPhase:
        if self._phase is None:
            first_onsets = [event.first for event in self._groups.events]
            steps = np.array(self._placer.steps, dtype=np.int64)[first_onsets]
            self._phase = bar_phase(steps, self._groups, self._model)
        return self._phase


def track_onsets(onsets_ns: Sequence[int], known_bpm: float, previous_bpm: float | None = None) -> TempoTracker:
    """Return a tracker of these onsets."""
    tracker = TempoTracker(known_bpm, previous_bpm)
    for onset_ns in onsets_ns:
        tracker.add_onset(onset_ns)
    return tracker


def estimate_bpm(onsets_ns: Sequence[int], previous_bpm: float | None = None) -> float:
    """Return the tempo after these onsets; with fewer than three of them, the previous or the default tempo."""
    return track_onsets(onsets_ns, 0.0, previous_bpm).grid.bpm
