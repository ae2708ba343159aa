"""Four voices on the grid with cells left open: as the infilling network reads them, and what its tasks have in common.

A task is a `Canvas`: what is given, what is open and may be anything that is allowed there. To harmonise is to leave
three voices open, to continue all that comes after the last step, to mend a region, to vary a share of the cells.

The network is told three things: each cell's class (or that it is open), whether a given cell is struck or held, and
where its step lies (the beat, the bar, the grid: 16ths or 8ths). Besides, `around` names for each cell the given notes
that a musician would look at first; the network's heads write by the intervals from those (see `NEIGHBOURS`).

All keys are one to the network: the given notes are moved by up to a tritone, so that the key that they are heard in
has no sharps or flats, and what the network says is moved back (`tuned`, `untuned`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import satb
from bachbridge.music.notes import RANGES, STEPS_PER_BEAT, VOICES
from bachbridge.music.voice_leading import keys_of

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

OPEN, OUTSIDE = satb.CLASSES, satb.CLASSES + 1
"""In place of a cell's class as it is seen: open, or beyond the music's ends."""
SEEN = satb.CLASSES + 2
"""How many values a seen cell has."""
_TRITONE = 6
TUNED = satb.CLASSES + 2 * _TRITONE
"""Classes of the network: a rest, then all pitches from a tritone below the lowest to a tritone above the highest."""
TUNED_OPEN, TUNED_OUTSIDE, TUNED_SEEN = TUNED, TUNED + 1, TUNED + 2
"""The same as `OPEN`, `OUTSIDE` and `SEEN` among the network's classes."""
UNTOLD, HELD, STRUCK = range(3)
"""What is told of a cell's attack."""

_MAX_BAR = 48
_BARS = (8, 12, 16, 24)
PLACE_SIZES = (STEPS_PER_BEAT + 1, _MAX_BAR + 1, len(_BARS) + 2, 2)
"""Values of a step's place: phase in the beat, position in the bar and the bar's length (each 0: unknown), the grid."""
FIELDS = len(PLACE_SIZES)
TUNED_SIZES = (*PLACE_SIZES, 2 * _TRITONE + 1)
"""The network is also told by how much the notes were moved: voices have ranges."""
SIXTEENTHS, EIGHTHS = range(2)
"""The two grids: every step, or every second one."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A task: `classes[step, voice]` (`satb.UNKNOWN`: open), `struck[step, voice]`, `place[step, field]`.

    `struck` counts where a cell is given. `allowed[step, voice, class]` is 0 where an open cell may take the class and
    minus infinity where it must not.
    """

    classes: Ints
    struck: Bools
    place: Ints
    allowed: Floats

    @property
    def open(self) -> Bools:
        """Which cells are to be filled, `[step, voice]`."""
        return self.classes == satb.UNKNOWN


def stride(grid: int) -> int:
    """How many 16ths lie between two steps of the grid."""
    return 2 if grid == EIGHTHS else 1


def places(position: Ints | None, steps_per_bar: Ints, *, phase: int | None = 0, grid: int = SIXTEENTHS) -> Ints:
    """`place[step, field]`: step `t` lies `position[t]` 16ths into a bar of `steps_per_bar[t]`.

    Where bar lines are unknown (None), the first step lies `phase` 16ths into a beat, or nobody knows (None).
    """
    steps = len(steps_per_bar)
    rows = np.zeros((steps, FIELDS), np.int32)
    rows[:, 3] = grid
    if position is not None:
        rows[:, 0] = 1 + position % STEPS_PER_BEAT
        rows[:, 1] = 1 + position % _MAX_BAR
        rows[:, 2] = [1 + (_BARS.index(bar) if bar in _BARS else len(_BARS)) for bar in steps_per_bar.tolist()]
    elif phase is not None:
        rows[:, 0] = 1 + (phase + stride(grid) * np.arange(steps)) % STEPS_PER_BEAT
    return rows


def second(place: Ints) -> Bools:
    """Which steps of `place[step, field]` are the second 16th of an 8th; none where the beat is unknown."""
    return (place[:, 0] > 0) & (place[:, 0] % 2 == 0)


def within_ranges(steps: int) -> Floats:
    """`allowed[step, voice, class]`: every voice within its range, and no rests."""
    allowed = np.full((steps, len(VOICES), satb.CLASSES), -np.inf, np.float32)
    for voice, (low, high) in enumerate(RANGES):
        allowed[:, voice, satb.class_of(low) : satb.class_of(high) + 1] = 0
    return allowed


# ---------------------------------------------------------------- what the network sees


def seen(classes: Ints, open_: Bools) -> Ints:
    """Cells as the network sees them, of `classes` and `open_` of the same shape `[.., step, voice]`."""
    return np.where(open_, OPEN, classes).astype(np.int32)


