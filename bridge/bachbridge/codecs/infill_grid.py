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

from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Ints, pitch_index
from bachbridge.music.keys import estimate_key_numbers
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES

MASKED, OUTSIDE = PITCH_INDEX_COUNT, PITCH_INDEX_COUNT + 1
"""In place of a cell's class as it is seen: open, or beyond the music's ends."""
CELL_VALUE_COUNT = PITCH_INDEX_COUNT + 2
"""How many values a seen cell has."""
_TRITONE = 6
TRANSPOSED_INDEX_COUNT = PITCH_INDEX_COUNT + 2 * _TRITONE
"""Classes of the network: a rest, then all pitches from a tritone below the lowest to a tritone above the highest."""
TRANSPOSED_MASKED, TRANSPOSED_OUTSIDE, TRANSPOSED_VALUE_COUNT = (
    TRANSPOSED_INDEX_COUNT,
    TRANSPOSED_INDEX_COUNT + 1,
    TRANSPOSED_INDEX_COUNT + 2,
)
"""The same as `OPEN`, `OUTSIDE` and `SEEN` among the network's classes."""
ATTACK_UNKNOWN, ATTACK_HELD, ATTACK_ONSET = range(3)
"""What is told of a cell's attack."""

_MAX_BAR_STEPS = 48
_KNOWN_BAR_STEPS = (8, 12, 16, 24)
PLACE_SIZES = (STEPS_PER_BEAT + 1, _MAX_BAR_STEPS + 1, len(_KNOWN_BAR_STEPS) + 2, 2)
"""Values of a step's place: phase in the beat, position in the bar and the bar's length (each 0: unknown), the grid."""
PLACE_FIELD_COUNT = len(PLACE_SIZES)
TRANSPOSED_PLACE_SIZES = (*PLACE_SIZES, 2 * _TRITONE + 1)
"""The network is also told by how much the notes were moved: voices have ranges."""
SIXTEENTHS, EIGHTHS = range(2)
"""The two grids: every step, or every second one."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A task: `classes[step, voice]` (`satb.UNKNOWN`: open), `struck[step, voice]`, `place[step, field]`.

    `struck` counts where a cell is given. `allowed[step, voice, class]` is 0 where an open cell may take the class and
    minus infinity where it must not.
    """

    pitch_indices: Ints
    onsets: Bools
    place: Ints
    logit_mask: Floats

    @property
    def masked(self) -> Bools:
        """Which cells are to be filled, `[step, voice]`."""
        return self.pitch_indices == UNKNOWN


def steps_per_cell(grid: int) -> int:
    """How many 16ths lie between two steps of the grid."""
    return 2 if grid == EIGHTHS else 1


def place_features(
    position: Ints | None, steps_per_bar: Ints, *, phase: int | None = 0, grid: int = SIXTEENTHS
) -> Ints:
    """`place[step, field]`: step `t` lies `position[t]` 16ths into a bar of `steps_per_bar[t]`.

    Where bar lines are unknown (None), the first step lies `phase` 16ths into a beat, or nobody knows (None).
    """
    steps = len(steps_per_bar)
    rows = np.zeros((steps, PLACE_FIELD_COUNT), np.int32)
    rows[:, 3] = grid
    if position is not None:
        rows[:, 0] = 1 + position % STEPS_PER_BEAT
        rows[:, 1] = 1 + position % _MAX_BAR_STEPS
        rows[:, 2] = [
            1 + (_KNOWN_BAR_STEPS.index(bar) if bar in _KNOWN_BAR_STEPS else len(_KNOWN_BAR_STEPS))
            for bar in steps_per_bar.tolist()
        ]
    elif phase is not None:
        rows[:, 0] = 1 + (phase + steps_per_cell(grid) * np.arange(steps)) % STEPS_PER_BEAT
    return rows


def is_second_sixteenth(place: Ints) -> Bools:
    """Which steps of `place[step, field]` are the second 16th of an 8th; none where the beat is unknown."""
    return (place[:, 0] > 0) & (place[:, 0] % 2 == 0)


def voice_range_mask(steps: int) -> Floats:
    """`allowed[step, voice, class]`: every voice within its range, and no rests."""
    allowed = np.full((steps, len(VOICES), PITCH_INDEX_COUNT), -np.inf, np.float32)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        allowed[:, voice, pitch_index(low) : pitch_index(high) + 1] = 0
    return allowed


# ---------------------------------------------------------------- what the network sees


def mask_cells(pitch_indices: Ints, masked: Bools) -> Ints:
    """Cells as the network sees them, of `classes` and `open_` of the same shape `[.., step, voice]`."""
    return np.where(masked, MASKED, pitch_indices).astype(np.int32)


def attack_values(onsets: Bools, known: Bools) -> Ints:
    """What is told of attacks: of cells that are `known`, whether they are `struck`."""
    return np.where(known, np.where(onsets, ATTACK_ONSET, ATTACK_HELD), ATTACK_UNKNOWN).astype(np.int32)


# ---------------------------------------------------------------- one key for all


