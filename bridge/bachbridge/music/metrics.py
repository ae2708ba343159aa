"""What comes out: musical measures of four-voice music, to be set beside Bach's own with the same code.

Everything is counted on frames `classes[step, voice]` at 16ths. A piece gives `Counts`; counts of pieces add up, and
their ratios are the `Measures`. Parallels are counted per thousand pairs of voices that both move, since a harmony that
lies still makes none; how much the lower voices move is a measure of its own.

What a piece copies is the longest run of successive frames that it shares with the training pieces in any key: the
same intervals inside every frame, and the same steps from frame to frame; silence counts as nothing shared. Runs of
one length are compared by polynomial hashes of 64 bits (R. Karp and M. Rabin, IBM Journal of Research and Development
31, 1987), and since a shared run holds shorter ones, the longest is found by bisection.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from statistics import median

import numpy as np

from bachbridge.codecs import satb
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.music.voice_leading import Frames, Ints, outside, wide

_DISSONANT = (1, 2, 6, 10, 11)
_OCTAVE = 12
_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 3, 6))
"""Major, minor and diminished triads."""
_TRIADS = np.array([sum(1 << (root + degree) % 12 for degree in chord) for root in range(12) for chord in _CHORDS])
IN_TRIAD = ((np.arange(1 << 12)[:, None] & ~_TRIADS) == 0).any(axis=1)
"""Whether a set of pitch classes (as bits) is a triad or a part of one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted in one piece or in several."""

    frames: int = 0
    moving_pairs: int = 0
    fifths: int = 0
    octaves: int = 0
    crossed: int = 0
    wide: int = 0
    notes: int = 0
    outside: int = 0
    pairs: int = 0
    dissonant: int = 0
    triads: int = 0
    cells: int = 0
    changed: int = 0
    moves: int = 0
    leaps: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Measures:
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


def measure(pieces: Sequence[Ints], training: "Runs | None" = None) -> Measures:
    """All pieces `classes[step, voice]` pooled; `training` to find out what was copied from it."""
    pooled = ratios(sum(map(count, pieces), Counts()), len(pieces))
    if training is None or not pieces:
        return pooled
    quarters = [training.shared(piece) / STEPS_PER_BEAT for piece in pieces]
    return replace(pooled, copied_median=median(quarters), copied_longest=max(quarters))


def count(classes: Ints) -> Counts:
    """Count in one piece, `classes[step, voice]`; its first step has nothing before it."""
    every, moving = Frames(classes, None), Frames(classes[1:], classes[:-1])
    parallel, octave = moving.parallels(), moving.interval % _OCTAVE == 0
    lower = classes[:, 1:]
    return Counts(
        frames=len(classes),
        moving_pairs=_sum(moving.both_move()),
        fifths=_sum(parallel & ~octave),
        octaves=_sum(parallel & octave),
        crossed=_sum(np.any(every.together & (every.interval < 0), axis=1)),
        wide=_sum(np.any(wide(every.interval, every.together), axis=1)),
        notes=_sum(every.sung),
        outside=_sum(outside(classes)),
        pairs=_sum(every.together),
        dissonant=_sum(every.together & np.isin(every.interval % _OCTAVE, _DISSONANT)),
        triads=_sum(IN_TRIAD[_sets(every)]),
        cells=lower[1:].size,
        changed=_sum(lower[1:] != lower[:-1]),
        moves=_sum(moving.moved != 0),
        leaps=_sum(np.abs(moving.moved) > _OCTAVE),
    )


def ratios(counts: Counts, pieces: int) -> Measures:
    """The measures of what was counted in so many pieces."""

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 0.0

    return Measures(
        pieces=pieces,
        frames=counts.frames,
        parallel_fifths=1000 * share(counts.fifths, counts.moving_pairs),
        parallel_octaves=1000 * share(counts.octaves, counts.moving_pairs),
        crossed_frames=share(counts.crossed, counts.frames),
        wide_frames=share(counts.wide, counts.frames),
        out_of_range=share(counts.outside, counts.notes),
        dissonant_pairs=share(counts.dissonant, counts.pairs),
        triad_frames=share(counts.triads, counts.frames),
        changed_cells=share(counts.changed, counts.cells),
        wide_leaps=share(counts.leaps, counts.moves),
    )


def _sum(flags: np.ndarray) -> int:
    return int(np.count_nonzero(flags))


def _sets(frames: Frames) -> Ints:
    """The pitch classes of each frame as bits."""
    return np.bitwise_or.reduce(np.where(frames.sung, 1 << frames.pitch_classes(), 0), axis=1)


# ---------------------------------------------------------------- what was copied

_LONGEST = 256
"""Steps; no run longer than this is looked for (a must is far below it)."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
Hashes = np.ndarray


class Runs:
    """All runs of frames in some pieces, to find what another piece shares with them."""

    __slots__ = ("_kept", "_tokens")

    def __init__(self, pieces: Iterable[Ints]) -> None:
        # A silent frame after each piece: no run goes on from one into the next.
        end = np.full((1, len(VOICES)), satb.REST, np.int32)
        classes = np.concatenate([part for piece in pieces for part in (piece, end)])
        shapes, ways = _tokens(classes)
        shapes[(classes <= satb.REST).all(axis=1)] = 0
        self._tokens = shapes, ways
        self._kept: dict[int, Hashes] = {}

    def shared(self, classes: Ints) -> int:
        """Steps of the longest run that `classes[step, voice]` shares with the pieces in any key."""
        tokens = _tokens(classes)
        low, high = 0, min(len(classes), _LONGEST)
        while low < high:
            steps = (low + high + 1) // 2
            if _any_in(_windows(tokens, steps), self._of(steps)):
                low = steps
            else:
                high = steps - 1
        return low

    def _of(self, steps: int) -> Hashes:
        if steps not in self._kept:
            self._kept[steps] = np.unique(_windows(self._tokens, steps))
        return self._kept[steps]


def _any_in(some: Hashes, rising: Hashes) -> bool:
    place = np.searchsorted(rising, some)
    return bool(np.any(rising[np.minimum(place, len(rising) - 1)] == some)) if len(rising) else False


def _tokens(classes: Ints) -> tuple[Hashes, Hashes]:
    """A number for each frame's shape, and one for the way from the frame to the next (of the last, to nowhere)."""
    sung = classes > satb.REST
    highest = classes.max(axis=1, initial=satb.REST)
    shape = np.where(sung, highest[:, None] - classes + 1, 0).astype(np.uint64)
    code = shape @ (np.uint64(64) ** np.arange(shape.shape[1], dtype=np.uint64))
    way = np.append(np.diff(highest.astype(np.int64)), 0)
    return _mixed(code * np.uint64(4)), _mixed((way + 128).astype(np.uint64) * np.uint64(4) + np.uint64(1))


def _mixed(code: Hashes) -> Hashes:
    """Numbers spread over 64 bits (the finisher of G. Steele et al., "Fast splittable random numbers", 2014)."""
    code = (code + np.uint64(1)) * _FACTOR
    code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))


def _windows(tokens: tuple[Hashes, Hashes], steps: int) -> Hashes:
    """The hashes of all runs of `steps` frames; the way on from a run's last frame does not count."""
    shapes, ways = tokens
    count = len(shapes) - steps + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    found = np.zeros(count, np.uint64)
    for at in range(steps):
        found = found * _FACTOR + shapes[at : at + count]
        if at + 1 < steps:
            found = found * _FACTOR + ways[at : at + count]
    return found
