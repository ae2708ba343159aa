"""Decoder of chord symbols into the notes of an answer.

It keeps exact time, and rounds it to the grid when it writes a note. No rest follows a rest, and a rest has the softest
level. A note's voice is its rank in its chord from the top; the bass takes all from the fourth on, which sound together
on its channel.

With a guide, chords are wished for by their notes, and durations by where they end in the player's rhythm; without
durations the player's rhythm is taken as it is. Nothing sounds over the beginning of the answer's last chord, and that
one sounds to the end. Without a guide the time between symbols, if it is not predicted, is the commonest one at the end
of the phrase.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from bachbridge.codecs.base import Symbol
from bachbridge.codecs.chords.names import REST
from bachbridge.codecs.chords.onsets import OnsetGroup, phrase_onsets, round_to_units, timed_chords, transposed
from bachbridge.music.frames import Bools, Floats
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES, Key, Note, Phrase, fold_into_range
from bachbridge.music.phrasing.answers.guide import FORBIDDEN_NATS, PITCH_COUNT, PhraseGuide

if TYPE_CHECKING:
    from bachbridge.codecs.chords.codec import ChordCodec

_STEP_BEATS = Fraction(1, STEPS_PER_BEAT)
_PACE_WINDOW = 64
"""Onsets at the end of a phrase from which its pace is taken."""
_FULLER_NATS = 1.5
"""Nats against each note of a chord that is fuller than any of the player's."""


class ChordDecoder:
    """Decoder of an answer (a `base.SymbolDecoder`)."""

    __slots__ = (
        "_beat",
        "_centre_pitch",
        "_codec",
        "_default_units",
        "_default_velocity",
        "_duration_steps",
        "_guide",
        "_last_was_rest",
        "_locked_key",
        "_rest_id",
        "_shift",
        "_size_nats",
        "_sounding_notes",
        "_unit",
    )

    def __init__(self, codec: "ChordCodec", phrase: Phrase, key: Key | None, guide: PhraseGuide | None) -> None:
        self._codec, self._shift, self._locked_key, self._guide = codec, codec.octave_shift(phrase), key, guide
        if guide is not None:
            notes, sizes = codec.note_table.notes, codec.note_table.sizes
            sounding = np.clip(notes - self._shift, 0, PITCH_COUNT - 1)
            self._sounding_notes = np.where(notes < PITCH_COUNT, sounding, notes)
            """The notes of each chord as they sound, `[rank, id]`."""
            self._size_nats = -_FULLER_NATS * np.maximum(sizes - guide.shape.most_notes, 0)
        self._rest_id = codec.exact_id(())
        self._unit = codec.options.unit * codec.time_factor(phrase)
        """Beats of a unit."""
        self._duration_steps = STEPS_PER_BEAT * float(self._unit) * codec.duration_table
        """Steps of each duration, `[id]`."""
        self._beat = Fraction(0)
        """Beat at which the next symbol begins."""
        onsets = transposed(phrase_onsets(phrase)[-_PACE_WINDOW:], self._shift)
        self._centre_pitch = fmean(onsets[-1].pitches) if onsets else 60.0
        """Mean pitch of the last chord."""
        self._default_velocity = round(fmean(note.velocity for note in phrase.notes)) if phrase.notes else 80
        self._default_units = codec.pace if codec.durations else _usual_units(codec, onsets)
        last = codec.encode(onsets[-1:], Fraction(phrase.steps, STEPS_PER_BEAT))[-1:]
        self._last_was_rest = bool(last) and codec.chords[last[0][0] - 1] == REST

    @property
    def step(self) -> int:
        return round_to_units(self._beat, _STEP_BEATS)

    def allowed_ids(self, chosen: Symbol) -> Bools:
        allowed = np.ones(self._codec.vocab_sizes[len(chosen)], np.bool_)
        allowed[0] = False
        rest = self._rest_id
        is_level_field = self._codec.options.levels and len(chosen) == len(self._codec.vocab_sizes) - 1
        if not chosen:
            if self._locked_key:
                allowed &= self._codec.key_mask(self._locked_key)
            if self._last_was_rest:
                allowed[rest] = False
        elif chosen[0] == rest and is_level_field:
            allowed[2:] = False
        return allowed

    def wish_nats(self, chosen: Symbol) -> Floats | None:
        if self._guide is None:
            return None
        if not chosen:
            return self._chord_nats(self._guide)
        if len(chosen) == 1 and self._codec.durations:
            return self._duration_nats(self._guide)
        return None

    def _chord_nats(self, guide: PhraseGuide) -> Floats:
        """Return the nats for each chord that begins now."""
        step = self.step
        nats = np.append(guide.pitch_nats(step), np.float32(0))[self._sounding_notes].sum(axis=0)
        nats += guide.crowd_nats * self._codec.note_table.sizes
        nats += self._size_nats
        if guide.is_final(step):
            nats[self._codec.note_table.bass_pitch_classes != guide.shape.final_chord[0]] += FORBIDDEN_NATS
        nats[self._rest_id] = guide.crowd_nats - guide.onset_nats(step)
        return nats

    def _duration_nats(self, guide: PhraseGuide) -> Floats:
        """Return the nats for each duration by the step on which the next symbol would begin."""
        ends = (STEPS_PER_BEAT * float(self._beat) + 0.5 + self._duration_steps).astype(np.int32)
        return guide.next_onset_nats(self.step, ends)

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        chord = self._codec.chords[symbol[0] - 1]
        velocity = self._codec.level_to_velocity(symbol[-1]) if self._codec.options.levels else self._default_velocity
        start = self.step
        self._beat = self._next_beat(symbol)
        self._last_was_rest = chord == REST
        if self._last_was_rest:
            return ()
        pitches = chord.pitches_near(self._centre_pitch)
        self._centre_pitch = fmean(pitches)
        length = max(1, self.step - start)
        notes = tuple(
            Note(start, length, fold_into_range(pitch - self._shift, 0, 127), velocity, min(rank, len(VOICES) - 1))
            for rank, pitch in enumerate(reversed(pitches))
        )
        if self._guide is not None:
            self._guide.add_onset(tuple(sorted(note.pitch for note in notes)))
        return notes

    def _next_beat(self, symbol: Symbol) -> Fraction:
        """Return the beat at which the symbol after this one begins."""
        predicted = self._codec.durations[symbol[1] - 1] if self._codec.durations else self._default_units
        beat = self._beat + predicted * self._unit
        if self._guide is None:
            return beat
        shape, step = self._guide.shape, self.step
        if step >= shape.final_step:
            return max(beat, Fraction(shape.steps, STEPS_PER_BEAT))
        if not self._codec.durations:
            beat = Fraction(shape.pattern.next_onset(step), STEPS_PER_BEAT)
        return min(beat, Fraction(shape.final_step, STEPS_PER_BEAT))


def _usual_units(codec: "ChordCodec", onsets: Sequence[OnsetGroup]) -> int:
    """Return the commonest time between two of the onsets, in units; the training music's if there is none."""
    options = codec.options
    timed = list(timed_chords(onsets, unit=options.unit, max_units=options.max_units, rests=False))
    counted = Counter(units for _, units, _ in timed[:-1])
    return max(sorted(counted), key=lambda units: counted[units]) if counted else codec.pace
