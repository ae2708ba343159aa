"""The pieces of a collection that are kept, and their parts: copies are removed, and similar pieces stay together.

1. *Copies.* Of pieces with the same music the first one is kept.
2. *Near-duplicates.* Of pieces of whose shingles of all voices four in five are the same, in any key, one is
   kept, the one with the most notes. `keep_near` keeps them all.
3. *Groups.* Pieces with similar melodies are a group: half of the shingles of one occur in the other, in any key, as
   in `evaluation.soprano_twins`, and at least six, since fewer are common figures that would join all music to one
   group; or they are equal. Near-duplicates are in one group.
4. *Split.* A hash of each group says in which part all of it is: nine in ten are for training, one in twenty for
   validation, one in twenty for tests. A group of more than one piece in twenty is for training.

The pieces are numbered in the order of their hashes, and so they lie in the shards. In memory there are some arrays
with about 100 bytes for each piece; the fingerprints are on disk.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge_training.collection.reading import chunk_file
from bachbridge_training.collection.reading.fingerprint import SKETCH_SIZE
from bachbridge_training.collection.similar_pieces import Groups, KeyFiles, join_similar

PARTS = ("train", "valid", "test")
_PART_BEGINS = (0.0, 0.9, 0.95)
NEAR_DUPLICATE_SHARE = 0.8
"""Share of equal minima from which two sketches are those of near-duplicates."""
SIMILAR_SHARE = 0.5
"""Share of a melody's shingles that also occur in a similar melody."""
_MIN_SHARED_SHINGLES = 6
"""Six shingles in a row are 13 intervals."""
_MIN_PIECES = 3
_LARGE_GROUP, _LARGE_GROUP_SHARE = 100, 0.05
"""A group with more pieces than both, the number and the share of all pieces, is for training."""
_BAND_ROWS = 4
_PAIRS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class PieceTable:
    """All pieces that were read, in the order of the files, and the distinct ones among them by number."""

    chunk_starts: np.ndarray
    """The first row of each chunk, and at last the number of rows."""
    number_of_row: np.ndarray
    """The number of each row's piece; copies have the same."""
    row_of_number: np.ndarray
    """The row of each distinct piece."""
    hashes: np.ndarray
    """Hashes of the distinct pieces, `uint64[number, 2]`."""
    contents: np.ndarray
    """The first byte and the end of each distinct piece in its chunk's contents, `int64[number, 2]`."""
    notes: np.ndarray

    def chunks_of(self, numbers: np.ndarray) -> np.ndarray:
        """Return the chunks of some distinct pieces."""
        return np.searchsorted(self.chunk_starts, self.row_of_number[numbers], side="right") - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """The distinct pieces with their groups, the ones that are kept, and their parts as numbers into `PARTS`."""

    table: PieceTable
    nearest: np.ndarray
    """The kept piece of which each piece is a near-duplicate, or itself."""
    groups: np.ndarray
    parts: np.ndarray

    @property
    def is_kept(self) -> np.ndarray:
        return self.nearest == np.arange(len(self.nearest))

    def numbers_of(self, part: str) -> np.ndarray:
        """Return the pieces of a part that are kept, in the order of their hashes."""
        return np.flatnonzero(self.is_kept & (self.parts == PARTS.index(part)))


def select_pieces(bases: Sequence[Path], scratch: Path, *, keep_near: bool) -> Selection:
    """Compare the pieces of all chunks; `scratch` is a folder for temporary files.

    Raises `ConfigError` if too few pieces are left to train on.
    """
    table = _read_table(bases)
    count = len(table.hashes)
    if not count:
        raise ConfigError("the collection holds no music that this recipe can train on: give another folder or recipe.")
    near, groups = _find_similar(table, bases, scratch)
    nearest = np.arange(count, dtype=np.uint32) if keep_near else _fullest_of_each(near, table.notes)
    kept = int((nearest == np.arange(count)).sum())
    if kept < _MIN_PIECES:
        raise ConfigError(f"there is too little different music to train on ({kept} of {count} pieces): give more.")
    return Selection(table, nearest, groups, _split_groups(groups, table.hashes))


def _read_table(bases: Sequence[Path]) -> PieceTable:
    sizes, hashes, contents, notes = [0], list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    for base in bases:
        columns = chunk_file.read_columns(base)
        sizes.append(len(columns.names))
        hashes.append(columns.hashes)
        contents.append(np.stack([np.r_[0, columns.content_ends][:-1], columns.content_ends], axis=1))
        notes.append(columns.figures[:, 0] if sizes[-1] else np.zeros(0, np.int64))
    all_hashes = np.concatenate([np.zeros((0, 2), np.uint64), *hashes])
    order = np.lexsort((np.arange(len(all_hashes)), all_hashes[:, 1], all_hashes[:, 0]))
    is_first = np.ones(len(order), bool)
    is_first[1:] = (all_hashes[order[1:]] != all_hashes[order[:-1]]).any(axis=1)
    number_of_row = np.empty(len(order), np.uint32)
    number_of_row[order] = np.cumsum(is_first) - 1
    rows = order[is_first]
    return PieceTable(
        np.cumsum(sizes),
        number_of_row,
        rows,
        all_hashes[rows],
        np.concatenate([np.zeros((0, 2), np.int64), *contents])[rows],
        np.concatenate([np.zeros(0, np.int64), *notes])[rows].astype(np.int32),
    )


