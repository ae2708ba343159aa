"""What the codecs of symbol sequences have in common: `chords`, `keys88` and `abc`.

A piece is a list of symbols in the order in which they are heard, and a symbol is one id for each field: a chord has a
field for its pitches and may have others for its length and its velocity, a text has one field, the character. Id 0 of
a field stands for nothing: before the beginning, and where a batch is padded.
"""

from typing import Protocol

from bachbridge.music.frames import Bools
from bachbridge.music.notes import Key, Note, Phrase

Symbol = tuple[int, ...]


class SymbolDecoder(Protocol):
    """Writes an answer down, symbol by symbol; step 0 is where the phrase ended."""

    @property
    def step(self) -> int:
        """Up to this step all is written: nothing that comes changes what lies before."""
        ...

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Which ids may come next in the field after those `chosen`: `[id]`, never none and never id 0."""
        ...

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        """Write a symbol; the notes that are new or longer by it."""
        ...


class SymbolCodec(Protocol):
    """A representation with its vocabulary."""

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        """How many ids each field has, id 0 among them."""
        ...

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        """The phrase from its beginning; what the vocabulary does not hold becomes the nearest that it does.

        `key` is the one that the player has locked, where the representation tells one.
        """
        ...

    def decoder(self, phrase: Phrase, key: Key | None = None) -> SymbolDecoder:
        """For the answer to a phrase; in the key, if one is locked."""
        ...