def network_inputs(cells: Ints, attacks: Ints, place: Ints, semitones: Ints) -> list[Ints]:
    """All that the network takes of cells as `seen`, of `attacks` and of `places`, moved by `by[batch]` semitones."""
    moved = transpose_cells(cells, semitones)
    return [moved, attacks, place_with_shift(place, semitones), neighbour_values(moved)]


def key_shifts(cells: Ints) -> Ints:
    """By how many semitones, -6 to 6, each of `cells[batch, step, voice]` (as seen) is moved for its key, `[batch]`.

    The key is that of the given notes, each weighing as long as it lies there; too few of them are not moved.
    """
    given = (cells > REST) & (cells < MASKED)
    row, pitch_class = np.nonzero(given)[0], (cells[given] + LOWEST_PITCH - 1) % 12
    weights = np.bincount(12 * row + pitch_class, minlength=12 * len(cells)).reshape(-1, 12).astype(np.float64)
    keys = estimate_key_numbers(weights)
    major = keys + 3 * (keys >= 12)
    return nearest_shift(np.where(keys < 0, 0, -major))


def nearest_shift(semitones: Ints) -> Ints:
    """The move to the same key by no more than a tritone: -5 to 6 semitones."""
    return (6 - (6 - semitones) % 12).astype(np.int32)


def transpose_cells(cells: Ints, semitones: Ints) -> Ints:
    """Cells as seen, or classes, `[batch, step, voice]` → the network's, each of the batch moved by `by[batch]`."""
    moved = cells + semitones[:, None, None] + _TRITONE
    kept = np.where(cells >= MASKED, cells - MASKED + TRANSPOSED_MASKED, REST)
    return np.where((cells > REST) & (cells < MASKED), moved, kept).astype(np.int32)


def place_with_shift(place: Ints, semitones: Ints) -> Ints:
    """`place[batch, step, field]` with one field more, by how much the notes were moved."""
    told = np.broadcast_to((semitones + _TRITONE)[:, None, None], (*place.shape[:2], 1))
    return np.concatenate([place, told], axis=2).astype(np.int32)


def untranspose_logits(logits: Floats, semitones: Ints) -> Floats:
    """The network's `logits[n, voice, class]`, of cells that were moved by `by[n]` → those of our own classes."""
    classes = np.arange(1, PITCH_INDEX_COUNT, dtype=np.int32) + _TRITONE + semitones[:, None, None]
    pitches = np.take_along_axis(logits, np.broadcast_to(classes, (*logits.shape[:2], PITCH_INDEX_COUNT - 1)), axis=2)
    return np.concatenate([logits[..., :1], pitches], axis=2)


# ---------------------------------------------------------------- what a musician would look at first

MELODIC_STEPS = (-1, 1, -4, 4)
"""Besides the nearest given notes before and after, the voice's own notes so many steps away."""
HARMONIC_STEPS = (0, -1, 1)
"""The other three voices' notes so many steps away."""
MELODIC_COUNT = 2 + len(MELODIC_STEPS)
HARMONIC_COUNT = len(HARMONIC_STEPS) * (len(VOICES) - 1)
NEIGHBOUR_COUNT = MELODIC_COUNT + HARMONIC_COUNT
_OTHER_VOICES = np.array([[other for other in range(len(VOICES)) if other != voice] for voice in range(len(VOICES))])


def neighbour_values(cells: Ints) -> Ints:
    """For each of `cells[batch, step, voice]` (tuned) its neighbours' values, `[batch, step, voice, neighbour]`.

    First its own voice's: the nearest given one before and after, then those `MELODIC_STEPS` away; then the other
    voices', from the highest to the lowest, for each of `HARMONIC_STEPS`. `TUNED_OPEN` also stands for none.
    """
    own = [_last_given(cells), _last_given(cells[:, ::-1])[:, ::-1], *(_shift_steps(cells, by) for by in MELODIC_STEPS)]
    others = [_shift_steps(cells, by)[:, :, _OTHER_VOICES] for by in HARMONIC_STEPS]
    return np.concatenate([np.stack(own, axis=-1), *others], axis=-1)


def _last_given(cells: Ints) -> Ints:
    """The last given value before each cell in its voice."""
    given = cells < TRANSPOSED_MASKED
    steps: Ints = np.arange(cells.shape[1], dtype=np.int32)[:, None]
    last: Ints = np.maximum.accumulate(np.where(given, steps, -1), axis=1)
    before: Ints = np.concatenate([np.full_like(last[:, :1], -1), last[:, :-1]], axis=1)
    return np.where(before < 0, TRANSPOSED_MASKED, np.take_along_axis(cells, np.maximum(before, 0), axis=1)).astype(
        np.int32
    )


def _shift_steps(cells: Ints, offset: int) -> Ints:
    """The values `by` steps later."""
    out = np.full_like(cells, TRANSPOSED_MASKED)
    if offset < 0:
        out[:, -offset:] = cells[:, :offset]
    else:
        out[:, : cells.shape[1] - offset] = cells[:, offset:]
    return out
