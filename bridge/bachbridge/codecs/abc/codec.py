"""Tunes as text in ABC notation, one field: the character.

A network learns whole tunes, from the first character of the header to the blank line that ends a tune (`symbols`),
and begins each from nothing (id 0). It draws under the mask of the grammar (`abcgrammar`), so that what comes out is
ABC whose bars add up. Besides the characters, the vocabulary says in which keys and with which unit length for each
meter the training's tunes are written, for a network writes best what it has read.

Live, a phrase becomes the beginning of a tune (`abcopening`), and the answer is moved back to its key. The pen goes
on where the text stopped, in the same bar, one line without repeats, which a player cannot be sent back by: no `:`,
no endings, no end, no change of key. Finer lengths than the grid's are rounded when a note is written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any

import numpy as np

from bachbridge.codecs.abc import grammar as abc_grammar
from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc import spelling as abc_spelling
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.prompt import Opening, opening
from bachbridge.codecs.abc.reader import Reading, Sung, header_of, words_of
from bachbridge.codecs.abc.shortest_end import closing
from bachbridge.codecs.base import Bools, Symbol
from bachbridge.codecs.octave_shift import within
from bachbridge.errors import TuneError
from bachbridge.music.notes import Key, Note, Phrase

NEEDED = "".join(
    sorted({*"ABCDEFGabcdefgz',^_=|:[]()-<> \n\"XTMLK0123456789/", *"".join((*abc_tokens.KEYS, *abc_tokens.CHORDS))})
)
"""The characters that the grammar may lead to: every vocabulary holds them, so that the mask never leaves nothing."""
_KNOWN_KEY = 0.02
"""The share of the tunes that must be in a key for it to be one that the network knows."""
_CHANGING = "<>-"
"""What changes the note before it."""
_UNHEARD = frozenset(":[]K")
"""What the pen does not write."""


def vocabulary(texts: Iterable[str]) -> dict[str, Any]:
    """The vocabulary of tunes, as a card keeps it: of the tunes' characters, their keys, and their unit lengths."""
    characters = set(NEEDED)
    keys: Counter[str] = Counter()
    units: Counter[tuple[str, str]] = Counter()
    count = 0
    for text in texts:
        characters |= set(text)
        count += 1
        try:
            header = header_of(normal_form.header_lines(text))[0]
        except TuneError:
            continue
        keys[header.key] += 1
        units[header.meter_word, header.unit_word] += 1
    known = [key for key, times in keys.most_common() if times >= _KNOWN_KEY * count]
    return {
        "characters": "".join(sorted(characters)),
        "keys": known,
        "units": {meter: unit for (meter, unit), _ in reversed(units.most_common())},
    }


def codec(vocabulary: Mapping[str, Any]) -> "Abc":
    """The codec with a card's vocabulary."""
    return Abc(
        str(vocabulary["characters"]),
        tuple(str(key) for key in vocabulary["keys"]),
        {str(meter): str(unit) for meter, unit in vocabulary["units"].items()},
    )


