"""From music to symbols: a codec's vocabulary, its alphabet as the network knows it, and pieces as symbols.

Training music is transposed by up to a recipe's `shifts` semitones before it is encoded, so a chord that occurs only in
a transposition is in the vocabulary like any other. Piano keys stay between the lowest and the highest of the training
music; ABC texts are not transposed.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import Symbol, SymbolCodec, SymbolCounts
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.chords.onsets import OnsetGroup, beat_notes, group_onsets, phrase_onsets, transposed
from bachbridge.codecs.chords.options import parse_options
from bachbridge.codecs.keys88 import codec as keys88_codec
from bachbridge.codecs.keys88 import text as keys88_text
from bachbridge.files.abc import tune as abc_tune
from bachbridge.music.frames import Ints
from bachbridge.music.notes import Phrase
from bachbridge.music.phrasing.answers.guide import PITCH_COUNT
from bachbridge_training.datasets.parsed_piece import ParsedPiece
from bachbridge_training.datasets.symbol_sources import SymbolSource
from bachbridge_training.nets import motions
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import SymbolPiece

_PITCH_CLASSES, _MAX_COUNTED_NOTES = 12, 4
_NOTE_LETTERS = "CDEFGABcdefgab"
"""Letters of notes in ABC, from the lowest one up the scale."""


def build_vocabulary(recipe: SymbolRecipe, training: Iterable[SymbolSource]) -> dict[str, Any]:
    """Return the card's facts about the symbols, made from the training pieces in all their transpositions."""
    return vocabulary_from_counts(recipe, count_symbols(recipe, training))


def count_symbols(recipe: SymbolRecipe, training: Iterable[SymbolSource]) -> SymbolCounts:
    """Count what occurs in some of the training pieces, in all their transpositions; see `codecs.base.add_counts`."""
    return _COUNTS[recipe.codec](recipe, training)


def vocabulary_from_counts(recipe: SymbolRecipe, counts: SymbolCounts) -> dict[str, Any]:
    """Return the card's facts about the symbols of all training pieces, which have been counted."""
    return _VOCABULARIES[recipe.codec](recipe, counts)


def _count_chords(recipe: SymbolRecipe, training: Iterable[SymbolSource]) -> SymbolCounts:
    shifts = range(-recipe.shifts, recipe.shifts + 1)
    pieces = (_source_onsets(source) for source in training)
    shifted = (transposed(onsets, semitones) for onsets in pieces for semitones in shifts)
    return chords_codec.count_symbols(shifted, parse_options(recipe.options))


_COUNTS: dict[str, Callable[[SymbolRecipe, Iterable[SymbolSource]], SymbolCounts]] = {
    "chords": _count_chords,
    "keys88": lambda _, training: keys88_codec.count_symbols(_source_phrase(source) for source in training),
    "abc": lambda _, training: abc_codec.count_symbols(_source_text(source) for source in training),
}
_VOCABULARIES: dict[str, Callable[[SymbolRecipe, SymbolCounts], dict[str, Any]]] = {
    "chords": lambda recipe, counts: chords_codec.vocabulary_from_counts(counts, parse_options(recipe.options)),
    "keys88": lambda _, counts: keys88_codec.vocabulary_from_counts(counts),
    "abc": lambda _, counts: abc_codec.vocabulary_from_counts(counts),
}


def build_alphabet(codec: SymbolCodec) -> Alphabet:
    """Return the codec's fields and the pitches that its symbols consist of."""
    match codec:
        case chords_codec.ChordCodec():
            return _chord_alphabet(codec)
        case keys88_codec.Keys88Codec():
            keys = len(keys88_text.KEY_CHARACTERS)
            line = np.arange(codec.vocab_sizes[0]) - 1
            return Alphabet(
                codec.vocab_sizes, np.eye(codec.vocab_sizes[0])[:, 1:], np.where(line < keys, line, -1), keys
            )
        case abc_codec.AbcCodec():
            steps = {codec.character_id(letter): step for step, letter in enumerate(_NOTE_LETTERS)}
            return Alphabet(codec.vocab_sizes, motion_table=motions.letter_motions(steps, codec.vocab_sizes[0]))
        case _:
            return Alphabet(codec.vocab_sizes)


