"""Notes and chords as symbols, after Play Bach (P. Boudalier, "Playing Bach with deep learning", 2021).

A symbol holds the notes of one onset; its first field is a chord's id. With `durations` the second field is the time
until the next symbol, in units, and with `levels` the last field is the loudness. An option that is off costs nothing
to predict, and its value is taken from the player: the time between symbols, and the loudness. Symbols have no key:
where one is locked, only chords of its scale are written.
With `rests`, a silence between two onsets is a symbol of its own; otherwise a chord sounds until the next one.

The vocabulary holds the chords of the training music, the commonest first. A chord that it lacks is read as the
nearest one that it holds, with the smallest sum of the distances of each note to the other chord's notes (see
`Chord.distance`); among equals, the commonest. A phrase is read in the octave in which most of its chords are known,
and its answer is moved back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import log2
from statistics import fmean
from typing import Any

import numpy as np

from bachbridge.codecs.base import Symbol, SymbolCounts, SymbolDecoder
from bachbridge.codecs.chords import names as chord_names
from bachbridge.codecs.chords.decoder import ChordDecoder
from bachbridge.codecs.chords.names import REST, Chord
from bachbridge.codecs.chords.onsets import OnsetGroup, phrase_onsets, scaled, transposed
from bachbridge.codecs.chords.options import VELOCITY_COUNT, ChordOptions, parse_options
from bachbridge.errors import ConfigError
from bachbridge.music.frames import Bools, Floats, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, Key, Phrase, best_octave_shift, scale_pitch_classes
from bachbridge.music.phrasing.answers.guide import PITCH_COUNT, PhraseGuide
from bachbridge.music.phrasing.answers.onset_pattern import phrase_onset_pattern

_USUAL_GAP = 1.5
"""Mean time between onsets in the training music, as a multiple of the commonest."""
_MAX_TIME_FACTOR = 16


def symbol_names(onsets: Sequence[OnsetGroup], options: ChordOptions) -> list[str]:
    """Return the chords' names in order, with rests among them where the options have them."""
    return [options.make_chord(pitches).name for pitches, _, _ in options.timed_chords(onsets)]


def build_vocabulary(sequences: Iterable[Sequence[OnsetGroup]], options: ChordOptions) -> dict[str, Any]:
    """Return a card's vocabulary: the options, and what occurs in the training music; raise `ConfigError`."""
    return vocabulary_from_counts(count_symbols(sequences, options), options)


def count_symbols(sequences: Iterable[Sequence[OnsetGroup]], options: ChordOptions) -> SymbolCounts:
    """Count the chords by their names, the durations and the levels of velocity."""
    counts: SymbolCounts = {"chords": Counter(), "durations": Counter(), "levels": Counter()}
    for onsets in sequences:
        for pitches, units, velocity in options.timed_chords(onsets):
            counts["chords"][options.make_chord(pitches).name] += 1
            counts["durations"][units] += 1
            if pitches and options.levels:
                counts["levels"][options.velocity_to_level(velocity)] += 1
    return counts


def vocabulary_from_counts(counts: SymbolCounts, options: ChordOptions) -> dict[str, Any]:
    """Return a card's vocabulary of music that was counted by `count_symbols`; raise `ConfigError` if it is empty."""
    chords, durations, levels = Counter(counts["chords"]), counts["durations"], counts["levels"]
    if not chords:
        raise ConfigError("there are no notes to learn chords from: give music with notes.")
    if options.rests:
        chords.setdefault(REST.name, 0)
    # Equally common chords are in the order of their names, so that a vocabulary is the same each time.
    return {
        "names": options.names,
        "rests": options.rests,
        "durations": sorted(durations) if options.durations else [],
        "unit": str(options.unit),
        "longest": str(options.longest),
        "levels": options.levels,
        # The softest of equally common levels.
        "usual_level": max(sorted(levels), key=lambda level: levels[level]) if options.levels else 0,
        "pace": max(sorted(durations), key=lambda units: durations[units]),
        "chords": sorted(chords, key=lambda name: (-chords[name], name)),
    }


def _mean_velocity(onsets: Sequence[OnsetGroup]) -> int:
    return round(fmean(onset.velocity for onset in onsets))


def codec_from_vocabulary(vocabulary: Mapping[str, Any]) -> "ChordCodec":
    """Return the codec of a card's vocabulary."""
    chords = tuple(chord_names.parse_chord_name(name) for name in vocabulary["chords"])
    durations = tuple(int(units) for units in vocabulary["durations"])
    usual_level = int(vocabulary.get("usual_level", 0))
    return ChordCodec(parse_options(vocabulary), chords, durations, int(vocabulary["pace"]), usual_level)


@dataclass(frozen=True, slots=True)
class NoteTable:
    """The notes of all chords: `notes[rank, id]` (`PITCH_COUNT` for none), `sizes[id]`, `bass_pitch_classes[id]`.

    Chords by normal order lie around middle C. Id 0 and rests have no notes and -1 as their bass.
    """

    notes: Ints
    sizes: Floats
    bass_pitch_classes: Ints


def _note_table(chords: Sequence[Chord]) -> NoteTable:
    pitches = [(), *(chord.pitches_near(60.0) if chord.notes else () for chord in chords)]
    most = max(map(len, pitches))
    notes = np.array([[*each, *(PITCH_COUNT,) * (most - len(each))] for each in pitches], np.int32).T.copy()
    bass = np.array([each[0] % 12 if each else -1 for each in pitches], np.int32)
    return NoteTable(notes, np.array([len(each) for each in pitches], np.float32), bass)


