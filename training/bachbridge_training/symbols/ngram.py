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

from bachbridge.music.frames import Ints

Hashes = NDArray[np.uint64]

_FACTOR, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


MAX_ORDER = 8


@dataclass(frozen=True, slots=True)
class NgramNll:
    """With pasts of up to `order` symbols: the `nats[symbol]` of all pieces, and where the likeliest was `right`."""

    order: int
    nats: np.ndarray
    correct: np.ndarray


def best_ngram_nll(training: Sequence[Ints], pieces: Sequence[Ints], *, vocabulary_size: int) -> NgramNll:
    """How surprised the counts of the `training` music are by the `pieces`, both `[symbol]`, of `size` symbols.

    Of all orders up to `LONGEST` the one that is the least surprised.
    """
    known, asked = _Contexts(training), _Contexts(pieces)
    chance, likeliest = np.full(len(asked.symbols), 1 / vocabulary_size), np.zeros(len(asked.symbols), np.int64)
    found: list[NgramNll] = []
    for length in range(MAX_ORDER + 1):
        known.lengthen(length)
        asked.lengthen(length)
        counts = _ContextCounts(known.hashes, known.symbols)
        chance, likeliest = counts.interpolate(asked.hashes, asked.symbols, chance, likeliest)
        found.append(NgramNll(length, -np.log(chance), likeliest == asked.symbols))
    return min(found, key=lambda its: float(its.nats.mean()))


class _Contexts:
    """All symbols of some pieces in a row, and of each the hash of the symbols before it in its piece."""

    def __init__(self, pieces: Sequence[Ints]) -> None:
        self.symbols = np.concatenate(pieces).astype(np.int64)
        padded = [np.concatenate([np.zeros(MAX_ORDER, np.int64), piece]) for piece in pieces]
        self._padded = np.concatenate(padded).astype(np.uint64)
        own = [np.arange(len(piece)) + MAX_ORDER for piece in pieces]
        begins = np.cumsum([0, *(len(its) for its in padded)])
        self._positions = np.concatenate([its + begin for its, begin in zip(own, begins, strict=False)])
        self.hashes: Hashes = np.zeros(len(self._positions), np.uint64)

    def lengthen(self, length: int) -> None:
        """From a past of one symbol less to one of `length` symbols."""
        if length:
            self.hashes = _extend_hash(self.hashes, self._padded[self._positions - length])


def _extend_hash(pasts: Hashes, symbols: NDArray[np.uint64]) -> Hashes:
    mixed = (pasts + symbols + np.uint64(1)) * _FACTOR
    return mixed ^ (mixed >> _SHIFT)


class _ContextCounts:
    """What followed the pasts of one length, and how often."""

    def __init__(self, pasts: Hashes, symbols: NDArray[np.int64]) -> None:
        self._contexts, past = np.unique(pasts, return_inverse=True)
        pairs, first, self._pair_counts = np.unique(_pair_hash(pasts, symbols), return_index=True, return_counts=True)
        self._pairs = pairs
        self._context_totals = np.bincount(past, minlength=len(self._contexts))
        self._distinct_followers = np.bincount(past[first], minlength=len(self._contexts))
        order = np.lexsort((self._pair_counts, past[first]))
        last = np.cumsum(self._distinct_followers) - 1
        self._likeliest_follower = symbols[first[order[last]]]

    def interpolate(
        self, pasts: Hashes, symbols: NDArray[np.int64], shorter: np.ndarray, likeliest: NDArray[np.int64]
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """The chances of the `symbols`, from those after a `shorter` past; and the likeliest symbols."""
        past, known = _look_up(self._contexts, pasts)
        pair, followed = _look_up(self._pairs, _pair_hash(pasts, symbols))
        often = np.where(followed, self._pair_counts[pair], 0)
        different, every = self._distinct_followers[past], self._context_totals[past]
        chance = (often + different * shorter) / (every + different)
        return np.where(known, chance, shorter), np.where(known, self._likeliest_follower[past], likeliest)


def _pair_hash(pasts: Hashes, symbols: NDArray[np.int64]) -> Hashes:
    return _extend_hash(pasts ^ _FACTOR, symbols.astype(np.uint64))


def _look_up(table: Hashes, wanted: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each of the `wanted` is in the sorted `table`, and whether it is there."""
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return at, table[at] == wanted
