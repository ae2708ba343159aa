"""How much of some music is copied: the longest passages that also stand in the training music, symbol for symbol.

At every symbol of a piece begins a passage, the longest that occurs anywhere in the training music. A model that
recites has passages far longer than those of music that was composed without it, so its figures are to be read beside
those of the held-out pieces. The pitches are compared (the first field), with the training music in all the
transpositions that the network was shown.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from bachbridge_training.passages import Ints, Passage

_BETWEEN = "\0"
"""Between two pieces: no symbol is 0."""
_LONG = 16
"""From so many symbols on, a passage is long."""


class Copies:
    """The training music, ready to be searched."""

    def __init__(self, training: Iterable[Passage]) -> None:
        self._text = _BETWEEN.join(_written(symbols) for its in training for symbols in its.shifted.values())

    def lengths(self, symbols: Ints) -> list[int]:
        """At every symbol, the length of the longest passage from there on that the training music has.

        A passage from the next symbol on is at most one shorter, so few have to be looked for.
        """
        piece, found, end = _written(symbols), list[int](), 0
        for begin in range(len(piece)):
            end = max(end, begin)
            while end < len(piece) and piece[begin : end + 1] in self._text:
                end += 1
            found.append(end - begin)
        return found


def _written(symbols: Ints) -> str:
    return "".join(map(chr, symbols[:, 0].tolist()))


def summary(pieces: Sequence[Sequence[int]]) -> dict[str, float]:
    """What `Copies.lengths` found in some pieces: each one's longest passage, and how many symbols lie in long ones."""
    longest = [max(lengths) for lengths in pieces]
    inside = sum(int(_inside(lengths).sum()) for lengths in pieces)
    return {
        "pieces": len(pieces),
        "longest": max(longest),
        "longest_median": float(np.median(longest)),
        "longest_lower_quartile": float(np.percentile(longest, 25)),
        "longest_upper_quartile": float(np.percentile(longest, 75)),
        "mean_length": float(np.mean([length for lengths in pieces for length in lengths])),
        "share_in_long": inside / sum(map(len, pieces)),
    }


def _inside(lengths: Sequence[int]) -> np.ndarray:
    """Which symbols lie in a passage of `_LONG` symbols or more."""
    inside = np.zeros(len(lengths), bool)
    for begin, length in enumerate(lengths):
        if length >= _LONG:
            inside[begin : begin + length] = True
    return inside
