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
from bachbridge.codecs.abc.prompt import AbcPrompt, make_prompt
from bachbridge.codecs.abc.reader import TuneNote, TuneReader, split_header, split_tokens
from bachbridge.codecs.abc.shortest_end import closing_characters
from bachbridge.codecs.base import Symbol
from bachbridge.errors import TuneError
from bachbridge.music.frames import Bools
from bachbridge.music.notes import Key, Note, Phrase, fold_into_range

REQUIRED_CHARACTERS = "".join(
    sorted(
        {
            *"ABCDEFGabcdefgz',^_=|:[]()-<> \n\"XTMLK0123456789/",
            *"".join((*abc_tokens.KEY_NAMES, *abc_tokens.CHORD_SYMBOLS)),
        }
    )
)
"""The characters that the grammar may lead to: every vocabulary holds them, so that the mask never leaves nothing."""
_MIN_KEY_SHARE = 0.02
"""The share of the tunes that must be in a key for it to be one that the network knows."""
_NOTE_MODIFIERS = "<>-"
"""What changes the note before it."""
_FORBIDDEN_IN_ANSWER = frozenset(":[]K")
"""What the pen does not write."""


def build_vocabulary(texts: Iterable[str]) -> dict[str, Any]:
    """The vocabulary of tunes, as a card keeps it: of the tunes' characters, their keys, and their unit lengths."""
    characters = set(REQUIRED_CHARACTERS)
    keys: Counter[str] = Counter()
    units: Counter[tuple[str, str]] = Counter()
    count = 0
    for text in texts:
        characters |= set(text)
        count += 1
        try:
            header = split_header(normal_form.header_lines(text))[0]
        except TuneError:
            continue
        keys[header.key] += 1
        units[header.meter_word, header.unit_word] += 1
    known = [key for key, times in keys.most_common() if times >= _MIN_KEY_SHARE * count]
    return {
        "characters": "".join(sorted(characters)),
        "keys": known,
        "units": {meter: unit for (meter, unit), _ in reversed(units.most_common())},
    }


def codec_from_vocabulary(vocabulary: Mapping[str, Any]) -> "AbcCodec":
    """The codec with a card's vocabulary."""
    return AbcCodec(
        str(vocabulary["characters"]),
        tuple(str(key) for key in vocabulary["keys"]),
        {str(meter): str(unit) for meter, unit in vocabulary["units"].items()},
    )


@dataclass(frozen=True, slots=True)
class AbcCodec:
    """A `symbols.Codec`: a character's id is its place in `characters`, from 1 on."""

    characters: str
    keys: tuple[str, ...]
    units: Mapping[str, str] = field(hash=False)
    """By meter, as it is written."""

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        return (len(self.characters) + 1,)

    def encode_text(self, text: str, *, end: bool = True) -> list[Symbol]:
        """A tune's text as symbols, and after it the blank line that ends it; unknown characters are left out."""
        known = {char: number for number, char in enumerate(self.characters, 1)}
        return [(known[char],) for char in text + ("\n" if end else "") if char in known]

    def decode_text(self, symbols: Iterable[Symbol]) -> str:
        """The inverse of `symbols`."""
        return "".join(self.characters[number - 1] for (number,) in symbols if number)

    def character_mask(self, characters: Iterable[str]) -> Bools:
        """Which ids these characters have."""
        return _character_mask(self.characters, frozenset(characters))

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        """The phrase as the beginning of a tune in the key."""
        return self.encode_text(self.make_prompt(phrase, key).text, end=False)

    def decoder(self, phrase: Phrase, key: Key | None = None) -> "AbcDecoder":
        """For the answer to a phrase, in the key that the tune's header says."""
        return AbcDecoder(self, self.make_prompt(phrase, key), phrase.steps)

    def tune_writer(self, beginning: str = "", *, max_characters: int = 1200) -> "TuneWriter":
        """To draw a whole tune with, from a beginning such as the three lines of its header."""
        return TuneWriter(self, beginning, max_characters)

    def make_prompt(self, phrase: Phrase, key: Key | None = None) -> AbcPrompt:
        """The phrase as the beginning of a tune, and how to go back; `key`: the one that is locked."""
        return make_prompt(phrase, self.keys, self.units, key)


