"""Codec of music as text with a character for each key (see `text`).

A phrase is read in the octave and at the pace of the music that the network knows: where the player has an onset every
whole note, as music that is four times as quick. Its answer is moved back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Any

from bachbridge.codecs.base import Symbol, SymbolCounts, SymbolDecoder
from bachbridge.codecs.keys88.decoder import Keys88Decoder
from bachbridge.codecs.keys88.text import (
    HIGHEST_PITCH,
    KEY_CHARACTERS,
    LOWEST_PITCH,
    STEP_END,
    VOCAB_SIZE,
    phrase_to_text,
    text_to_phrase,
    text_to_symbols,
)
from bachbridge.errors import ModelError
from bachbridge.music.notes import Key, Phrase, best_octave_shift, fold_into_range
from bachbridge.music.phrasing.answers.guide import PhraseGuide
from bachbridge.music.phrasing.answers.onset_pattern import phrase_onset_pattern

_TIME_FACTORS = ((12.0, Fraction(4)), (6.0, Fraction(2)), (1.5, Fraction(1)))
"""Mean steps from one onset to the next from which a phrase is read as quicker music, and by which factor."""
_SELDOM = 10
"""One in so many steps may have more keys down than are counted as usual."""


def build_vocabulary(phrases: Iterable[Phrase]) -> dict[str, Any]:
    """Return a card's vocabulary of the text that a network is trained on.

    It holds the lowest and highest key, the most keys at one time, the most steps for which a key was held, and the
    most silent steps in a row.
    """
    return vocabulary_from_counts(count_symbols(phrases))


def count_symbols(phrases: Iterable[Phrase]) -> SymbolCounts:
    """Count the keys, the numbers of keys at one time, the steps for which keys are held, and the silent runs."""
    pitches, most, longest, silence = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for phrase in phrases:
        text = phrase_to_text(phrase)
        lines = text.split(STEP_END)[:-1]
        pitches.update(fold_into_range(note.pitch, LOWEST_PITCH, HIGHEST_PITCH) for note in phrase.notes)
        most.update(len(set(line)) for line in lines)
        longest.update(note.length for note in text_to_phrase(text).notes)
        silence.update(len([*run]) for sounding, run in groupby(lines, key=bool) if not sounding)
    return {"pitches": pitches, "most": most, "longest": longest, "silence": silence}


def vocabulary_from_counts(counts: SymbolCounts) -> dict[str, Any]:
    """Return a card's vocabulary of music that was counted by `count_symbols`."""
    pitches = {60, *counts["pitches"]}
    lowest, highest = min(pitches), max(pitches)
    return {
        "keys": KEY_CHARACTERS,
        "lowest": min(lowest, highest - 11),
        "highest": highest,
        "most": max({1, *counts["most"]}),
        "longest": max({1, *counts["longest"]}),
        "silence": max({0, *counts["silence"]}),
    }


@dataclass(frozen=True, slots=True)
class Keys88Codec:
    """Codec of a network that knows keys from `lowest` to `highest`, at most `most` of them at one time.

    In an answer a key that was held for `longest` steps (0: no limit) is released or struck again, and after `silence`
    silent steps (None: no limit) some key is struck, because a network that has never seen longer ones does not know
    how to leave them. A phrase is read in the octave in which most of it lies between `lowest` and `highest`, and its
    answer is moved back. The text has no musical key: where one is locked, the phrase is read as it is, and only keys
    of its scale are written.
    """

    lowest: int = LOWEST_PITCH
    highest: int = HIGHEST_PITCH
    most: int = 10
    longest: int = 0
    silence: int | None = None

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        return (VOCAB_SIZE,)

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        del key
        return text_to_symbols(phrase_to_text(self.read_phrase(phrase)))

    def encode_piece(self, phrase: Phrase) -> list[Symbol]:
        """Return the symbols of a phrase at its own pace: of music to learn from."""
        return text_to_symbols(phrase_to_text(self._transposed(phrase, self.octave_shift(phrase))))

    def decoder(self, phrase: Phrase, key: Key | None = None, guide: PhraseGuide | None = None) -> SymbolDecoder:
        return Keys88Decoder(self, phrase, key, guide)

    def read_phrase(self, phrase: Phrase) -> Phrase:
        """Return the phrase as the network reads it: in its range and at its pace."""
        moved = self._transposed(phrase, self.octave_shift(phrase))
        return at_pace(moved, self.time_factor(phrase))

    def time_factor(self, phrase: Phrase) -> Fraction:
        """Return how much slower the phrase is than music that the network knows: 1/2, 1, 2 or 4.

        A phrase is read as music that is quicker by this factor; chorales have an onset every two to six steps.
        """
        pattern = phrase_onset_pattern(phrase)
        gap = pattern.mean_gap if pattern else 4.0
        return next((factor for least, factor in _TIME_FACTORS if gap >= least), Fraction(1, 2))

    def keys_down_at_once(self, phrase: Phrase) -> int:
        """Return the most keys that are often down together in a phrase, at least one; the codec's if it is empty."""
        counts = [len(set(line)) for line in phrase_to_text(phrase).split(STEP_END)[:-1]]
        often = sorted(filter(None, counts), reverse=True)
        return min(self.most, often[len(often) // _SELDOM]) if often else self.most

    def octave_shift(self, phrase: Phrase) -> int:
        """Return the semitones by which the phrase is moved to be read."""
        return best_octave_shift(
            lambda shift: sum(self.lowest <= note.pitch + shift <= self.highest for note in phrase.notes)
        )

    def _transposed(self, phrase: Phrase, semitones: int) -> Phrase:
        notes = (
            replace(note, pitch=fold_into_range(note.pitch + semitones, self.lowest, self.highest))
            for note in phrase.notes
        )
        return replace(phrase, notes=tuple(notes))


def at_pace(phrase: Phrase, factor: Fraction) -> Phrase:
    """Return the phrase quicker by `factor`, each note at least a step long."""
    if factor == 1:
        return phrase

    def moved(step: int) -> int:
        return int(step / factor + Fraction(1, 2))

    notes = (
        replace(note, start=moved(note.start), length=max(1, moved(note.end) - moved(note.start)))
        for note in phrase.notes
    )
    return replace(phrase, notes=tuple(notes), steps=max(1, moved(phrase.steps)))


def codec_from_vocabulary(vocabulary: Mapping[str, Any]) -> Keys88Codec:
    """Return the codec of a card's vocabulary; raise `ModelError` if its characters are not ours."""
    if vocabulary.get("keys") != KEY_CHARACTERS:
        raise ModelError("this model uses other characters for the piano's keys: update BachBridge.")
    known = {name: vocabulary[name] for name in ("longest", "silence") if name in vocabulary}
    return Keys88Codec(vocabulary["lowest"], vocabulary["highest"], vocabulary["most"], **known)