def _find_similar(table: PieceTable, bases: Sequence[Path], scratch: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the first near-duplicate of each piece, and the first piece of its group."""
    count = len(table.hashes)
    sketches = np.memmap(scratch / "sketches", np.uint32, "w+", shape=(count, SKETCH_SIZE))
    ends = np.zeros((count, 2), np.int64)
    bands, landmarks = KeyFiles(scratch, "bands"), KeyFiles(scratch, "landmarks")
    with ExitStack() as stack:
        stack.enter_context(bands)
        stack.enter_context(landmarks)
        shingle_file = stack.enter_context((scratch / "shingles").open("wb"))
        for number, base in enumerate(bases):
            columns = chunk_file.read_columns(base)
            rows = np.arange(table.chunk_starts[number], table.chunk_starts[number + 1])
            pieces = table.number_of_row[rows]
            is_new = table.row_of_number[pieces] == rows
            pieces = pieces[is_new]
            sketches[pieces] = columns.sketches[is_new]
            bands.add(_band_keys(columns.sketches[is_new]).ravel(), np.repeat(pieces, SKETCH_SIZE // _BAND_ROWS))
            owned = _rows_of(columns.landmark_ends, is_new)
            landmarks.add(columns.landmarks[owned], np.repeat(pieces, _lengths(columns.landmark_ends)[is_new]))
            ends[pieces] = np.stack([_starts(columns.shingle_ends), columns.shingle_ends], axis=1)[is_new]
            ends[pieces] += shingle_file.tell() // 8
            shingle_file.write(columns.shingles.tobytes())
    near, groups = Groups(count), Groups(count)
    join_similar(near, bands, _compare_sketches(sketches), _PAIRS_AT_ONCE)
    join_similar(groups, landmarks, _compare_melodies(scratch / "shingles", ends), _PAIRS_AT_ONCE)
    labels = near.labels()
    for piece in np.flatnonzero(labels != np.arange(count)).tolist():
        groups.join(piece, int(labels[piece]))
    return labels, groups.labels()


def _starts(ends: np.ndarray) -> np.ndarray:
    return np.r_[0, ends][:-1]


def _lengths(ends: np.ndarray) -> np.ndarray:
    return np.diff(np.r_[0, ends])


def _rows_of(ends: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return a mask of the entries of a ragged column that belong to the chosen pieces."""
    return np.repeat(chosen, _lengths(ends))


def _band_keys(sketches: np.ndarray) -> np.ndarray:
    """Return a key for each band of the sketches, `uint64[piece, band]`."""
    rows = sketches.reshape(len(sketches), -1, _BAND_ROWS).astype(np.uint64)
    key = np.arange(1, rows.shape[1] + 1, dtype=np.uint64)[None] * np.uint64(0x9E3779B97F4A7C15)
    for row in range(_BAND_ROWS):
        key = (key ^ rows[..., row]) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(31)
    return key


PairTest = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _compare_sketches(sketches: np.ndarray) -> PairTest:
    return lambda ones, others: (sketches[ones] == sketches[others]).mean(axis=1) >= NEAR_DUPLICATE_SHARE


def _compare_melodies(path: Path, ends: np.ndarray) -> PairTest:
    # A plain view of the file: slices of a memmap are slow.
    shingles = np.asarray(np.memmap(path, np.uint64, "r")) if path.stat().st_size else np.zeros(0, np.uint64)

    def is_similar(one: int, other: int) -> bool:
        first, second = (shingles[slice(*ends[piece])] for piece in (one, other))
        shorter, longer = sorted((first, second), key=len)
        if not len(shorter):
            return False
        places = np.minimum(np.searchsorted(longer, shorter), len(longer) - 1)
        common = int((longer[places] == shorter).sum())
        return common >= max(_MIN_SHARED_SHINGLES, SIMILAR_SHARE * len(shorter)) or common == len(longer)

    return lambda ones, others: np.fromiter(map(is_similar, ones.tolist(), others.tolist()), np.bool_, len(ones))


def _fullest_of_each(labels: np.ndarray, notes: np.ndarray) -> np.ndarray:
    """Return for each piece the one with the most notes among those with its label, the first of equals."""
    order = np.lexsort((np.arange(len(labels)), -notes.astype(np.int64), labels))
    firsts = np.r_[True, np.diff(labels[order].astype(np.int64)) != 0]
    best = np.zeros(len(labels), np.uint32)
    best[labels[order[firsts]]] = order[firsts]
    return best[labels]


def _split_groups(groups: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Return the part of each piece; at least one group is for training and one for validation."""
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise ConfigError("all pieces have similar melodies: add others, so that some can be used for validation.")
    shares = np.array([_share_of(hashes[name]) for name in names.tolist()])
    shares[sizes > max(_LARGE_GROUP, _LARGE_GROUP_SHARE * len(groups))] = 0
    parts = np.searchsorted(_PART_BEGINS, shares, side="right") - 1
    if not (parts == 0).any():
        parts[shares.argmin()] = 0
    if not (parts == 1).any():
        parts[np.where(parts == 0, shares, -1).argmax() if (parts == 0).sum() > 1 else (parts != 0).argmax()] = 1
    return parts.astype(np.int8)[np.searchsorted(names, groups)]


def _share_of(music_hash: np.ndarray) -> float:
    """Return a number from 0 to 1 that depends on nothing but the hash; hashing it again makes it uniform."""
    digest = hashlib.blake2b(music_hash.astype(">u8").tobytes(), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest) / 2**64