@lru_cache(maxsize=4096)
def _character_mask(characters: str, allowed: frozenset[str]) -> Bools:
    mask = np.array([False, *(char in allowed for char in characters)])
    mask.setflags(write=False)
    return mask


class AbcDecoder:
    """Writes an answer down, character by character (a `symbols.Pen`)."""

    __slots__ = ("_codec", "_pending_token", "_phrase_steps", "_prompt", "_reader", "_state")

    def __init__(self, codec: AbcCodec, prompt: AbcPrompt, steps: int) -> None:
        """After the opening, which is `steps` steps long."""
        self._codec, self._prompt, self._phrase_steps = codec, prompt, steps
        self._state = prompt.grammar_state
        self._reader: TuneReader = prompt.header.make_reader()
        for word in split_tokens(prompt.body):
            self._reader.read_token(word)
        self._reader.flush()
        self._pending_token = ""
        """What may still become longer."""

    @property
    def step(self) -> int:
        return floor(self._reader.settled_step) - self._phrase_steps

    def allowed_ids(self, chosen: Symbol) -> Bools:  # noqa: ARG002 # there is one field: nothing is chosen before
        """Which characters may come next."""
        chars = self._state.allowed_characters() - _FORBIDDEN_IN_ANSWER
        ends = "\n" in chars and (after := self._state.after("\n")) is not None and after.is_finished
        return self._codec.character_mask(chars - {"\n"} if ends else chars)

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        """Write a character; the notes that are settled by it, new or longer."""
        char = self._codec.decode_text([symbol])
        after = self._state.after(char)
        assert after is not None, (self._state, char)
        self._state = after
        word, longer = self._pending_token, self._pending_token + char
        if _is_token(longer):
            self._pending_token = longer
            return ()
        self._pending_token = char
        heard = self._reader.read_token(word)
        if char not in _NOTE_MODIFIERS:
            heard += self._reader.flush()
        return tuple(note for sung in heard for note in self._grid_notes(sung))

    def _grid_notes(self, note: TuneNote) -> tuple[Note, ...]:
        """On the grid and within MIDI's pitches; nothing where that leaves no time for it."""
        start, end = (floor(time + Fraction(1, 2)) - self._phrase_steps for time in (note.start, note.end))
        pitch = fold_into_range(note.pitch - self._prompt.shift, 0, 127)
        return (Note(start, end - start, pitch),) if end > start else ()


def _is_token(text: str) -> bool:
    """Whether this is a word of the music, or the beginning of a note."""
    return text in ("^", "_", "^^", "__") or abc_spelling.TOKEN_PATTERN.fullmatch(text) is not None


class TuneWriter:
    """Writes a whole tune, character by character; from `most` characters on it is led to its end."""

    __slots__ = ("_codec", "_max_characters", "_state", "text")

    def __init__(self, codec: AbcCodec, beginning: str, max_characters: int) -> None:
        state = abc_grammar.state_after(beginning)
        if state is None:
            raise TuneError(f"no tune begins with {beginning!r}: give the lines M:, L: and K: in this order.")
        self._codec, self._max_characters, self._state = codec, max_characters, state
        self.text = beginning

    @property
    def is_finished(self) -> bool:
        """The tune has ended: nothing is allowed any more."""
        return self._state.is_finished

    def allowed_ids(self, chosen: Symbol) -> Bools:  # noqa: ARG002 # there is one field: nothing is chosen before
        """Which characters may come next; none only when the tune is over."""
        chars = (
            closing_characters(self._state)
            if len(self.text) >= self._max_characters
            else self._state.allowed_characters()
        )
        return self._codec.character_mask(chars)

    def add_symbol(self, symbol: Symbol) -> None:
        """Write a character."""
        char = self._codec.decode_text([symbol])
        after = self._state.after(char)
        assert after is not None, (self._state, char)
        self._state = after
        self.text += char
