"""Tunes as text in ABC notation, one field: the character.

A network learns whole tunes, from the first character of the header to the blank line that ends a tune, and begins
each from nothing (id 0). It draws under the mask of the grammar (`grammar`), so its output is ABC whose bars add up.
Besides the characters, the vocabulary holds the keys of the training's tunes and the unit length for each meter,
because a network writes best what it has read.

In live play a phrase becomes the beginning of a tune (`prompt`), and `answer_decoder` writes the answer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from bachbridge.codecs.abc import grammar as abc_grammar
from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.answer_decoder import AbcDecoder
from bachbridge.codecs.abc.prompt import AbcPrompt, make_prompt
from bachbridge.codecs.abc.reader import split_header
from bachbridge.codecs.abc.shortest_end import closing_characters
from bachbridge.codecs.base import Symbol, SymbolCounts
from bachbridge.errors import TuneError
from bachbridge.music.frames import Bools
from bachbridge.music.notes import Key, Phrase
from bachbridge.music.phrasing.answers.guide import PhraseGuide

REQUIRED_CHARACTERS = "".join(
    sorted(
        {
            *"ABCDEFGabcdefgz',^_=|:[]()-<> \n\"XTMLK0123456789/",
            *"".join((*abc_tokens.KEY_NAMES, *abc_tokens.CHORD_SYMBOLS)),
        }
    )
)
"""Characters that the grammar may need; every vocabulary holds them, so that the mask always allows one."""
_MIN_KEY_SHARE = 0.02
"""Share of the tunes that must be in a key for the network to know that key."""


def build_vocabulary(texts: Iterable[str]) -> dict[str, Any]:
    """Return a card's vocabulary of tunes: their characters, their keys and their unit lengths."""
    return vocabulary_from_counts(count_symbols(texts))


def count_symbols(texts: Iterable[str]) -> SymbolCounts:
    """Count the characters, the tunes, their keys, and their unit lengths together with their meters."""
    counts: SymbolCounts = {"characters": Counter(), "tunes": Counter(), "keys": Counter(), "units": Counter()}
    for text in texts:
        counts["characters"].update(text)
        counts["tunes"]["all"] += 1
        try:
            header = split_header(normal_form.header_lines(text))[0]
        except TuneError:
            continue
        counts["keys"][header.key] += 1
        counts["units"][header.meter_word, header.unit_word] += 1
    return counts


def vocabulary_from_counts(counts: SymbolCounts) -> dict[str, Any]:
    """Return a card's vocabulary of tunes that were counted by `count_symbols`."""
    fewest = _MIN_KEY_SHARE * counts["tunes"]["all"]
    return {
        "characters": "".join(sorted({*REQUIRED_CHARACTERS, *counts["characters"]})),
        "keys": [key for key, tunes in counts["keys"].most_common() if tunes >= fewest],
        "units": {meter: unit for (meter, unit), _ in reversed(counts["units"].most_common())},
    }


def codec_from_vocabulary(vocabulary: Mapping[str, Any]) -> "AbcCodec":
    """Return the codec of a card's vocabulary."""
    return AbcCodec(
        str(vocabulary["characters"]),
        tuple(str(key) for key in vocabulary["keys"]),
        {str(meter): str(unit) for meter, unit in vocabulary["units"].items()},
    )


@dataclass(frozen=True, slots=True)
class AbcCodec:
    """Symbol codec of ABC text: a character's id is its place in `characters`, counted from 1."""

    characters: str
    keys: tuple[str, ...]
    units: Mapping[str, str] = field(hash=False)
    """Unit lengths by meter, both as they are written."""

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        return (len(self.characters) + 1,)

    def character_id(self, char: str) -> int:
        """Return the id of a character of the vocabulary."""
        return self.characters.index(char) + 1

    @property
    def letter_ids(self) -> tuple[tuple[str, int], ...]:
        """The letters of notes with their ids."""
        return _letter_ids(self.characters)

    @property
    def digit_ids(self) -> tuple[int, ...]:
        """The ids of the digits that make a note longer than the unit."""
        return _digit_ids(self.characters)

    def encode_text(self, text: str, *, end: bool = True) -> list[Symbol]:
        """Return the symbols of a tune's text and of the blank line that ends it; unknown characters are left out."""
        known = {char: number for number, char in enumerate(self.characters, 1)}
        return [(known[char],) for char in text + ("\n" if end else "") if char in known]

    def decode_text(self, symbols: Iterable[Symbol]) -> str:
        """Return the text of symbols; the inverse of `encode_text`."""
        return "".join(self.characters[number - 1] for (number,) in symbols if number)

    def character_mask(self, characters: Iterable[str]) -> Bools:
        """Return the mask of the ids of some characters, `[id]`."""
        return _character_mask(self.characters, frozenset(characters))

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        """Return the symbols of the phrase as the beginning of a tune, in `key` if it is locked."""
        return self.encode_text(self.make_prompt(phrase, key).text, end=False)

    def decoder(self, phrase: Phrase, key: Key | None = None, guide: PhraseGuide | None = None) -> AbcDecoder:
        """Return a decoder for the answer to a phrase, in the key of the tune's header."""
        return AbcDecoder(self, self.make_prompt(phrase, key), guide)

    def tune_writer(self, beginning: str = "", *, max_characters: int = 1200) -> "TuneWriter":
        """Return a writer of a whole tune, from a beginning such as the three lines of its header."""
        return TuneWriter(self, beginning, max_characters)

    def make_prompt(self, phrase: Phrase, key: Key | None = None) -> AbcPrompt:
        """Return the phrase as the beginning of a tune, in `key` if it is locked."""
        return make_prompt(phrase, self.keys, self.units, key)


@lru_cache(maxsize=4096)
def _character_mask(characters: str, allowed: frozenset[str]) -> Bools:
    mask = np.array([False, *(char in allowed for char in characters)])
    mask.setflags(write=False)
    return mask


@lru_cache(maxsize=16)
def _letter_ids(characters: str) -> tuple[tuple[str, int], ...]:
    return tuple((letter, characters.index(letter) + 1) for letter in abc_grammar.NOTE_LETTERS)


@lru_cache(maxsize=16)
def _digit_ids(characters: str) -> tuple[int, ...]:
    return tuple(characters.index(digit) + 1 for digit in "23456789")


class TuneWriter:
    """Writer of a whole tune, character by character; from `max_characters` on it leads to the end."""

    __slots__ = ("_codec", "_max_characters", "_state", "text")

    def __init__(self, codec: AbcCodec, beginning: str, max_characters: int) -> None:
        state = abc_grammar.state_after(beginning)
        if state is None:
            raise TuneError(f"no tune begins with {beginning!r}: give the lines M:, L: and K: in this order.")
        self._codec, self._max_characters, self._state = codec, max_characters, state
        self.text = beginning

    @property
    def is_finished(self) -> bool:
        """True if the tune has ended and nothing is allowed any more."""
        return self._state.is_finished

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Return which characters may come next, `[id]`; none only when the tune has ended."""
        del chosen  # there is one field: nothing is chosen before
        is_long = len(self.text) >= self._max_characters
        chars = closing_characters(self._state) if is_long else self._state.allowed_characters()
        return self._codec.character_mask(chars)

    def wish_nats(self, chosen: Symbol) -> None:
        """Return None: a tune from nothing has no guide."""

    def add_symbol(self, symbol: Symbol) -> None:
        """Add a character."""
        char = self._codec.decode_text([symbol])
        after = self._state.after(char)
        assert after is not None, (self._state, char)
        self._state = after
        self.text += char
