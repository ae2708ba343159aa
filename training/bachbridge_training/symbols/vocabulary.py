"""From music to symbols: a codec's vocabulary, its alphabet as the network knows it, and pieces as passages.

Training music is transposed by up to a recipe's `shifts` semitones, before it is encoded: a chord that only a
transposition has is in the vocabulary like any other. Keys stay between the lowest and the highest of the training
music; a text of ABC stays as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bachbridge.codecs import keys88
from bachbridge.codecs.abc import codec as abc_codec
from bachbridge.codecs.base import Codec, Symbol
from bachbridge.codecs.chords import codec as chords_codec
from bachbridge.codecs.chords.onsets import Strike, beats, strikes, strikes_of, transposed
from bachbridge.codecs.chords.options import options
from bachbridge.music.notes import Phrase
from bachbridge_training.datasets.parsed_piece import Manuscript
from bachbridge_training.datasets.symbol_sources import Source
from bachbridge_training.recipe import StreamRecipe
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import Ints, Passage

_CLASSES, _MOST = 12, 4


def vocabulary(recipe: StreamRecipe, training: Sequence[Source]) -> dict[str, Any]:
    """What the card says of the symbols: made from the training pieces in all their transpositions."""
    match recipe.codec:
        case "chords":
            moves = range(-recipe.shifts, recipe.shifts + 1)
            struck = [_strikes(source) for source in training]
            return chords_codec.vocabulary(
                (transposed(its, by) for its in struck for by in moves), options(recipe.options)
            )
        case "keys88":
            return keys88.vocabulary(_phrase(source) for source in training)
        case _:
            return abc_codec.vocabulary(_text(source) for source in training)


def alphabet(codec: Codec) -> Alphabet:
    """The codec's fields, and of which keys its symbols are made."""
    match codec:
        case chords_codec.Chords():
            return _spelled(codec)
        case keys88.Keys88():
            keys = len(keys88.KEYS)
            line = np.arange(codec.sizes[0]) - 1
            return Alphabet(codec.sizes, np.eye(codec.sizes[0])[:, 1:], np.where(line < keys, line, -1), keys)
        case _:
            return Alphabet(codec.sizes)


def _spelled(codec: chords_codec.Chords) -> Alphabet:
    """Of a chord in full its pitches, of one by normal order its classes; of both how many notes it has (up to 4).

    Intervals are counted from a chord's highest pitch.
    """
    exact = [note for chord in codec.chords if not chord.classes for note in chord.notes]
    low, count = min(exact, default=0), max(exact, default=0) - min(exact, default=0) + 1
    rows = np.zeros((codec.sizes[0], count + _CLASSES + _MOST + 1), np.float32)
    line = np.full(codec.sizes[0], -1)
    for number, chord in enumerate(codec.chords, 1):
        rows[number, [note + count if chord.classes else note - low for note in chord.notes]] = 1
        rows[number, count + _CLASSES + min(len(chord.notes), _MOST)] = 1
        if chord.notes and not chord.classes:
            line[number] = chord.notes[-1] - low
    return Alphabet(codec.sizes, rows, line, count)


def passages(codec: Codec, sources: Iterable[Source], shifts: int = 0) -> list[Passage]:
    """The pieces as symbols, with their transpositions by up to `shifts` semitones that the codec can spell."""
    return [_passage(codec, source, shifts) for source in sources]


def _passage(codec: Codec, source: Source, shifts: int) -> Passage:
    match codec:
        case chords_codec.Chords():
            struck = _strikes(source)
            moved = {by: transposed(struck, by) for by in (0, *range(-shifts, 0), *range(1, shifts + 1))}
            unknown = sum(not codec.known(strike.pitches) for strike in struck)
            return Passage(source.name, {by: _array(codec.encode(its)) for by, its in moved.items()}, unknown=unknown)
        case keys88.Keys88():
            phrase = _phrase(source)
            pitches = [note.pitch for note in phrase.notes]
            low, high = codec.lowest - min(pitches), codec.highest - max(pitches)
            moves = [0, *(by for by in range(-shifts, shifts + 1) if by and low <= by <= high)]
            shifted = {by: _array(codec.read(_moved(phrase, by))) for by in moves}
            close = frozenset(note.pitch % 12 for note in phrase.notes if note.end == phrase.steps)
            return Passage(source.name, shifted, phrase.steps, close=close)
        case abc_codec.Abc():
            text = _text(source)
            symbols = codec.symbols(text)
            return Passage(source.name, {0: _array(symbols)}, unknown=len(text) + 1 - len(symbols))
        case _:
            raise TypeError(f"{type(codec).__name__} is not known here")


def _strikes(source: Source) -> list[Strike]:
    """In the file's own time; of a phrase, on the grid."""
    music = source.music
    if isinstance(music, Phrase):
        return strikes_of(music)
    assert isinstance(music, Manuscript)
    return strikes(beats(music.notes, music.time.ticks_per_beat))


def _phrase(source: Source) -> Phrase:
    assert isinstance(source.music, Phrase)
    return source.music


def _text(source: Source) -> str:
    assert isinstance(source.music, str)
    return source.music


def _moved(phrase: Phrase, by: int) -> Phrase:
    return replace(phrase, notes=tuple(replace(note, pitch=note.pitch + by) for note in phrase.notes))


def _array(symbols: Iterable[Symbol]) -> Ints:
    return np.array(list(symbols), np.int32)
