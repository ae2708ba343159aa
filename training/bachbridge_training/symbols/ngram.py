"""An n-gram model to compare the networks with: it counts what followed the last symbols in the training music.

The probability of a symbol in a context (the last few symbols) is interpolated between its share of what followed that
context and its probability in the context without its first symbol, by the rule of I. Witten and T. Bell ("The
zero-frequency problem", IEEE Transactions on Information Theory 37, 1991): the more different symbols followed a
context, the more weight the shorter one gets. In the shortest, all symbols are equally likely. The model's choice is
the symbol that most often followed the longest known context.

Contexts are identified by a hash of 64 bits. The training music is counted and the held-out music looked up length by
length, so that only one length's counts are in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import Ints

Hashes = NDArray[np.uint64]

_FACTOR, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
MAX_ORDER = 8
"""Symbols of the longest context."""


@dataclass(frozen=True, slots=True)
class NgramNll:
    """The losses `nats[symbol]` with contexts of up to `order` symbols, and where the choice is `correct[symbol]`."""

    order: int
    nats: np.ndarray
    correct: np.ndarray


def best_ngram_nll(training: Sequence[Ints], pieces: Sequence[Ints], *, vocabulary_size: int) -> NgramNll:
    """Score `pieces` by the counts of `training`, both `[symbol]` of a vocabulary of `vocabulary_size` symbols.

    Of all orders up to `MAX_ORDER`, the one with the lowest loss is returned.
    """
    known, scored = _Contexts(training), _Contexts(pieces)
    probability = np.full(len(scored.symbols), 1 / vocabulary_size)
    likeliest = np.zeros(len(scored.symbols), np.int64)
    by_order: list[NgramNll] = []
    for length in range(MAX_ORDER + 1):
        known.lengthen(length)
        scored.lengthen(length)
        counts = _ContextCounts(known.hashes, known.symbols)
        probability, likeliest = counts.interpolate(scored.hashes, scored.symbols, probability, likeliest)
        by_order.append(NgramNll(length, -np.log(probability), likeliest == scored.symbols))
    return min(by_order, key=lambda loss: float(loss.nats.mean()))


class _Contexts:
    """All symbols of some pieces in a row, and for each the hash of the symbols before it in its piece."""

    def __init__(self, pieces: Sequence[Ints]) -> None:
        self.symbols = np.concatenate(pieces).astype(np.int64)
        padded = [np.concatenate([np.zeros(MAX_ORDER, np.int64), piece]) for piece in pieces]
        self._padded = np.concatenate(padded).astype(np.uint64)
        positions = [np.arange(len(piece)) + MAX_ORDER for piece in pieces]
        begins = np.cumsum([0, *(len(piece) for piece in padded)])
        self._positions = np.concatenate([own + begin for own, begin in zip(positions, begins[:-1], strict=True)])
        self.hashes: Hashes = np.zeros(len(self._positions), np.uint64)

    def lengthen(self, length: int) -> None:
        """Make the contexts one symbol longer, `length` symbols."""
        if length:
            self.hashes = _extend_hash(self.hashes, self._padded[self._positions - length])


def _extend_hash(contexts: Hashes, symbols: NDArray[np.uint64]) -> Hashes:
    mixed = (contexts + symbols + np.uint64(1)) * _FACTOR
    return mixed ^ (mixed >> _SHIFT)


class _ContextCounts:
    """The symbols that followed the contexts of one length, and how often."""

    def __init__(self, contexts: Hashes, symbols: NDArray[np.int64]) -> None:
        self._contexts, context = np.unique(contexts, return_inverse=True)
        pairs, first, self._pair_counts = np.unique(
            _pair_hash(contexts, symbols), return_index=True, return_counts=True
        )
        self._pairs = pairs
        self._context_totals = np.bincount(context, minlength=len(self._contexts))
        self._distinct_followers = np.bincount(context[first], minlength=len(self._contexts))
        order = np.lexsort((self._pair_counts, context[first]))
        last = np.cumsum(self._distinct_followers) - 1
        self._likeliest_follower = symbols[first[order[last]]]

    def interpolate(
        self, contexts: Hashes, symbols: NDArray[np.int64], shorter: np.ndarray, likeliest: NDArray[np.int64]
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Return the probabilities of the `symbols`, from those in the `shorter` contexts, and the likeliest ones."""
        index, known = _look_up(self._contexts, contexts)
        pair, followed = _look_up(self._pairs, _pair_hash(contexts, symbols))
        count = np.where(followed, self._pair_counts[pair], 0)
        distinct, total = self._distinct_followers[index], self._context_totals[index]
        probability = (count + distinct * shorter) / (total + distinct)
        return np.where(known, probability, shorter), np.where(known, self._likeliest_follower[index], likeliest)


def _pair_hash(contexts: Hashes, symbols: NDArray[np.int64]) -> Hashes:
    return _extend_hash(contexts ^ _FACTOR, symbols.astype(np.uint64))


def _look_up(table: Hashes, wanted: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the index of each of the `wanted` hashes in the sorted `table`, and True where it is there."""
    index = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return index, table[index] == wanted
