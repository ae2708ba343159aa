"""Protocol of the codecs of symbol sequences: `chords`, `keys88` and `abc`.

A piece is a list of symbols in the order in which they are heard, and a symbol is one id for each field. A chord has a
field for its pitches and may have others for its length and its velocity; a text has one field, the character. Id 0 of
a field stands for nothing: before the beginning, and where a batch is padded.
"""

from collections import Counter
from typing import Any, Protocol

from bachbridge.music.frames import Bools, Floats
from bachbridge.music.notes import Key, Note, Phrase
from bachbridge.music.phrasing.answers.guide import PhraseGuide

Symbol = tuple[int, ...]
SymbolCounts = dict[str, Counter[Any]]
"""Numbers of what occurs in some music, by kind: a vocabulary is made from it. See `add_counts`."""


def add_counts(counts: SymbolCounts, more: SymbolCounts) -> None:
    """Add `more` to `counts`: so parts of a collection are counted apart, and the order of the parts is kept."""
    for kind, counter in more.items():
        counts.setdefault(kind, Counter()).update(counter)


class SymbolDecoder(Protocol):
    """Decoder of an answer, symbol by symbol; step 0 is where the phrase ended."""

    @property
    def step(self) -> int:
        """Step up to which the answer is final: later symbols change nothing before it."""
        ...

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Return which ids may come next in the field after the `chosen` ones: `[id]`, at least one, never id 0."""
        ...

    def wish_nats(self, chosen: Symbol) -> Floats | None:
        """Return what the answer's guide wishes for in the field after the `chosen` ones: nats `[id]`; None: nothing.

        They are finite also where an id is not allowed.
        """
        ...

    def add_symbol(self, symbol: Symbol) -> tuple[Note, ...]:
        """Add a symbol and return the notes that it makes new or longer."""
        ...


class SymbolCodec(Protocol):
    """Codec with a vocabulary."""

    @property
    def vocab_sizes(self) -> tuple[int, ...]:
        """Number of ids of each field, id 0 included."""
        ...

    def encode_phrase(self, phrase: Phrase, key: Key | None = None) -> list[Symbol]:
        """Return the symbols of a phrase; what the vocabulary lacks is replaced by the nearest that it holds.

        `key` is the key that the player has locked; it matters only if the representation has keys.
        """
        ...

    def decoder(self, phrase: Phrase, key: Key | None = None, guide: PhraseGuide | None = None) -> SymbolDecoder:
        """Return a decoder for the answer to a phrase, in `key` if the player has locked one.

        It follows the wishes of `guide` and tells it what it writes; without a guide it leaves all to the network.
        """
        ...