@dataclass(frozen=True, slots=True)
class ChordCodec:
    """Symbol codec of a vocabulary. The id of a chord or of a duration is its place here, counted from 1."""

    options: ChordOptions
    chords: tuple[Chord, ...]
    durations: tuple[int, ...]
    """In units, rising; empty if durations are not predicted."""
    pace: int
    """The commonest duration in the training music, in units."""
    usual_level: int = 0
    """The commonest level in the training music; 0: not known."""
    note_table: NoteTable = field(init=False, compare=False, repr=False)
    duration_table: Floats = field(init=False, compare=False, repr=False)
    """Units of each id of a duration, `[id]`."""
    _id_by_chord: dict[Chord, int] = field(default_factory=dict[Chord, int], compare=False, repr=False)
    _nearest_ids: dict[Chord, int] = field(default_factory=dict[Chord, int], compare=False, repr=False)
    _key_masks: dict[Key, Bools] = field(default_factory=dict[Key, Bools], compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "note_table", _note_table(self.chords))
        object.__setattr__(self, "duration_table", np.array((0, *self.durations), np.float32))
        self._id_by_chord.update({chord: number for number, chord in enumerate(self.chords, 1)})

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        fields = (len(self.durations),) * bool(self.durations) + (self.options.levels,) * bool(self.options.levels)
        return tuple(count + 1 for count in (len(self.chords), *fields))

    def exact_id(self, pitches: Sequence[int]) -> int:
        """Return the id of the chord of these pitches (none: a rest); 0 where the vocabulary does not hold it."""
        return self._id_by_chord.get(self.options.make_chord(pitches), 0)

    def nearest_id(self, pitches: Sequence[int]) -> int:
        """Return the id of the chord of these pitches, or of the nearest one."""
        chord = self.options.make_chord(pitches)
        if chord in self._id_by_chord:
            return self._id_by_chord[chord]
        if chord not in self._nearest_ids:
            self._nearest_ids[chord] = self._id_by_chord[self._nearest_chord(chord, pitches)]
        return self._nearest_ids[chord]

    def _nearest_chord(self, chord: Chord, pitches: Sequence[int]) -> Chord:
        sounding = [other for other in self.chords if other.notes]
        same_naming = [other for other in sounding if other.is_normal_order == chord.is_normal_order]
        if not same_naming:  # The vocabulary holds only single notes, or only chords by normal order.
            same_naming, chord = sounding, Chord(chord_names.normal_order(pitches), is_normal_order=True)
        return min(same_naming, key=chord.distance)

    def encode(self, onsets: Sequence[OnsetGroup], end: Fraction | None = None) -> list[Symbol]:
        """Return the symbols of onsets, not moved; the last one lasts until the beat `end`, or until its own end."""
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
        onsets, factor = phrase_onsets(phrase), self.time_factor(phrase)
        moved = transposed(scaled(onsets, 1 / factor), self._onsets_octave_shift(onsets))
        louder = self._usual_loudness - _mean_velocity(onsets) if self.usual_level and onsets else 0
        return self.encode(
            [replace(onset, velocity=onset.velocity + louder) for onset in moved],
            Fraction(phrase.steps, STEPS_PER_BEAT) / factor,
        )

    @property
    def _usual_loudness(self) -> int:
        return self.level_to_velocity(self.usual_level)

    def time_factor(self, phrase: Phrase) -> Fraction:
        """Return how much slower the phrase is than music that the network knows: 1, 2, 4 …

        A phrase is read as music that is quicker by this factor; without durations in the symbols it is always 1.
        """
        pattern = phrase_onset_pattern(phrase)
        if pattern is None or not self.durations:
            return Fraction(1)
        usual_steps = _USUAL_GAP * STEPS_PER_BEAT * float(self.pace * self.options.unit)
        octaves = round(log2(pattern.mean_gap / usual_steps))
        return Fraction(min(_MAX_TIME_FACTOR, 2 ** max(0, octaves)))

    def decoder(self, phrase: Phrase, key: Key | None = None, guide: PhraseGuide | None = None) -> SymbolDecoder:
        return ChordDecoder(self, phrase, key, guide)

    def key_mask(self, key: Key) -> Bools:
        """Return which chords belong to a key, rests included: `[id]`; all True where no chord does."""
        if key not in self._key_masks:
            scale = scale_pitch_classes(key)
            in_key = np.array([False, *({note % 12 for note in chord.notes} <= scale for chord in self.chords)])
            sounding = in_key.copy()
            sounding[self.exact_id(())] = False
            self._key_masks[key] = in_key if sounding.any() else np.ones_like(in_key)
        return self._key_masks[key]

    def octave_shift(self, phrase: Phrase) -> int:
        """Return the semitones by which the phrase is moved to be read: to where most chords, then notes, are known."""
        return self._onsets_octave_shift(phrase_onsets(phrase))

    def _onsets_octave_shift(self, onsets: Sequence[OnsetGroup]) -> int:
        counts = Counter(onset.pitches for onset in onsets)
        known_pitches = {note for chord in self.chords if not chord.is_normal_order for note in chord.notes}
        chord_weight = 1 + sum(len(onset.pitches) for onset in onsets)  # one chord outweighs all notes

        def count_fitting(shift: int) -> int:
            total = 0
            for pitches, count in counts.items():
                moved = [pitch + shift for pitch in pitches]
                known_notes = sum(pitch in known_pitches for pitch in moved)
                total += count * (chord_weight * (self.exact_id(moved) > 0) + known_notes)
            return total

        return best_octave_shift(count_fitting)

    def velocity_to_level(self, velocity: int) -> int:
        """Return the id of a velocity's level; 1 is the softest."""
        return self.options.velocity_to_level(velocity)

    def level_to_velocity(self, level: int) -> int:
        """Return the velocity in the middle of a level."""
        first, after = (-(-each * VELOCITY_COUNT // self.options.levels) for each in (level - 1, level))
        return 1 + (first + after - 1) // 2
