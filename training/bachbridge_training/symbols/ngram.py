"""A model that only counts: what followed the last symbols in the training music, for the networks to be held against.

The chance of a symbol after the last few symbols is mixed from its share of what followed them and from its chance
after one symbol less, by the rule of I. Witten and T. Bell ("The zero-frequency problem", IEEE Transactions on
Information Theory 37, 1991): the more different symbols followed a past, the more is left to the shorter one. The
shortest says that all symbols are alike. Its likeliest symbol is the one that most often followed the longest past that
is known.

Pasts are told apart by a hash of 64 bits. Length by length the training music is counted and the held-out music looked
up, so that only one length's counts are in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge_training.symbols.batches import Ints

Hashes = NDArray[np.uint64]

_FACTOR, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


LONGEST = 8


@dataclass(frozen=True, slots=True)
class Foretold:
    """With pasts of up to `order` symbols: the `nats[symbol]` of all pieces, and where the likeliest was `right`."""

    order: int
    nats: np.ndarray
    right: np.ndarray


def foretold(training: Sequence[Ints], pieces: Sequence[Ints], *, size: int) -> Foretold:
    """How surprised the counts of the `training` music are by the `pieces`, both `[symbol]`, of `size` symbols.

    Of all orders up to `LONGEST` the one that is the least surprised.
    """
    known, asked = _Line(training), _Line(pieces)
    chance, likeliest = np.full(len(asked.symbols), 1 / size), np.zeros(len(asked.symbols), np.int64)
    found: list[Foretold] = []
    for length in range(LONGEST + 1):
        known.lengthen(length)
        asked.lengthen(length)
        counts = _Counts(known.pasts, known.symbols)
        chance, likeliest = counts.mixed(asked.pasts, asked.symbols, chance, likeliest)
        found.append(Foretold(length, -np.log(chance), likeliest == asked.symbols))
    return min(found, key=lambda its: float(its.nats.mean()))


class _Line:
    """All symbols of some pieces in a row, and of each the hash of the symbols before it in its piece."""

    def __init__(self, pieces: Sequence[Ints]) -> None:
        self.symbols = np.concatenate(pieces).astype(np.int64)
        padded = [np.concatenate([np.zeros(LONGEST, np.int64), piece]) for piece in pieces]
        self._padded = np.concatenate(padded).astype(np.uint64)
        own = [np.arange(len(piece)) + LONGEST for piece in pieces]
        begins = np.cumsum([0, *(len(its) for its in padded)])
        self._at = np.concatenate([its + begin for its, begin in zip(own, begins, strict=False)])
        self.pasts: Hashes = np.zeros(len(self._at), np.uint64)

    def lengthen(self, length: int) -> None:
        """From a past of one symbol less to one of `length` symbols."""
        if length:
            self.pasts = _with(self.pasts, self._padded[self._at - length])


def _with(pasts: Hashes, symbols: NDArray[np.uint64]) -> Hashes:
    mixed = (pasts + symbols + np.uint64(1)) * _FACTOR
    return mixed ^ (mixed >> _SHIFT)


class _Counts:
    """What followed the pasts of one length, and how often."""

    def __init__(self, pasts: Hashes, symbols: NDArray[np.int64]) -> None:
        self._pasts, past = np.unique(pasts, return_inverse=True)
        pairs, first, self._often = np.unique(_pair(pasts, symbols), return_index=True, return_counts=True)
        self._pairs = pairs
        self._all = np.bincount(past, minlength=len(self._pasts))
        self._different = np.bincount(past[first], minlength=len(self._pasts))
        order = np.lexsort((self._often, past[first]))
        last = np.cumsum(self._different) - 1
        self._commonest = symbols[first[order[last]]]

    def mixed(
        self, pasts: Hashes, symbols: NDArray[np.int64], shorter: np.ndarray, likeliest: NDArray[np.int64]
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """The chances of the `symbols`, from those after a `shorter` past; and the likeliest symbols."""
        past, known = _found(self._pasts, pasts)
        pair, followed = _found(self._pairs, _pair(pasts, symbols))
        often = np.where(followed, self._often[pair], 0)
        different, every = self._different[past], self._all[past]
        chance = (often + different * shorter) / (every + different)
        return np.where(known, chance, shorter), np.where(known, self._commonest[past], likeliest)


def _pair(pasts: Hashes, symbols: NDArray[np.int64]) -> Hashes:
    return _with(pasts ^ _FACTOR, symbols.astype(np.uint64))


def _found(table: Hashes, wanted: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each of the `wanted` is in the sorted `table`, and whether it is there."""
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return at, table[at] == wanted
