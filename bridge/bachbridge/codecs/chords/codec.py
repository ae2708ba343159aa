"""Notes and chords as symbols, after Play Bach (P. Boudalier, "Playing Bach with deep learning", 2021).

A symbol is what is struck at one onset, in its first field a chord's id. With `durations` the second field is the time
until the next symbol, in units, and with `levels` the last one is how loud it is. What is off costs nothing to predict
and is taken from the player: the time between symbols is then the commonest at the end of the phrase, the loudness the
phrase's mean. Nor do symbols tell a key: where one is locked, only chords of its scale are written. With `rests`, a
silence between two strikes is a symbol of its own, otherwise a strike sounds until the next one.

The vocabulary holds the chords of the training music, the commonest first. A chord that it does not hold is read as
the nearest that it does: where the distances (see `Chord.distance`) of each note to the other chord's notes, summed,
are smallest; of equals, the commonest. A phrase is read in the octave in which most of its chords are known, and its
answer is moved back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import fmean
from typing import Any

import numpy as np

from bachbridge.codecs.base import Symbol, SymbolDecoder
from bachbridge.codecs.chords import names as chord_names
from bachbridge.codecs.chords.names import REST, Chord
from bachbridge.codecs.chords.onsets import OnsetGroup, phrase_onsets, round_to_units, timed_chords, transposed
from bachbridge.codecs.chords.options import VELOCITY_COUNT, ChordOptions, parse_options
from bachbridge.errors import ConfigError
from bachbridge.music.frames import Bools
from bachbridge.music.notes import (
    STEPS_PER_BEAT,
    VOICES,
    Key,
    Note,
    Phrase,
    best_octave_shift,
    fold_into_range,
    scale_pitch_classes,
)

_STEP_BEATS = Fraction(1, STEPS_PER_BEAT)
_PACE_WINDOW = 64
"""Of how many strikes at the end of a phrase its pace is taken."""


def symbol_names(onsets: Sequence[OnsetGroup], options: ChordOptions) -> list[str]:
    """The chords' names in order, rests among them where the options have them."""
    return [options.make_chord(pitches).name for pitches, _, _ in options.timed_chords(onsets)]


def build_vocabulary(sequences: Iterable[Sequence[OnsetGroup]], options: ChordOptions) -> dict[str, Any]:
    """A card's vocabulary: the options, and what occurs in the training music; raises `ConfigError`."""
    events = [event for strikes in sequences for event in options.timed_chords(strikes)]
    if not events:
        raise ConfigError("there are no notes to learn chords from: give music with notes.")
    # Of chords that are equally common, the order is that of their names, so that a vocabulary is the same each time.
    counted = Counter(options.make_chord(pitches).name for pitches, _, _ in events)
    if options.rests:
        counted.setdefault(REST.name, 0)
    durations = Counter(units for _, units, _ in events)
    return {
        "names": options.names,
        "rests": options.rests,
        "durations": sorted(durations) if options.durations else [],
        "unit": str(options.unit),
        "longest": str(options.longest),
        "levels": options.levels,
        "pace": max(sorted(durations), key=lambda units: durations[units]),
        "chords": sorted(counted, key=lambda name: (-counted[name], name)),
    }


def codec_from_vocabulary(vocabulary: Mapping[str, Any]) -> "ChordCodec":
    """The codec of a card's vocabulary."""
    found = tuple(chord_names.parse_chord_name(name) for name in vocabulary["chords"])
    durations = tuple(int(units) for units in vocabulary["durations"])
    return ChordCodec(parse_options(vocabulary), found, durations, int(vocabulary["pace"]))


