"""Whole tunes from nothing, as text in ABC: from the first line of the header to the blank line after the last bar.

The network begins with an empty past, as tunes began in training (see `codecs.abc`), and draws one character after
another under the mask of the grammar: the tune can be read, its bars add up, and it ends; whether it has repeats is the
network's choice. The header is meter, unit length and key, in the order of the training tunes, so the network knows the
meter before it chooses the others. A line that is requested leaves it no choice. Titles and numbers are added by
whoever writes the file.

All random numbers follow from the seed and the number of the tune: the first of ten tunes is the one that a request for
a single tune gives.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from bachbridge.codecs.abc.codec import AbcCodec, TuneWriter
from bachbridge.codecs.base import Symbol
from bachbridge.inference.runtime.protocols import SequenceNet
from bachbridge.inference.symbols.generator import generate_symbols
from bachbridge.music.frames import Bools

MAX_CHARACTERS = 1200
"""Characters after which a tune is led to its end."""
_HEADER_FIELDS = "MLK"


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """Options for drawing a tune; `header` maps the letters M, L and K to requested lines; others are left open."""

    temperature: float
    top_p: float
    seed: int
    header: Mapping[str, str] = field(default_factory=dict[str, str])


def write_tunes(net: SequenceNet, codec: AbcCodec, request: TuneRequest, count: int) -> Iterator[str]:
    """Yield `count` tunes."""
    for number in range(count):
        yield _write_tune(net, codec, request, np.random.default_rng([request.seed, 5, number]))


def _write_tune(net: SequenceNet, codec: AbcCodec, request: TuneRequest, rng: np.random.Generator) -> str:
    decoder = _HeaderDecoder(codec, codec.tune_writer(max_characters=MAX_CHARACTERS), request.header)
    deque(generate_symbols(net, codec.vocab_sizes, decoder, request.temperature, request.top_p, rng), maxlen=0)
    return decoder.text


@dataclass(frozen=True, slots=True)
class _HeaderDecoder:
    """A decoder whose header has only the lines that a tune needs, with the requested contents."""

    codec: AbcCodec
    decoder: TuneWriter
    header: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.decoder.text

    def allowed_ids(self, chosen: Symbol) -> Bools:
        """Return which characters may come next, `[id]`."""
        *before, line = self.text.split("\n")
        if len(before) >= len(_HEADER_FIELDS):
            return self.decoder.allowed_ids(chosen)
        letter = _HEADER_FIELDS[len(before)]
        requested = f"{letter}:{self.header.get(letter, '')}" + ("\n" if letter in self.header else "")
        if len(line) < len(requested):
            return self.codec.character_mask(requested[len(line)])
        return self.decoder.allowed_ids(chosen)

    def wish_nats(self, chosen: Symbol) -> None:
        """Return None: a tune from nothing has no guide."""

    def add_symbol(self, symbol: Symbol) -> None:
        self.decoder.add_symbol(symbol)
