"""Copies in some music: its longest passages that also stand in the training music, symbol for symbol.

A passage begins at every symbol of a piece: the longest one that occurs anywhere in the training music. A model that
recites has passages far longer than those of music that was composed without it, so its figures are to be read beside
those of the held-out pieces. The pitches are compared (the first field), with the training music in all the
transpositions that the network was trained on.

The training music is one text of millions of symbols, so it is searched by its suffix array (U. Manber, G. Myers,
"Suffix arrays: a new method for on-line string searches", SIAM Journal on Computing 22, 1993): the beginnings of all
its suffixes in alphabetical order, found by doubling the number of symbols that are compared.

`music.metrics.SharedRuns` does a related search by hashes and bisection. It needs only the longest run of a piece, of a
bounded length, in a few hundred chorales: a handful of array operations, without an index. Here the length is needed at
every symbol, without a bound, over millions of symbols, for which bisection would take a hash table for each length.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbridge.inference.symbols.generator import common_prefix_length
from bachbridge.music.frames import Ints
from bachbridge_training.symbols.batches import SymbolPiece

_SEPARATOR = "\0"
"""Stands between two pieces; no symbol is 0."""
_LONG_COPY_SYMBOLS = 16
"""Number of symbols from which a passage counts as long."""


class CopyFinder:
    """The training music, indexed for the search of passages."""

    def __init__(self, training: Iterable[SymbolPiece]) -> None:
        self._text = _SEPARATOR.join(
            _as_text(symbols) for piece in training for symbols in piece.by_transposition.values()
        )
        self._suffixes = _suffix_array(np.frombuffer(self._text.encode("utf-32-le"), np.uint32)).tolist()
        """The beginnings of the text's suffixes, in alphabetical order of the suffixes."""

    def copy_lengths(self, symbols: Ints) -> list[int]:
        """Return, for every symbol, the length of the longest passage from there that the training music has."""
        piece = _as_text(symbols)
        return [self._longest_match(piece[begin:]) for begin in range(len(piece))]

    def _longest_match(self, rest: str) -> int:
        """Return the length of the longest beginning of `rest` in the text; a neighbour in the order has it."""
        index = bisect_left(self._suffixes, rest, key=lambda begin: self._text[begin : begin + len(rest)])
        neighbours = self._suffixes[max(0, index - 1) : index + 1]
        matches = (common_prefix_length(rest, self._text[begin : begin + len(rest)]) for begin in neighbours)
        return max(matches, default=0)


def _suffix_array(text: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the beginnings of the text's suffixes, in order of the suffixes."""
    rank, compared = np.unique(text, return_inverse=True)[1].astype(np.int64), 1
    while True:
        following = np.zeros_like(rank)
        following[:-compared] = rank[compared:] + 1
        both = rank * (len(text) + 1) + following
        order = np.argsort(both, kind="stable")
        rank[order] = np.cumsum(np.diff(both[order], prepend=both[order[:1]]) > 0)
        compared *= 2
        if len(text) == 0 or rank.max() == len(text) - 1 or compared >= len(text):
            return order


def _as_text(symbols: Ints) -> str:
    return "".join(map(chr, symbols[:, 0].tolist()))


def summary(pieces: Sequence[Sequence[int]]) -> dict[str, float]:
    """Summarise `CopyFinder.copy_lengths` of some pieces: longest passages, and the share of symbols in long ones."""
    longest = [max(lengths) for lengths in pieces]
    inside = sum(int(_inside_long_copies(lengths).sum()) for lengths in pieces)
    return {
        "pieces": len(pieces),
        "longest": max(longest),
        "longest_median": float(np.median(longest)),
        "longest_lower_quartile": float(np.percentile(longest, 25)),
        "longest_upper_quartile": float(np.percentile(longest, 75)),
        "mean_length": float(np.mean([length for lengths in pieces for length in lengths])),
        "share_in_long": inside / sum(map(len, pieces)),
    }


def _inside_long_copies(lengths: Sequence[int]) -> np.ndarray:
    """Return True for symbols in a passage of `_LONG_COPY_SYMBOLS` symbols or more."""
    inside = np.zeros(len(lengths), bool)
    for begin, length in enumerate(lengths):
        if length >= _LONG_COPY_SYMBOLS:
            inside[begin : begin + length] = True
    return inside