@dataclass(frozen=True, slots=True)
class ChordCodec:
    """A vocabulary at work. The id of a chord or of a duration is its place here, counted from 1."""

    options: ChordOptions
    chords: tuple[Chord, ...]
    durations: tuple[int, ...]
    """In units, rising; empty: not predicted."""
    pace: int
    """The commonest duration in the training music."""
    _id_by_chord: dict[Chord, int] = field(default_factory=dict[Chord, int], compare=False, repr=False)
    _nearest_ids: dict[Chord, int] = field(default_factory=dict[Chord, int], compare=False, repr=False)
    _key_masks: dict[Key, Bools] = field(default_factory=dict[Key, Bools], compare=False, repr=False)

    def __post_init__(self) -> None:
        self._id_by_chord.update({chord: number for number, chord in enumerate(self.chords, 1)})

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        fields = (len(self.durations),) * bool(self.durations) + (self.options.levels,) * bool(self.options.levels)
        return tuple(count + 1 for count in (len(self.chords), *fields))

    def exact_id(self, pitches: Sequence[int]) -> int:
        """The id of the chord of these pitches (none: a rest); 0 where the vocabulary does not hold it."""
        return self._id_by_chord.get(self.options.make_chord(pitches), 0)

    def nearest_id(self, pitches: Sequence[int]) -> int:
        """The id of the chord of these pitches, or of the nearest one."""
        chord = self.options.make_chord(pitches)
        if chord in self._id_by_chord:
            return self._id_by_chord[chord]
        if chord not in self._nearest_ids:
            self._nearest_ids[chord] = self._id_by_chord[self._nearest_chord(chord, pitches)]
        return self._nearest_ids[chord]

    def _nearest_chord(self, chord: Chord, pitches: Sequence[int]) -> Chord:
        sounding = [other for other in self.chords if other.notes]
        alike = [other for other in sounding if other.is_normal_order == chord.is_normal_order]
        if not alike:  # Nothing but single notes, or nothing but chords by normal order, is known.
            alike, chord = sounding, Chord(chord_names.normal_order(pitches), is_normal_order=True)
        return min(alike, key=chord.distance)

    def encode(self, onsets: Sequence[OnsetGroup], end: Fraction | None = None) -> list[Symbol]:
        """The symbols of strikes as they are; the last one lasts until the beat `end`, or until its own."""
        return [self._encode_chord(*event) for event in self.options.timed_chords(onsets, end)]

    def _encode_chord(self, pitches: tuple[int, ...], units: int, velocity: int) -> Symbol:
        symbol = [self.nearest_id(pitches)]
        if self.durations:
            symbol.append(1 + min(range(len(self.durations)), key=lambda at: abs(self.durations[at] - units)))
        if self.options.levels:
            symbol.append(self.velocity_to_level(velocity) if pitches else 1)
        return tuple(symbol)

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        del key
        struck = phrase_onsets(phrase)
        return self.encode(
            transposed(struck, self._onsets_octave_shift(struck)), Fraction(phrase.steps, STEPS_PER_BEAT)
        )

    def decoder(self, phrase: Phrase, key: Key | None = None) -> SymbolDecoder:
        return _ChordDecoder(self, phrase, key)

    def key_mask(self, key: Key) -> Bools:
        """Which chords belong to a key, and the rest: `[id]`; all of them where no chord does."""
        if key not in self._key_masks:
            mine = np.array(
                [False, *({note % 12 for note in chord.notes} <= scale_pitch_classes(key) for chord in self.chords)]
            )
            sounding = mine.copy()
            sounding[self.exact_id(())] = False
            self._key_masks[key] = mine if sounding.any() else np.ones_like(mine)
        return self._key_masks[key]

    def octave_shift(self, phrase: Phrase) -> int:
        """By how many semitones the phrase is moved to be read; if no octave knows more chords, then more notes."""
        return self._onsets_octave_shift(phrase_onsets(phrase))

    def _onsets_octave_shift(self, onsets: Sequence[OnsetGroup]) -> int:
        struck = Counter(strike.pitches for strike in onsets)
        exact = {note for chord in self.chords if not chord.is_normal_order for note in chord.notes}
        above = 1 + sum(len(strike.pitches) for strike in onsets)

        def fitting(by: int) -> int:
            fits = 0
            for pitches, times in struck.items():
                moved = [pitch + by for pitch in pitches]
                fits += times * (above * (self.exact_id(moved) > 0) + sum(pitch in exact for pitch in moved))
            return fits

        return best_octave_shift(fitting)

    def velocity_to_level(self, velocity: int) -> int:
        """The id of a velocity: 1 the softest."""
        return 1 + (min(max(velocity, 1), VELOCITY_COUNT) - 1) * self.options.levels // VELOCITY_COUNT

    def level_to_velocity(self, level: int) -> int:
        """The velocity in the middle of a level."""
        first, after = (-(-each * VELOCITY_COUNT // self.options.levels) for each in (level - 1, level))
        return 1 + (first + after - 1) // 2


class _ChordDecoder:
    """Keeps exact time and rounds it as it writes a note.

    A rest does not follow a rest, and is as soft as can be. A note's voice is its rank in its chord from the top, the
    bass taking all from the fourth on: they sound together on its channel.
    """

    __slots__ = (
        "_beat",
        "_centre_pitch",
        "_codec",
        "_default_units",
        "_default_velocity",
        "_last_was_rest",
        "_locked_key",
        "_shift",
    )

    def __init__(self, codec: ChordCodec, phrase: Phrase, key: Key | None) -> None:
        self._codec, self._shift, self._locked_key = codec, codec.octave_shift(phrase), key
        self._beat = Fraction(0)
        """The beat at which the next symbol begins."""
        struck = transposed(phrase_onsets(phrase)[-_PACE_WINDOW:], self._shift)
        self._centre_pitch = fmean(struck[-1].pitches) if struck else 60.0
        """Of the pitches that were struck last."""
        self._default_velocity = round(fmean(note.velocity for note in phrase.notes)) if phrase.notes else 80
        self._default_units = codec.pace if codec.durations else _usual_units(codec, struck)
        last = codec.encode(struck[-1:], Fraction(phrase.steps, STEPS_PER_BEAT))[-1:]
        self._last_was_rest = bool(last) and codec.chords[last[0][0] - 1] == REST

    @property
    def step(self) -> int:
        return round_to_units(self._beat, _STEP_BEATS)

    def allowed_ids(self, chosen: Symbol) -> Bools:
        may = np.ones(self._codec.vocab_sizes[len(chosen)], np.bool_)
        may[0] = False
        if not chosen and self._locked_key:
            may &= self._codec.key_mask(self._locked_key)
        rest = self._codec.exact_id(())
        if not chosen and self._last_was_rest:
            may[rest] = False
        elif (
            chosen
            and chosen[0] == rest
            and len(chosen) == len(self._codec.vocab_sizes) - 1
            and self._codec.options.levels
        ):
            may[2:] = False
        return may

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        chord = self._codec.chords[symbol[0] - 1]
        units = self._codec.durations[symbol[1] - 1] if self._codec.durations else self._default_units
        velocity = self._codec.level_to_velocity(symbol[-1]) if self._codec.options.levels else self._default_velocity
        start = self.step
        self._beat += units * self._codec.options.unit
        self._last_was_rest = chord == REST
        if self._last_was_rest:
            return ()
        pitches = chord.pitches_near(self._centre_pitch)
        self._centre_pitch = fmean(pitches)
        length = max(1, self.step - start)
        return tuple(
            Note(start, length, fold_into_range(pitch - self._shift, 0, 127), velocity, min(rank, len(VOICES) - 1))
            for rank, pitch in enumerate(reversed(pitches))
        )


def _usual_units(codec: ChordCodec, onsets: Sequence[OnsetGroup]) -> int:
    """The commonest time between two of the strikes, in units; the training music's if there is none."""
    options = codec.options
    gaps = [units for _, units, _ in timed_chords(onsets, unit=options.unit, max_units=options.max_units, rests=False)][
        :-1
    ]
    counted = Counter(gaps)
    return max(sorted(counted), key=lambda units: counted[units]) if counted else codec.pace
