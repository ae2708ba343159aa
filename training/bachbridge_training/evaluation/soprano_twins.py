"""Chorales whose soprano is also sung in a training chorale, by a measure that anybody can recompute.

A soprano is cut into shingles of ten successive intervals between its notes (a repeated note counts as a note). A piece
has a twin if at least half of its shingles also occur in one single training piece, in any key. (Shingles: A. Broder,
"On the resemblance and containment of documents", 1997.)
"""

from collections.abc import Iterable, Sequence

import numpy as np

from bachbridge_training.datasets.chorale_grids import FourPartPiece

_INTERVALS = 10
"""Successive intervals in a shingle."""
_TWIN_SHARE = 0.5
"""Share of a piece's shingles that its twin has at least."""


def names_with_twin(pieces: Iterable[FourPartPiece], training: Sequence[FourPartPiece]) -> frozenset[str]:
    """Return the names of the pieces that have a soprano twin in `training`."""
    theirs = [_soprano_shingles(piece) for piece in training]
    return frozenset(piece.name for piece in pieces if _largest_share(_soprano_shingles(piece), theirs) >= _TWIN_SHARE)


def _largest_share(own: frozenset[bytes], theirs: Sequence[frozenset[bytes]]) -> float:
    """Return the largest share of `own` shingles that one piece has too; 0 for a soprano that is too short."""
    return max((len(own & each) for each in theirs), default=0) / max(1, len(own))


def _soprano_shingles(piece: FourPartPiece) -> frozenset[bytes]:
    soprano = piece.pitches[:, 0].astype(np.int16)
    intervals = np.diff(soprano[piece.onsets[:, 0] & (soprano >= 0)])
    starts = range(len(intervals) - _INTERVALS + 1)
    return frozenset(intervals[start : start + _INTERVALS].tobytes() for start in starts)
