"""Wishes for the next note of an answer, as nats on its pitch: the key, the register, no loops, and the close.

A guide goes along with one answer: it is told what begins, and says what it wishes for next. Decoders of symbols add
its nats to those of their network, each in its own terms. All pitches are as they sound.
"""

import numpy as np

from bachbridge.music.frames import Floats, Ints
from bachbridge.music.notes import Phrase
from bachbridge.music.phrasing.answers.loop_watch import LoopWatch
from bachbridge.music.phrasing.answers.shape import AnswerShape

PITCH_COUNT = 128
FORBIDDEN_NATS = -60.0
"""Nats against what must not be, if anything else is possible."""
_FAR_NATS, _MAX_FAR_NATS = 0.5, 8.0
"""Nats for each semitone beyond the player's register, and the most of them."""
_CORRECTION, _MAX_CORRECTION, _TRUSTED_NOTES = 1.5, 10.0, 6
"""Share of an answer's distance from the player's mean pitch by which its register moves the other way, the most
semitones of that, and how many notes it takes for half of it."""
_LEAD_NATS, _EARLY_CLOSE_NATS = 1.5, 1.0
"""Nats for the notes of the chord before the last, and against the last chord's root just before it."""
_ONSET_NATS = 2.5
"""Nats for an onset where the pattern has one, and against one where it has none."""
_RATE_NATS, _MAX_RATE_NATS = 1.0, 3.0
"""Nats against an onset for each one by which the answer has had too many, and the most of them."""
_SKIPPED_NATS = 2.5
"""Nats against each onset of the pattern that is left out."""
_CROWD_NATS = 3.0
"""Nats against another note of an onset for each note by which onsets have been fuller than the player's."""
_FITTING, _SKIPPED = np.float32(_ONSET_NATS), np.float32(_SKIPPED_NATS)
_MAX_GAP_STEPS = 512
"""Steps between two onsets beyond which nothing is counted."""
_PITCH_CLASSES = np.arange(PITCH_COUNT) % 12


def _leading_nats(shape: AnswerShape) -> Floats:
    """Return the nats for the notes of the chord before the last one, and against the last one's root."""
    leads = np.isin(_PITCH_CLASSES, shape.lead_chord)
    closes = np.isin(_PITCH_CLASSES, shape.final_chord[:1])
    return (_LEAD_NATS * leads - _EARLY_CLOSE_NATS * closes).astype(np.float32)


