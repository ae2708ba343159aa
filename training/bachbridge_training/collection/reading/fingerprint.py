"""Fingerprints of a piece, by which copies of it and music like it are found in a large collection.

- *The hash of the music*: the exact times and pitches of all notes, whatever the format, the tempo and the loudness.
- *The melody*, in any key: the intervals between the highest sounding notes, where a repeated note counts once, in
  shingles of eight successive ones (A. Broder, "On the resemblance and containment of documents", 1997). Those of them
  that are the smallest in a window of four are its landmarks, and all of a short melody: two melodies that share 11
  successive intervals share a landmark (S. Schleimer, D. Wilkerson, A. Aiken, "Winnowing: local algorithms for
  document fingerprinting", 2003).
- *The sketch of all voices*, in any key: shingles of four successive onsets, each with its intervals above the lowest
  note, their rhythm and the moves of the lowest note; and of these the minima under 64 hash functions, so that the
  share of equal minima estimates how many shingles two pieces have in common (Broder's min-wise hashing).
"""

import hashlib
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from bachbridge_training.datasets import piece_info
from bachbridge_training.datasets.parsed_piece import ParsedPiece

SKETCH_SIZE = 64
"""Hash functions of a sketch."""
_MELODY_INTERVALS, _WINDOW_SHINGLES, _SHORT_SHINGLES, _TEXTURE_ONSETS = 8, 4, 16, 4
_MIN_INTERVALS = 4
"""A melody with fewer intervals is like too many others to be compared."""
_TICKS_PER_BEAT = 10080
"""The resolution in which times are compared: exact for 128ths and tuplets."""
_STEPS_PER_BEAT = 12
"""The resolution of the rhythm in a sketch."""
_MULTIPLIERS = np.array([pow(0x9E3779B97F4A7C15, 2 * power + 1, 1 << 64) for power in range(SKETCH_SIZE)], np.uint64)
"""Odd numbers from the golden ratio, by which hashes are multiplied (D. Knuth, "Sorting and Searching", 6.4)."""


@dataclass(frozen=True, slots=True)
class MusicFingerprint:
    """The fingerprints of one piece."""

    music_hash: bytes
    """16 bytes."""
    shingles: np.ndarray
    """The distinct shingles of the melody in ascending order, `uint64`."""
    landmarks: np.ndarray
    """Those by which similar melodies are found."""
    sketch: np.ndarray
    """The minima of the shingles of all voices, `uint32[64]`."""


def make_fingerprint(piece: ParsedPiece) -> MusicFingerprint:
    """Return the fingerprints of a piece with at least one note."""
    intervals = np.diff(np.array(piece_info.top_line(piece), np.int64))
    if len(intervals) < _MIN_INTERVALS:
        none = np.zeros(0, np.uint64)
        return MusicFingerprint(_music_hash(piece), none, none, _texture_sketch(piece))
    hashes = _hash_rows(_windows(intervals, _MELODY_INTERVALS))
    minima = hashes if len(hashes) <= _SHORT_SHINGLES else _windows(hashes, _WINDOW_SHINGLES).min(axis=1)
    return MusicFingerprint(_music_hash(piece), np.unique(hashes), np.unique(minima), _texture_sketch(piece))


def _music_hash(piece: ParsedPiece) -> bytes:
    rows = np.array([(note.start, note.end, note.pitch) for note in piece.notes], np.int64)
    ticks = piece.timeline.ticks_per_beat
    rows[:, :2] = (2 * rows[:, :2] * _TICKS_PER_BEAT + ticks) // (2 * ticks)
    rows[:, :2] -= rows[:, 0].min()
    return hashlib.blake2b(np.unique(rows, axis=0).astype("<i8").tobytes(), digest_size=16).digest()


def _texture_sketch(piece: ParsedPiece) -> np.ndarray:
    """Return the sketch of all voices; the last onsets of a piece make no shingle of their own."""
    ticks = piece.timeline.ticks_per_beat
    onsets: list[tuple[int, int, int]] = []
    for start, notes in groupby(piece.notes, key=lambda note: note.start):
        pitches = {note.pitch for note in notes}
        lowest = min(pitches)
        onsets.append(
            (round(start * _STEPS_PER_BEAT / ticks), lowest, sum(1 << (p - lowest) for p in pitches) % _PRIME)
        )
    at, lowest, chords = np.array(onsets, np.int64).T
    rows = np.stack([np.diff(at, append=at[-1]), np.diff(lowest, append=lowest[-1]), chords], axis=1)
    shingles = _hash_rows(_windows(rows, _TEXTURE_ONSETS).reshape(-1, 3 * min(_TEXTURE_ONSETS, len(rows))))
    mixed = np.unique(shingles)[:, None] * _MULTIPLIERS
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(32)).min(axis=0).astype(np.uint32)


_PRIME = (1 << 61) - 1


def _windows(rows: np.ndarray, size: int) -> np.ndarray:
    """Return `[window, size, …]` of all successive rows; one window of what there is if there are too few."""
    if len(rows) <= size:
        return rows[None]
    found = np.lib.stride_tricks.sliding_window_view(rows, size, axis=0)
    return found if rows.ndim == 1 else np.moveaxis(found, -1, 1)


def _hash_rows(rows: np.ndarray) -> np.ndarray:
    """Return a hash of each row of integers, `uint64`: a polynomial, and the finalizer of splitmix64 (Steele 2014)."""
    powers = np.array([pow(0x100000001B3, power + 1, 1 << 64) for power in range(rows.shape[1] + 1)], np.uint64)
    value = (rows.astype(np.int64).astype(np.uint64) + np.uint64(129)) @ powers[:-1] + powers[-1]
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
