"""Groups of similar pieces in a collection that does not fit into memory.

Pieces that share a key are candidates: a landmark of the melody, or a band of the sketch (locality-sensitive hashing;
see J. Leskovec, A. Rajaraman, J. Ullman, "Mining of Massive Datasets", chapter 3). The keys lie on disk, divided by
their values, and one division is sorted at a time. Each candidate pair is then compared by its fingerprints, and
similar pairs are joined to groups (union-find). Pieces have numbers in the order of their hashes, so the groups depend
on nothing but the music.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

DIVISIONS = 64
_WHOLE_RUN = 16
"""All pairs of so many pieces with one key are compared; of more, neighbours, and each with the first."""
_ROW = np.dtype([("key", "<u8"), ("piece", "<u4")])

IsSimilar = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Returns for pairs of pieces, given as two arrays of their numbers, which are similar."""


class Groups:
    """Disjoint sets of pieces; the representative of a set is its first piece."""

    def __init__(self, count: int) -> None:
        self._parent = np.arange(count, dtype=np.uint32)

    def join(self, one: int, other: int) -> None:
        """Make one set of the sets of two pieces."""
        first, second = sorted((self._root(one), self._root(other)))
        self._parent[second] = first

    def are_apart(self, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return which pairs are in two sets."""
        return self._roots(ones) != self._roots(others)

    def labels(self) -> np.ndarray:
        """Return the first piece of each piece's set."""
        self._parent = self._roots(np.arange(len(self._parent), dtype=np.uint32))
        return self._parent

    def _root(self, piece: int) -> int:
        while (parent := int(self._parent[piece])) != piece:
            self._parent[piece] = self._parent[parent]
            piece = int(self._parent[piece])
        return piece

    def _roots(self, pieces: np.ndarray) -> np.ndarray:
        roots = self._parent[pieces]
        while not np.array_equal(above := self._parent[roots], roots):
            roots = above
        return roots


class KeyFiles:
    """Keys of pieces on disk, in divisions by their last bits. Use it as a context manager while adding."""

    def __init__(self, folder: Path, name: str) -> None:
        self._paths = [folder / f"{name}-{number:02}.keys" for number in range(DIVISIONS)]
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Self:
        self._files = [path.open("wb") for path in self._paths]
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def add(self, keys: np.ndarray, pieces: np.ndarray) -> None:
        """Add keys with the numbers of their pieces."""
        rows = np.empty(len(keys), _ROW)
        rows["key"], rows["piece"] = keys, pieces
        division = (keys & np.uint64(DIVISIONS - 1)).astype(np.intp)
        order = np.argsort(division, kind="stable")
        ends = np.cumsum(np.bincount(division, minlength=DIVISIONS))
        for file, part in zip(self._files, np.split(rows[order], ends[:-1]), strict=True):
            file.write(part.tobytes())

    def candidate_pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the pairs of pieces with a common key, division by division, and delete the division."""
        for path in self._paths:
            rows = np.fromfile(path, _ROW)
            yield pairs_with_common_key(rows["key"], rows["piece"])
            path.unlink()


def pairs_with_common_key(keys: np.ndarray, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct pairs of pieces with a common key, the smaller number first; see `_WHOLE_RUN` for long runs."""
    order = np.lexsort((pieces, keys))
    keys, pieces = keys[order], pieces[order].astype(np.uint64)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.intp)
    sizes = np.diff(np.r_[starts, len(keys)])
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    at = np.arange(len(keys))
    found = [pieces[first] << np.uint64(32) | pieces]
    for distance in range(1, _WHOLE_RUN):
        near = at[distance:][
            (first[distance:] == first[:-distance]) & ((size[distance:] <= _WHOLE_RUN) | (distance == 1))
        ]
        found.append(pieces[near - distance] << np.uint64(32) | pieces[near])
    pairs = np.unique(np.concatenate(found))
    ones, others = (pairs >> np.uint64(32)).astype(np.uint32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return ones[ones != others], others[ones != others]


def join_similar(groups: Groups, keys: KeyFiles, is_similar: IsSimilar, batch: int = 4096) -> None:
    """Join the sets of all similar pairs among the pieces with a common key."""
    for ones, others in keys.candidate_pairs():
        for begin in range(0, len(ones), batch):
            one, other = ones[begin : begin + batch], others[begin : begin + batch]
            apart = groups.are_apart(one, other)
            one, other = one[apart], other[apart]
            similar = is_similar(one, other)
            for first, second in zip(one[similar].tolist(), other[similar].tolist(), strict=True):
                groups.join(first, second)