@dataclass(frozen=True, slots=True)
class Abc:
    """A `symbols.Codec`: a character's id is its place in `characters`, from 1 on."""

    characters: str
    keys: tuple[str, ...]
    units: Mapping[str, str] = field(hash=False)
    """By meter, as it is written."""

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self.characters) + 1,)

    def symbols(self, text: str, *, end: bool = True) -> list[Symbol]:
        """A tune's text as symbols, and after it the blank line that ends it; unknown characters are left out."""
        known = {char: number for number, char in enumerate(self.characters, 1)}
        return [(known[char],) for char in text + ("\n" if end else "") if char in known]

    def text(self, symbols: Iterable[Symbol]) -> str:
        """The inverse of `symbols`."""
        return "".join(self.characters[number - 1] for (number,) in symbols if number)

    def mask(self, characters: Iterable[str]) -> Bools:
        """Which ids these characters have."""
        return _mask(self.characters, frozenset(characters))

    def read(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        """The phrase as the beginning of a tune in the key."""
        return self.symbols(self.opening(phrase, key).text, end=False)

    def pen(self, phrase: Phrase, key: Key | None = None) -> "Pen":
        """For the answer to a phrase, in the key that the tune's header says."""
        return Pen(self, self.opening(phrase, key), phrase.steps)

    def tune(self, beginning: str = "", *, most: int = 1200) -> "TunePen":
        """To draw a whole tune with, from a beginning such as the three lines of its header."""
        return TunePen(self, beginning, most)

    def opening(self, phrase: Phrase, key: Key | None = None) -> Opening:
        """The phrase as the beginning of a tune, and how to go back; `key`: the one that is locked."""
        return opening(phrase, self.keys, self.units, key)


@lru_cache(maxsize=4096)
def _mask(characters: str, allowed: frozenset[str]) -> Bools:
    mask = np.array([False, *(char in allowed for char in characters)])
    mask.setflags(write=False)
    return mask


class Pen:
    """Writes an answer down, character by character (a `symbols.Pen`)."""

    __slots__ = ("_codec", "_end", "_opening", "_reading", "_state", "_word")

    def __init__(self, codec: Abc, opening: Opening, steps: int) -> None:
        """After the opening, which is `steps` steps long."""
        self._codec, self._opening, self._end = codec, opening, steps
        self._state = opening.state
        self._reading: Reading = opening.header.reading()
        for word in words_of(opening.body):
            self._reading.hear(word)
        self._reading.rest()
        self._word = ""
        """What may still become longer."""

    @property
    def step(self) -> int:
        return floor(self._reading.settled) - self._end

    def allowed(self, chosen: Symbol) -> Bools:  # noqa: ARG002 # there is one field: nothing is chosen before
        """Which characters may come next."""
        chars = self._state.allowed() - _UNHEARD
        ends = "\n" in chars and (after := self._state.after("\n")) is not None and after.over
        return self._codec.mask(chars - {"\n"} if ends else chars)

    def take(self, symbol: Symbol) -> tuple[Note, ...]:
        """Write a character; the notes that are settled by it, new or longer."""
        char = self._codec.text([symbol])
        after = self._state.after(char)
        assert after is not None, (self._state, char)
        self._state = after
        word, longer = self._word, self._word + char
        if _is_word(longer):
            self._word = longer
            return ()
        self._word = char
        heard = self._reading.hear(word)
        if char not in _CHANGING:
            heard += self._reading.rest()
        return tuple(note for sung in heard for note in self._written(sung))

    def _written(self, sung: Sung) -> tuple[Note, ...]:
        """On the grid and within MIDI's pitches; nothing where that leaves no time for it."""
        start, end = (floor(time + Fraction(1, 2)) - self._end for time in (sung.start, sung.end))
        pitch = within(sung.pitch - self._opening.shift, 0, 127)
        return (Note(start, end - start, pitch),) if end > start else ()


def _is_word(text: str) -> bool:
    """Whether this is a word of the music, or the beginning of a note."""
    return text in ("^", "_", "^^", "__") or abc_spelling.TOKEN.fullmatch(text) is not None


class TunePen:
    """Writes a whole tune, character by character; from `most` characters on it is led to its end."""

    __slots__ = ("_codec", "_most", "_state", "text")

    def __init__(self, codec: Abc, beginning: str, most: int) -> None:
        state = abc_grammar.read(beginning)
        if state is None:
            raise TuneError(f"no tune begins with {beginning!r}: give the lines M:, L: and K: in this order.")
        self._codec, self._most, self._state = codec, most, state
        self.text = beginning

    @property
    def over(self) -> bool:
        """The tune has ended: nothing is allowed any more."""
        return self._state.over

    def allowed(self, chosen: Symbol) -> Bools:  # noqa: ARG002 # there is one field: nothing is chosen before
        """Which characters may come next; none only when the tune is over."""
        chars = closing(self._state) if len(self.text) >= self._most else self._state.allowed()
        return self._codec.mask(chars)

    def take(self, symbol: Symbol) -> None:
        """Write a character."""
        char = self._codec.text([symbol])
        after = self._state.after(char)
        assert after is not None, (self._state, char)
        self._state = after
        self.text += char
