"""Musical metrics of four-voice output, computed by the same code for Bach's own music.

Everything is counted on frames `pitch_indices[step, voice]` at 16ths. A piece gives `Counts`; counts of pieces add up,
and their ratios are the `Metrics`. Parallels are counted per thousand pairs of voices that both move, because a held
harmony makes none; how much the lower voices move is a metric of its own.

A piece copies the longest run of successive frames that it shares with the training pieces in any key: the same
intervals inside every frame, and the same steps from frame to frame; silence is never shared. Runs of one length are
compared by polynomial hashes of 64 bits (R. Karp and M. Rabin, IBM Journal of Research and Development
31, 1987), and since a shared run holds shorter ones, the longest is found by bisection.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from statistics import median

import numpy as np

from bachbridge.music.frames import REST, Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.music.voice_leading import FrameTransitions, out_of_range, wide_spacing

_DISSONANT = (1, 2, 6, 10, 11)
_OCTAVE = 12
_TRIAD_SHAPES = ((0, 4, 7), (0, 3, 7), (0, 3, 6))
"""Major, minor and diminished triads."""
_TRIAD_BITS = np.array(
    [sum(1 << (root + degree) % 12 for degree in chord) for root in range(12) for chord in _TRIAD_SHAPES]
)
IN_TRIAD = ((np.arange(1 << 12)[:, None] & ~_TRIAD_BITS) == 0).any(axis=1)
"""True if a set of pitch classes (as bits) is a triad or a part of one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts in one piece or in several."""

    frames: int = 0
    moving_pairs: int = 0
    parallel_fifths: int = 0
    parallel_octaves: int = 0
    crossed_frames: int = 0
    wide_frames: int = 0
    notes: int = 0
    out_of_range: int = 0
    sounding_pairs: int = 0
    dissonant_pairs: int = 0
    triad_frames: int = 0
    lower_cells: int = 0
    changed_cells: int = 0
    moves: int = 0
    wide_leaps: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Metrics:
    """Shares from 0 to 1; parallels per thousand pairs of voices that both move; copied runs in quarters."""

    pieces: int
    frames: int
    parallel_fifths: float
    parallel_octaves: float
    crossed_frames: float
    wide_frames: float
    out_of_range: float
    dissonant_pairs: float
    triad_frames: float
    changed_cells: float
    wide_leaps: float
    copied_median: float | None = None
    copied_longest: float | None = None


def compute_metrics(pieces: Sequence[Ints], training_runs: "SharedRuns | None" = None) -> Metrics:
    """Return the metrics of all pieces `pitch_indices[step, voice]` together.

    With `training_runs` they include how much was copied from the training pieces.
    """
    pooled = metrics_from_counts(sum(map(count_piece, pieces), Counts()), len(pieces))
    if training_runs is None or not pieces:
        return pooled
    quarters = [training_runs.longest_shared_steps(piece) / STEPS_PER_BEAT for piece in pieces]
    return replace(pooled, copied_median=median(quarters), copied_longest=max(quarters))


def count_piece(pitch_indices: Ints) -> Counts:
    """Count in one piece, `pitch_indices[step, voice]`; its first step has nothing before it."""
    frames, steps = FrameTransitions(pitch_indices, None), FrameTransitions(pitch_indices[1:], pitch_indices[:-1])
    parallel, octave = steps.parallels(), steps.interval % _OCTAVE == 0
    lower = pitch_indices[:, 1:]
    return Counts(
        frames=len(pitch_indices),
        moving_pairs=_count_true(steps.both_move()),
        parallel_fifths=_count_true(parallel & ~octave),
        parallel_octaves=_count_true(parallel & octave),
        crossed_frames=_count_true(np.any(frames.both_sounding & (frames.interval < 0), axis=1)),
        wide_frames=_count_true(np.any(wide_spacing(frames.interval, frames.both_sounding), axis=1)),
        notes=_count_true(frames.sounding),
        out_of_range=_count_true(out_of_range(pitch_indices)),
        sounding_pairs=_count_true(frames.both_sounding),
        dissonant_pairs=_count_true(frames.both_sounding & np.isin(frames.interval % _OCTAVE, _DISSONANT)),
        triad_frames=_count_true(IN_TRIAD[_pitch_class_bits(frames)]),
        lower_cells=lower[1:].size,
        changed_cells=_count_true(lower[1:] != lower[:-1]),
        moves=_count_true(steps.motion != 0),
        wide_leaps=_count_true(np.abs(steps.motion) > _OCTAVE),
    )


def metrics_from_counts(counts: Counts, piece_count: int) -> Metrics:
    """Return the metrics of the counts of `piece_count` pieces."""

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 0.0

    return Metrics(
        pieces=piece_count,
        frames=counts.frames,
        parallel_fifths=1000 * share(counts.parallel_fifths, counts.moving_pairs),
        parallel_octaves=1000 * share(counts.parallel_octaves, counts.moving_pairs),
        crossed_frames=share(counts.crossed_frames, counts.frames),
        wide_frames=share(counts.wide_frames, counts.frames),
        out_of_range=share(counts.out_of_range, counts.notes),
        dissonant_pairs=share(counts.dissonant_pairs, counts.sounding_pairs),
        triad_frames=share(counts.triad_frames, counts.frames),
        changed_cells=share(counts.changed_cells, counts.lower_cells),
        wide_leaps=share(counts.wide_leaps, counts.moves),
    )


def _count_true(flags: np.ndarray) -> int:
    return int(np.count_nonzero(flags))


def _pitch_class_bits(frames: FrameTransitions) -> Ints:
    """Pitch classes of each frame as bits, `[step]`."""
    return np.bitwise_or.reduce(np.where(frames.sounding, 1 << frames.pitch_classes(), 0), axis=1)


# ---------------------------------------------------------------- copied runs

_MAX_RUN_STEPS = 256
"""Longer runs are not searched for; the runs that matter are far shorter."""
_HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)
Hashes = np.ndarray


class SharedRuns:
    """All runs of frames in some pieces, to find the longest that another piece shares with them.

    The training package's `symbols.copying` finds the longest copy at every symbol of a text by a suffix array. Here
    only the longest run of a piece is wanted, of a bounded length, for which hashes and bisection need no index.
    """

    __slots__ = ("_hashes_by_length", "_token_hashes")

    def __init__(self, pieces: Iterable[Ints]) -> None:
        # A silent frame after each piece: no run goes on from one into the next.
        end = np.full((1, len(VOICES)), REST, np.int32)
        pitch_indices = np.concatenate([part for piece in pieces for part in (piece, end)])
        shapes, movements = _frame_tokens(pitch_indices)
        shapes[(pitch_indices <= REST).all(axis=1)] = 0
        self._token_hashes = shapes, movements
        self._hashes_by_length: dict[int, Hashes] = {}

    def longest_shared_steps(self, pitch_indices: Ints) -> int:
        """Return the steps of the longest run that `pitch_indices[step, voice]` shares with the pieces in any key."""
        tokens = _frame_tokens(pitch_indices)
        low, high = 0, min(len(pitch_indices), _MAX_RUN_STEPS)
        while low < high:
            steps = (low + high + 1) // 2
            if _has_common_hash(_run_hashes(tokens, steps), self._run_hashes_of_length(steps)):
                low = steps
            else:
                high = steps - 1
        return low

    def _run_hashes_of_length(self, steps: int) -> Hashes:
        if steps not in self._hashes_by_length:
            self._hashes_by_length[steps] = np.unique(_run_hashes(self._token_hashes, steps))
        return self._hashes_by_length[steps]


def _has_common_hash(hashes: Hashes, sorted_hashes: Hashes) -> bool:
    if not len(sorted_hashes):
        return False
    positions = np.minimum(np.searchsorted(sorted_hashes, hashes), len(sorted_hashes) - 1)
    return bool(np.any(sorted_hashes[positions] == hashes))


def _frame_tokens(pitch_indices: Ints) -> tuple[Hashes, Hashes]:
    """Return a number for each frame's shape, and one for the movement to the next frame (none from the last)."""
    sounding = pitch_indices > REST
    highest = pitch_indices.max(axis=1, initial=REST)
    shape = np.where(sounding, highest[:, None] - pitch_indices + 1, 0).astype(np.uint64)
    code = shape @ (np.uint64(64) ** np.arange(shape.shape[1], dtype=np.uint64))
    movement = np.append(np.diff(highest.astype(np.int64)), 0)
    return _mix_bits(code * np.uint64(4)), _mix_bits((movement + 128).astype(np.uint64) * np.uint64(4) + np.uint64(1))


def _mix_bits(code: Hashes) -> Hashes:
    """Spread numbers over 64 bits (the finisher of G. Steele et al., "Fast splittable random numbers", 2014)."""
    code = (code + np.uint64(1)) * _HASH_FACTOR
    code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


def _run_hashes(tokens: tuple[Hashes, Hashes], steps: int) -> Hashes:
    """Return the hashes of all runs of `steps` frames; the movement out of a run's last frame does not count."""
    shapes, movements = tokens
    count = len(shapes) - steps + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    hashes = np.zeros(count, np.uint64)
    for at in range(steps):
        hashes = hashes * _HASH_FACTOR + shapes[at : at + count]
        if at + 1 < steps:
            hashes = hashes * _HASH_FACTOR + movements[at : at + count]
    return hashes