class PhraseGuide:
    """The wishes for one answer."""

    __slots__ = (
        "_cached",
        "_distance_nats",
        "_final_nats",
        "_key_nats",
        "_lead_nats",
        "_loops",
        "_note_count",
        "_onset_count",
        "_onsets_before",
        "_pitch_sum",
        "last_pitch",
        "shape",
    )

    def __init__(self, shape: AnswerShape, phrase: Phrase) -> None:
        self.shape = shape
        self._key_nats: Floats = np.array(shape.note_nats, np.float32)[_PITCH_CLASSES]
        self._lead_nats = self._key_nats + _leading_nats(shape)
        self._final_nats = np.where(np.isin(_PITCH_CLASSES, shape.final_chord), 0, FORBIDDEN_NATS).astype(np.float32)
        beyond = np.abs(np.arange(-PITCH_COUNT, 2 * PITCH_COUNT)) - shape.reach
        self._distance_nats = -np.clip(_FAR_NATS * beyond, 0, _MAX_FAR_NATS).astype(np.float32)
        """Nats by the distance to the register's middle, from `-PITCH_COUNT` semitones up."""
        pattern = shape.pattern
        rounds, places = np.divmod(np.arange(pattern.period + _MAX_GAP_STEPS), pattern.period)
        counts = rounds * len(pattern.onsets) + np.searchsorted(np.array(pattern.onsets), places)
        self._onsets_before = counts.astype(np.float32)
        """Onsets of the player's rhythm before each step of a round and of some steps more."""
        self._pitch_sum = self._note_count = self._onset_count = 0
        pitches_by_start: dict[int, list[int]] = {}
        for note in phrase.notes:
            pitches_by_start.setdefault(note.start, []).append(note.pitch)
        self._loops = LoopWatch([tuple(sorted(pitches)) for pitches in pitches_by_start.values()])
        self.last_pitch = phrase.notes[-1].pitch if phrase.notes else round(shape.mean_pitch)
        """The highest note of the last onset."""
        self._cached: tuple[tuple[bool, bool], Floats] | None = None

    def add_onset(self, pitches: tuple[int, ...]) -> None:
        """Note the pitches that begin together, from the lowest up."""
        self.last_pitch = pitches[-1]
        self._pitch_sum += sum(pitches)
        self._note_count += len(pitches)
        self._onset_count += 1
        self._loops.add_onset(pitches)
        self._cached = None

    def is_final(self, step: int) -> bool:
        """Return True if the last chord begins on the step."""
        return self.shape.final_step <= step < self.shape.steps

    def pitch_nats(self, step: int) -> Floats:
        """Return the nats for a note of each pitch that begins on the step, `[pitch]`."""
        shape = self.shape
        situation = self.is_final(step), 0 < shape.final_step - step <= shape.beat_steps
        if self._cached is None or self._cached[0] != situation:
            self._cached = situation, self._pitch_nats(*situation)
        return self._cached[1]

    def _pitch_nats(self, is_final: bool, leads: bool) -> Floats:
        if is_final:
            return self._register_nats() + self._final_nats
        nats = self._register_nats() + (self._lead_nats if leads else self._key_nats)
        for pitches, penalty in self._loops.next_in_loop().items():
            for pitch in pitches:
                nats[pitch] -= penalty
        return nats

    def _register_nats(self) -> Floats:
        """Return the nats against pitches far from the player's; an answer that lies too high is drawn down."""
        centre = self.shape.mean_pitch
        excess = self._pitch_sum - centre * self._note_count
        correction = _CORRECTION * excess / (self._note_count + _TRUSTED_NOTES)
        lowest = PITCH_COUNT - round(centre - min(_MAX_CORRECTION, max(-_MAX_CORRECTION, correction)))
        return self._distance_nats[lowest : lowest + PITCH_COUNT]

    def next_onset_nats(self, step: int, next_steps: Ints) -> Floats:
        """Return the nats for having the onset after that of `step` on each of `next_steps`, by the player's rhythm."""
        base = step - step % self.shape.pattern.period
        final = self.shape.final_step - base
        ends = np.minimum(next_steps - base, min(final, len(self._onsets_before) - 2))
        before = self._onsets_before[ends]
        skipped = np.maximum(before - self._onsets_before[step - base + 1], 0)
        fits = (self._onsets_before[ends + 1] > before) | (ends == final)
        return np.where(fits, _FITTING, -_FITTING) - _SKIPPED * skipped

    def onset_nats(self, step: int) -> float:
        """Return the nats for an onset on the step: by the player's rhythm, and by how many there should have been."""
        if self.is_final(step):
            return -FORBIDDEN_NATS
        fitting = _ONSET_NATS if self.shape.pattern.has_onset(step) else -_ONSET_NATS
        return fitting + min(_MAX_RATE_NATS, max(-_MAX_RATE_NATS, -_RATE_NATS * self.onset_excess(step)))

    def onset_excess(self, step: int) -> int:
        """Return how many onsets more than the player's rhythm the answer has had before the step."""
        return self._onset_count - self.shape.pattern.count_before(step)

    @property
    def crowd_nats(self) -> float:
        """Nats for each note beside the first of an onset: 0 or less where onsets have been fuller than the player's.

        They are above 0 where onsets have been thinner.
        """
        wanted = self.shape.notes_per_onset
        excess = (self._note_count - wanted * self._onset_count) / (self._onset_count + 2)
        return -_CROWD_NATS * excess
