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

from bachbridge.codecs.abc.codec import Abc, TunePen
from bachbridge.codecs.base import Bools, Symbol
from bachbridge.inference.symbols.generator import Nets, invented

MOST = 1200
"""Characters after which a tune is led to its end."""
_HEADER = "MLK"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the header is to say, by the letters M, L and K; what is not there is left to the network."""

    temperature: float
    top_p: float
    seed: int
    header: Mapping[str, str] = field(default_factory=dict[str, str])


def tunes(nets: Nets, codec: Abc, wish: Wish, count: int) -> Iterator[str]:
    """So many tunes, one after another."""
    for number in range(count):
        yield _tune(nets, codec, wish, np.random.default_rng([wish.seed, 5, number]))


def _tune(nets: Nets, codec: Abc, wish: Wish, rng: np.random.Generator) -> str:
    pen = _Begun(codec, codec.tune(most=MOST), wish.header)
    deque(invented(nets, codec.sizes, pen, wish.temperature, wish.top_p, rng), maxlen=0)
    return pen.text


@dataclass(frozen=True, slots=True)
class _Begun:
    """A pen whose header has only the lines that a tune needs, and says in them what is wished."""

    codec: Abc
    pen: TunePen
    header: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.pen.text

    def allowed(self, chosen: Symbol) -> Bools:
        """Which characters may come next."""
        *before, line = self.text.split("\n")
        if len(before) >= len(_HEADER):
            return self.pen.allowed(chosen)
        letter = _HEADER[len(before)]
        begun = f"{letter}:{self.header.get(letter, '')}" + ("\n" if letter in self.header else "")
        if len(line) < len(begun):
            return self.codec.mask(begun[len(line)])
        return self.pen.allowed(chosen)

    def take(self, symbol: Symbol) -> None:
        """Write a character."""
        self.pen.take(symbol)
