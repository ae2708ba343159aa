"""How near the end of a phrase live harmony is: how likely each note is to be the phrase's last one.

Nobody tells where phrases end. The network of phrase ends guesses it from the melody so far
(`inference.phrasing.live`). Without that network there are shares that were counted at the fermatas of Bach's chorales
(training part): a phrase's last note mostly begins on a strong beat, and the longer a note is held, the likelier it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bachbridge.inference.phrasing.live import LiveMelody, after_note, phrase_end_probability
from bachbridge.inference.phrasing.predictor import PhraseEndNet
from bachbridge.music.frames import REST, Bools, Floats, Frame, Ints, midi_pitch, pitch_classes
from bachbridge.music.keys import Weights
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Note
from bachbridge.music.phrasing.closing.accents import (
    ACCENT_NATS,
    DOTTED_BEAT_STEPS,
    is_compound,
    is_dotted_beat,
    is_quarter_beat,
)
from bachbridge.music.phrasing.closing.live_wishes import LiveWish, closing_nats, lead_values
from bachbridge.music.phrasing.closing.resolution import sevenths_after

_STRONG_SHARES, _WEAK_SHARES = (0.25, 0.5, 0.88), (0.02, 0.2, 0.6)
"""Probability that a note on a strong or a weak beat ends a phrase: as it begins, after a beat, and after two beats."""
_CLOSE_FACTOR, _MIN_CLOSE_SHARE, _REST_FACTOR = 5.0, 0.05, 25.0
"""A close is fully wished for from a probability of 0.25 on, and rest from 0.04 on; found on validation pieces."""
_PASSING_NATS, _STILL_FACTOR = 1.0, 25.0
"""Nats for each voice that moves on the second 8th of a beat, down to none at a probability of 0.04."""


def _no_sevenths() -> Bools:
    return np.zeros(len(VOICES), bool)


@dataclass(frozen=True, slots=True)
class CloseMemory:
    """The past, as far as closes depend on it; `step` and `bar_step` are those of the next frame.

    `sevenths[voice]` are the voices that hold a seventh that has still to fall. `note` is the player's note that
    sounds, as long as it has lasted, and `melody` what he played before it. `dotted_onsets` and
    `quarter_onsets` count his notes on dotted beats between quarters, and on quarters between dotted beats.
    """

    steps_per_bar: int
    step: int = 0
    bar_step: int = 0
    net: PhraseEndNet | None = None
    sevenths: Bools = field(default_factory=_no_sevenths)
    note: Note | None = None
    melody: LiveMelody = field(default_factory=LiveMelody)
    dotted_onsets: int = 0
    quarter_onsets: int = 0

    @property
    def beat_steps(self) -> int:
        """The length of a beat, in steps: that of a dotted beat if the player's notes go by those."""
        is_dotted = is_compound(self.steps_per_bar, self.dotted_onsets, self.quarter_onsets)
        return DOTTED_BEAT_STEPS if is_dotted else STEPS_PER_BEAT

    def after(self, previous: Frame | None, frame: Frame, given_voice: int) -> "CloseMemory":
        """Return the memory after one more frame."""
        sevenths = self.sevenths
        if previous is not None:
            rows = (np.array([each.pitch_indices], np.int32) for each in (previous, frame))
            sevenths = sevenths_after(sevenths[None], *rows, is_on_beat=self._is_on_beat)[0]
        index, note, melody = frame.pitch_indices[given_voice], self.note, self.melody
        if note and index > REST and note.pitch == midi_pitch(index) and not frame.onsets[given_voice]:
            note = replace(note, length=note.length + 1)
        else:
            melody = self._ended_melody()
            note = Note(self.step, 1, midi_pitch(index)) if index > REST else None
        begins = note is not None and note.length == 1
        return replace(
            self,
            step=self.step + 1,
            bar_step=(self.bar_step + 1) % self.steps_per_bar,
            sevenths=sevenths,
            note=note,
            melody=melody,
            dotted_onsets=self.dotted_onsets + (begins and is_dotted_beat(self.bar_step)),
            quarter_onsets=self.quarter_onsets + (begins and is_quarter_beat(self.bar_step)),
        )

    def wish(self, given: Ints | Sequence[int], is_held: Bools, probabilities: Weights, given_voice: int) -> LiveWish:
        """Return the wish for notes `given[row]` at the next step, by `probabilities[key number]`.

        `is_held[row]` tells which row is the held note.
        """
        given = np.asarray(given, np.int32)
        ended = self._ended_melody()
        ends, rows = self._end_shares(given, is_held, ended), np.ones(len(given), np.int32)
        return LiveWish(
            closes=closing_nats(probabilities)[pitch_classes(given)],
            end_shares=np.clip(_CLOSE_FACTOR * (ends - _MIN_CLOSE_SHARE), 0, 1),
            rest_shares=np.minimum(1, _REST_FACTOR * ends),
            is_held=is_held,
            moving_nats=np.float32(self._moving_nats) * (1 - np.minimum(1, _STILL_FACTOR * ends)),
            leads=lead_values(probabilities) * self._next_share(given, ended) * rows[:, None],
            is_on_beat=rows * self._is_on_beat == 1,
            given_voice=rows * given_voice,
        )

    @property
    def _is_on_beat(self) -> bool:
        return self.bar_step % self.beat_steps == 0

    @property
    def _moving_nats(self) -> float:
        """Nats for each voice that moves: on dotted beats in compound meters, else on the second 8ths of beats."""
        if self.beat_steps == DOTTED_BEAT_STEPS:
            return ACCENT_NATS if self._is_on_beat else -ACCENT_NATS
        return _PASSING_NATS if self.bar_step % STEPS_PER_BEAT == STEPS_PER_BEAT // 2 else 0.0

    def _end_shares(self, given: Ints, is_held: Bools, ended: LiveMelody) -> Floats:
        """Return the probability that each note is a phrase's last one; `ended` is the melody if its note ends now."""
        pitches = [midi_pitch(int(index)) for index in given]
        note = self.note
        if self.net is None:
            held = _counted_share(self._bar_step_of(note), note.length, self.steps_per_bar) if note else 0.0
            new = _counted_share(self.bar_step, 0, self.steps_per_bar)
            return np.where(is_held, held, new).astype(np.float32)
        shares = np.zeros(len(given), np.float32)
        if not is_held.all():
            shares[:] = phrase_end_probability(
                self.net,
                ended,
                pitches,
                start=self.step,
                held=0,
                steps_per_bar=self.steps_per_bar,
                position=self.bar_step,
            )
        if note and is_held.any():
            shares[is_held] = phrase_end_probability(
                self.net,
                self.melody,
                [note.pitch],
                start=note.start,
                held=note.length,
                steps_per_bar=self.steps_per_bar,
                position=self._bar_step_of(note),
            )[0]
        return shares

    def _next_share(self, given: Ints, ended: LiveMelody) -> float:
        """Return the probability that a note on the next beat ends the phrase."""
        steps = STEPS_PER_BEAT - self.bar_step % STEPS_PER_BEAT
        position = (self.bar_step + steps) % self.steps_per_bar
        if self.net is None:
            return _counted_share(position, 0, self.steps_per_bar)
        pitch = self.note.pitch if self.note else midi_pitch(max(1, int(given[0])))
        return float(
            phrase_end_probability(
                self.net,
                ended,
                [pitch - 2, pitch, pitch + 2],
                start=self.step + steps,
                held=0,
                steps_per_bar=self.steps_per_bar,
                position=position,
            ).mean()
        )

    def _ended_melody(self) -> LiveMelody:
        """Return the melody with the note that sounds, if that ends now."""
        if self.net is None or self.note is None:
            return self.melody
        place = self._bar_step_of(self.note)
        return after_note(self.net, self.melody, self.note, steps_per_bar=self.steps_per_bar, position=place)

    def _bar_step_of(self, note: Note) -> int:
        return (self.bar_step - (self.step - note.start)) % self.steps_per_bar


def _counted_share(begun: int, held_steps: int, steps_per_bar: int) -> float:
    """Return the probability that a note that began at a step of the bar ends a phrase."""
    if begun % STEPS_PER_BEAT:
        return 0.0
    is_strong = begun == 0 or (2 * begun == steps_per_bar and steps_per_bar % (2 * STEPS_PER_BEAT) == 0)
    shares = _STRONG_SHARES if is_strong else _WEAK_SHARES
    return shares[min(held_steps // STEPS_PER_BEAT, len(shares) - 1)]