def _chord_alphabet(codec: chords_codec.ChordCodec) -> Alphabet:
    """Return the alphabet of a chord codec.

    A chord spelled in full has features for its pitches, one in normal order for its pitch classes, and both have one
    for their number of notes (up to 4). Intervals are counted from a chord's highest pitch.
    """
    exact = [note for chord in codec.chords if not chord.is_normal_order for note in chord.notes]
    low, count = min(exact, default=0), max(exact, default=0) - min(exact, default=0) + 1
    rows = np.zeros((codec.vocab_sizes[0], count + _PITCH_CLASSES + _MAX_COUNTED_NOTES + 1), np.float32)
    line = np.full(codec.vocab_sizes[0], -1)
    for number, chord in enumerate(codec.chords, 1):
        rows[number, [note + count if chord.is_normal_order else note - low for note in chord.notes]] = 1
        rows[number, count + _PITCH_CLASSES + min(len(chord.notes), _MAX_COUNTED_NOTES)] = 1
        if chord.notes and not chord.is_normal_order:
            line[number] = chord.notes[-1] - low
    return Alphabet(codec.vocab_sizes, rows, line, count, motions.pitch_motions(line, count))


def encode_pieces(codec: SymbolCodec, sources: Iterable[SymbolSource], shifts: int = 0) -> list[SymbolPiece]:
    """Return the pieces as symbols, with their transpositions by up to `shifts` semitones that the codec can spell."""
    return [_encode_piece(codec, source, shifts) for source in sources]


def _encode_piece(codec: SymbolCodec, source: SymbolSource, shifts: int) -> SymbolPiece:
    match codec:
        case chords_codec.ChordCodec():
            onsets = _source_onsets(source)
            semitones = (0, *range(-shifts, 0), *range(1, shifts + 1))
            unknown = sum(not codec.exact_id(group.pitches) for group in onsets)
            return SymbolPiece(
                source.name,
                {by: _symbol_array(codec.encode(transposed(onsets, by))) for by in semitones},
                unknown_symbols=unknown,
            )
        case keys88_codec.Keys88Codec():
            phrase = _source_phrase(source)
            pitches = [note.pitch for note in phrase.notes]
            low, high = codec.lowest - min(pitches), codec.highest - max(pitches)
            semitones = [0, *(by for by in range(-shifts, shifts + 1) if by and low <= by <= high)]
            shifted = {by: _symbol_array(codec.encode_piece(_transpose_phrase(phrase, by))) for by in semitones}
            final = frozenset(note.pitch % 12 for note in phrase.notes if note.end == phrase.steps)
            return SymbolPiece(source.name, shifted, phrase.steps, final_pitch_classes=final)
        case abc_codec.AbcCodec():
            text = _source_text(source)
            symbols = codec.encode_text(text)
            return SymbolPiece(source.name, {0: _symbol_array(symbols)}, unknown_symbols=len(text) + 1 - len(symbols))
        case _:
            raise TypeError(f"{type(codec).__name__} is not a symbol codec")


def encode_tunes(codec: SymbolCodec, texts: Iterable[str]) -> list[SymbolPiece]:
    """Return ABC tunes as chord symbols, in all transpositions within the range of the codec's single notes."""
    assert isinstance(codec, chords_codec.ChordCodec)
    ids = np.array([codec.exact_id((pitch,)) for pitch in range(PITCH_COUNT)], np.int32)
    tunes = [[note.pitch for note in abc_tune.read_tune(text).notes] for text in texts]
    return [_encode_tune(ids, np.array(pitches, np.int32)) for pitches in tunes if len(pitches) > 1]


def _encode_tune(ids: Ints, pitches: Ints) -> SymbolPiece:
    """Return a tune whose `by_transposition` counts from the lowest one: a cello plays lower than a fiddle."""
    lowest, highest = np.flatnonzero(ids)[[0, -1]]
    places = range(int(lowest - pitches.min()), int(highest - pitches.max()) + 1)
    moved = [ids[pitches + place] for place in places]
    known = [line[:, None] for line in moved if line.all()]
    return SymbolPiece("tune", dict(enumerate(known)), is_tune=True)


def _source_onsets(source: SymbolSource) -> list[OnsetGroup]:
    """Return a source's onsets in the file's own time; those of a phrase on the grid."""
    music = source.music
    if isinstance(music, Phrase):
        return phrase_onsets(music)
    assert isinstance(music, ParsedPiece)
    return group_onsets(beat_notes(music.notes, music.timeline.ticks_per_beat))


def _source_phrase(source: SymbolSource) -> Phrase:
    assert isinstance(source.music, Phrase)
    return source.music


def _source_text(source: SymbolSource) -> str:
    assert isinstance(source.music, str)
    return source.music


def _transpose_phrase(phrase: Phrase, semitones: int) -> Phrase:
    return replace(phrase, notes=tuple(replace(note, pitch=note.pitch + semitones) for note in phrase.notes))


def _symbol_array(symbols: Iterable[Symbol]) -> Ints:
    return np.array(list(symbols), np.int32)