def attacks(struck: Bools, known: Bools) -> Ints:
    """What is told of attacks: of cells that are `known`, whether they are `struck`."""
    return np.where(known, np.where(struck, STRUCK, HELD), UNTOLD).astype(np.int32)


# ---------------------------------------------------------------- one key for all


def inputs(cells: Ints, told: Ints, place: Ints, by: Ints) -> list[Ints]:
    """All that the network takes of cells as `seen`, of `attacks` and of `places`, moved by `by[batch]` semitones."""
    moved = tuned(cells, by)
    return [moved, told, tuned_place(place, by), around(moved)]


def tuning(cells: Ints) -> Ints:
    """By how many semitones, -6 to 6, each of `cells[batch, step, voice]` (as seen) is moved for its key, `[batch]`.

    The key is that of the given notes, each weighing as long as it lies there; too few of them are not moved.
    """
    given = (cells > satb.REST) & (cells < OPEN)
    row, pitch_class = np.nonzero(given)[0], (cells[given] + satb.LOWEST - 1) % 12
    weights = np.bincount(12 * row + pitch_class, minlength=12 * len(cells)).reshape(-1, 12).astype(np.float64)
    keys = keys_of(weights)
    major = keys + 3 * (keys >= 12)
    return nearest_move(np.where(keys < 0, 0, -major))


def nearest_move(semitones: Ints) -> Ints:
    """The move to the same key by no more than a tritone: -5 to 6 semitones."""
    return (6 - (6 - semitones) % 12).astype(np.int32)


def tuned(cells: Ints, by: Ints) -> Ints:
    """Cells as seen, or classes, `[batch, step, voice]` → the network's, each of the batch moved by `by[batch]`."""
    moved = cells + by[:, None, None] + _TRITONE
    kept = np.where(cells >= OPEN, cells - OPEN + TUNED_OPEN, satb.REST)
    return np.where((cells > satb.REST) & (cells < OPEN), moved, kept).astype(np.int32)


def tuned_place(place: Ints, by: Ints) -> Ints:
    """`place[batch, step, field]` with one field more, by how much the notes were moved."""
    told = np.broadcast_to((by + _TRITONE)[:, None, None], (*place.shape[:2], 1))
    return np.concatenate([place, told], axis=2).astype(np.int32)


def untuned(logits: Floats, by: Ints) -> Floats:
    """The network's `logits[n, voice, class]`, of cells that were moved by `by[n]` → those of our own classes."""
    classes = np.arange(1, satb.CLASSES, dtype=np.int32) + _TRITONE + by[:, None, None]
    pitches = np.take_along_axis(logits, np.broadcast_to(classes, (*logits.shape[:2], satb.CLASSES - 1)), axis=2)
    return np.concatenate([logits[..., :1], pitches], axis=2)


# ---------------------------------------------------------------- what a musician would look at first

MELODIC_STEPS = (-1, 1, -4, 4)
"""Besides the nearest given notes before and after, the voice's own notes so many steps away."""
HARMONIC_STEPS = (0, -1, 1)
"""The other three voices' notes so many steps away."""
MELODIC = 2 + len(MELODIC_STEPS)
HARMONIC = len(HARMONIC_STEPS) * (len(VOICES) - 1)
NEIGHBOURS = MELODIC + HARMONIC
_OTHERS = np.array([[other for other in range(len(VOICES)) if other != voice] for voice in range(len(VOICES))])


def around(cells: Ints) -> Ints:
    """For each of `cells[batch, step, voice]` (tuned) its neighbours' values, `[batch, step, voice, neighbour]`.

    First its own voice's: the nearest given one before and after, then those `MELODIC_STEPS` away; then the other
    voices', from the highest to the lowest, for each of `HARMONIC_STEPS`. `TUNED_OPEN` also stands for none.
    """
    own = [_nearest(cells), _nearest(cells[:, ::-1])[:, ::-1], *(_moved(cells, by) for by in MELODIC_STEPS)]
    others = [_moved(cells, by)[:, :, _OTHERS] for by in HARMONIC_STEPS]
    return np.concatenate([np.stack(own, axis=-1), *others], axis=-1)


def _nearest(cells: Ints) -> Ints:
    """The last given value before each cell in its voice."""
    given = cells < TUNED_OPEN
    steps: Ints = np.arange(cells.shape[1], dtype=np.int32)[:, None]
    last: Ints = np.maximum.accumulate(np.where(given, steps, -1), axis=1)
    before: Ints = np.concatenate([np.full_like(last[:, :1], -1), last[:, :-1]], axis=1)
    return np.where(before < 0, TUNED_OPEN, np.take_along_axis(cells, np.maximum(before, 0), axis=1)).astype(np.int32)


def _moved(cells: Ints, by: int) -> Ints:
    """The values `by` steps later."""
    out = np.full_like(cells, TUNED_OPEN)
    if by < 0:
        out[:, -by:] = cells[:, :by]
    else:
        out[:, : cells.shape[1] - by] = cells[:, by:]
    return out
