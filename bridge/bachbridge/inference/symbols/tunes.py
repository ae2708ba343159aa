"""Whole tunes from nothing, as text in ABC: from the first line of the header to the blank line after the last bar.

The network begins with an empty past, as it learnt tunes to begin (see `codecs.abc`), and draws one character after
another under the mask of the grammar: the tune can be read, its bars add up, and it ends; where it repeats is the
network's choice. The header is meter, unit length and key, as in the tunes that it learnt from, so the network hears of
the meter before it chooses the others. On a line that is wished it has no choice. Titles and numbers are the file's
affair.

All chance follows from the seed and the number of the tune: the first of ten is the one that a wish for one brings.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from bachbridge.codecs.abc.codec import AbcCodec, TuneWriter
from bachbridge.codecs.base import Symbol
from bachbridge.inference.symbols.generator import SequenceNet, generate_symbols
from bachbridge.music.frames import Bools

MAX_CHARACTERS = 1200
"""Characters after which a tune is led to its end."""
_HEADER_FIELDS = "MLK"


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """What the header is to say, by the letters M, L and K; what is not there is left to the network."""

    temperature: float
    top_p: float
    seed: int
    header: Mapping[str, str] = field(default_factory=dict[str, str])


def write_tunes(net: SequenceNet, codec: AbcCodec, request: TuneRequest, count: int) -> Iterator[str]:
    """So many tunes, one after another."""
    for number in range(count):
        yield _write_tune(net, codec, request, np.random.default_rng([request.seed, 5, number]))


def _write_tune(net: SequenceNet, codec: AbcCodec, request: TuneRequest, rng: np.random.Generator) -> str:
    pen = _HeaderDecoder(codec, codec.tune_writer(max_characters=MAX_CHARACTERS), request.header)
    deque(generate_symbols(net, codec.vocab_sizes, pen, request.temperature, request.top_p, rng), maxlen=0)
    return pen.text


@dataclass(frozen=True, slots=True)
class _HeaderDecoder:
    """A pen whose header has only the lines that a tune needs, and says in them what is wished."""

    codec: AbcCodec
    decoder: TuneWriter
    header: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.decoder.text

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Which characters may come next."""
        *before, line = self.text.split("\n")
        if len(before) >= len(_HEADER_FIELDS):
            return self.decoder.allowed_ids(chosen)
        letter = _HEADER_FIELDS[len(before)]
        begun = f"{letter}:{self.header.get(letter, '')}" + ("\n" if letter in self.header else "")
        if len(line) < len(begun):
            return self.codec.character_mask(begun[len(line)])
        return self.decoder.allowed_ids(chosen)

    def add_symbol(self, symbol: Symbol) -> None:
        """Write a character."""
        self.decoder.add_symbol(symbol)
