"""How much of some music is copied: the longest passages that also stand in the training music, symbol for symbol.

At every symbol of a piece begins a passage, the longest that occurs anywhere in the training music. A model that
recites has passages far longer than those of music that was composed without it, so its figures are to be read beside
those of the held-out pieces. The pitches are compared (the first field), with the training music in all the
transpositions that the network was shown.

The training music is one text of millions of symbols, so it is searched by its suffix array (U. Manber, G. Myers,
"Suffix arrays: a new method for on-line string searches", SIAM Journal on Computing 22, 1993): the beginnings of all
its suffixes in their alphabetical order, found by doubling how many symbols are compared.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbridge.inference.symbols.generator import common_prefix_length
from bachbridge.music.frames import Ints
from bachbridge_training.symbols.batches import SymbolPiece

_SEPARATOR = "\0"
"""Between two pieces: no symbol is 0."""
_LONG_COPY_SYMBOLS = 16
"""From so many symbols on, a passage is long."""


class CopyFinder:
    """The training music, ready to be searched."""

    def __init__(self, training: Iterable[SymbolPiece]) -> None:
        self._text = _SEPARATOR.join(_as_text(symbols) for its in training for symbols in its.by_transposition.values())
        self._suffixes = _suffix_array(np.frombuffer(self._text.encode("utf-32-le"), np.uint32)).tolist()
        """Where the text's suffixes begin, in alphabetical order."""

    def copy_lengths(self, symbols: Ints) -> list[int]:
        """At every symbol, the length of the longest passage from there on that the training music has."""
        piece = _as_text(symbols)
        return [self._longest_match(piece[begin:]) for begin in range(len(piece))]

    def _longest_match(self, rest: str) -> int:
        """How much of the rest stands somewhere: no more than in one of its neighbours in the order."""
        at = bisect_left(self._suffixes, rest, key=lambda begin: self._text[begin : begin + len(rest)])
        near = self._suffixes[max(0, at - 1) : at + 1]
        return max((common_prefix_length(rest, self._text[begin : begin + len(rest)]) for begin in near), default=0)


def _suffix_array(text: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The beginnings of the text's suffixes in order."""
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
    """What `Copies.lengths` found in some pieces: each one's longest passage, and how many symbols lie in long ones."""
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
    """Which symbols lie in a passage of `_LONG` symbols or more."""
    inside = np.zeros(len(lengths), bool)
    for begin, length in enumerate(lengths):
        if length >= _LONG_COPY_SYMBOLS:
            inside[begin : begin + length] = True
    return inside
