"""Four voices on a grid with masked cells, as the infilling network reads them.

A task is a `Canvas` of given and masked cells; a masked cell may become anything that is allowed there. To harmonize is
to mask three voices, to continue is to mask all after the last step, to mend is to mask a region, and to vary is to
mask a share of the cells.

The network reads three things: each cell's pitch index (or that it is masked), whether a given cell has an onset or is
held, and where its step lies (the beat, the bar, the grid: 16ths or 8ths). Besides, `neighbour_values` gives for each
cell the given notes that a musician would look at first; the network's heads predict by the intervals from these.

The network sees all music in one key: the given notes are moved by up to a tritone, so that their key has no sharps or
flats, and the network's output is moved back (`transpose_cells`, `untranspose_logits`).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs.satb import BAR_LENGTH_ID_COUNT, MAX_BAR_STEPS, bar_length_id
from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, REST, UNKNOWN, Bools, Floats, Ints, pitch_index
from bachbridge.music.keys import estimate_key_numbers
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES

MASKED, OUTSIDE = PITCH_INDEX_COUNT, PITCH_INDEX_COUNT + 1
"""In place of a cell's pitch index: masked, or beyond the music's ends."""
CELL_VALUE_COUNT = PITCH_INDEX_COUNT + 2
"""Number of values of a cell."""
_TRITONE = 6
TRANSPOSED_INDEX_COUNT = PITCH_INDEX_COUNT + 2 * _TRITONE
"""Pitch indices of the network: a rest, then all pitches from a tritone below the lowest to one above the highest."""
TRANSPOSED_MASKED, TRANSPOSED_OUTSIDE, TRANSPOSED_VALUE_COUNT = (
    TRANSPOSED_INDEX_COUNT,
    TRANSPOSED_INDEX_COUNT + 1,
    TRANSPOSED_INDEX_COUNT + 2,
)
"""Counterparts of `MASKED`, `OUTSIDE` and `CELL_VALUE_COUNT` among the network's transposed values."""
ATTACK_UNKNOWN, ATTACK_HELD, ATTACK_ONSET = range(3)
"""Values of a cell's attack."""

PLACE_SIZES = (STEPS_PER_BEAT + 1, MAX_BAR_STEPS + 1, BAR_LENGTH_ID_COUNT, 2)
"""Values of a step's place: phase in the beat, position in the bar and the bar's length (each 0: unknown), the grid."""
PLACE_FIELD_COUNT = len(PLACE_SIZES)
TRANSPOSED_PLACE_SIZES = (*PLACE_SIZES, 2 * _TRITONE + 1)
"""The network also reads by how much the notes were moved, because voices have ranges."""
SIXTEENTHS, EIGHTHS = range(2)
"""The two grids: every step, or every second one."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A task: `pitch_indices[step, voice]` (`UNKNOWN`: masked), `onsets[step, voice]`, `place[step, field]`.

    `onsets` counts where a cell is given. `logit_mask[step, voice, pitch index]` is 0 where a masked cell may take the
    pitch index and minus infinity where it must not; other values are nats for and against it. Where `holds[step]` is
    True, masked cells repeat those of the step before.
    """

    pitch_indices: Ints
    onsets: Bools
    place: Ints
    logit_mask: Floats
    holds: Bools | None = None

    @property
    def masked(self) -> Bools:
        """True for the cells that are to be filled, `[step, voice]`."""
        return self.pitch_indices == UNKNOWN


def steps_per_cell(grid: int) -> int:
    """Return the 16ths between two steps of the grid."""
    return 2 if grid == EIGHTHS else 1


def place_features(
    position: Ints | None, steps_per_bar: Ints, *, phase: int | None = 0, grid: int = SIXTEENTHS
) -> Ints:
    """Return `place[step, field]`: step `t` lies `position[t]` 16ths into a bar of `steps_per_bar[t]`.

    Where bar lines are unknown (None), the first step lies `phase` 16ths into a beat; None if that is unknown too.
    """
    steps = len(steps_per_bar)
    rows = np.zeros((steps, PLACE_FIELD_COUNT), np.int32)
    rows[:, 3] = grid
    if position is not None:
        rows[:, 0] = 1 + position % STEPS_PER_BEAT
        rows[:, 1] = 1 + position % MAX_BAR_STEPS
        rows[:, 2] = [bar_length_id(bar) for bar in steps_per_bar.tolist()]
    elif phase is not None:
        rows[:, 0] = phase_values(np.array(phase, np.int32), steps, grid)
    return rows


def phase_values(first_phase: Ints, steps: int, grid: int) -> Ints:
    """Return the phase field `[..., step]` of steps of which the first lies `first_phase[...]` 16ths into a beat."""
    offset = steps_per_cell(grid) * np.arange(steps, dtype=np.int32)
    return 1 + (first_phase[..., None] + offset) % STEPS_PER_BEAT


def is_second_sixteenth(place: Ints) -> Bools:
    """Return which steps of `place[step, field]` are the second 16th of an 8th; none where the beat is unknown."""
    return (place[:, 0] > 0) & (place[:, 0] % 2 == 0)


def voice_range_mask(steps: int) -> Floats:
    """Return `logit_mask[step, voice, pitch index]` that keeps every voice within its range and allows no rests."""
    logit_mask = np.full((steps, len(VOICES), PITCH_INDEX_COUNT), -np.inf, np.float32)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        logit_mask[:, voice, pitch_index(low) : pitch_index(high) + 1] = 0
    return logit_mask


# ---------------------------------------------------------------- input values


def mask_cells(pitch_indices: Ints, masked: Bools) -> Ints:
    """Return the cells' values, `MASKED` where `masked`; all arrays are `[..., step, voice]`."""
    return np.where(masked, MASKED, pitch_indices).astype(np.int32)


def attack_values(onsets: Bools, known: Bools) -> Ints:
    """Return the attack values of `onsets`, `ATTACK_UNKNOWN` where the onset is not `known`."""
    return np.where(known, np.where(onsets, ATTACK_ONSET, ATTACK_HELD), ATTACK_UNKNOWN).astype(np.int32)


# ---------------------------------------------------------------- transposition to one key


def network_inputs(cells: Ints, attacks: Ints, place: Ints, semitones: Ints) -> list[Ints]:
    """Return all inputs of the network, of cells moved by `semitones[batch]`.

    `cells` and `attacks` are `[batch, step, voice]`, `place` is `[batch, step, field]`.
    """
    moved = transpose_cells(cells, semitones)
    return [moved, attacks, place_with_shift(place, semitones), neighbour_values(moved)]


def key_shifts(cells: Ints) -> Ints:
    """Return the semitones, -6 to 6, by which each of `cells[batch, step, voice]` is moved for its key, `[batch]`.

    The key is that of the given notes, weighted by their durations; where they are too few, nothing is moved.
    """
    given = (cells > REST) & (cells < MASKED)
    row, pitch_class = np.nonzero(given)[0], (cells[given] + LOWEST_PITCH - 1) % 12
    weights = np.bincount(12 * row + pitch_class, minlength=12 * len(cells)).reshape(-1, 12).astype(np.float64)
    keys = estimate_key_numbers(weights)
    major = keys + 3 * (keys >= 12)
    return nearest_shift(np.where(keys < 0, 0, -major))


def nearest_shift(semitones: Ints) -> Ints:
    """Return the shift to the same pitch classes by no more than a tritone: -5 to 6 semitones."""
    return (6 - (6 - semitones) % 12).astype(np.int32)


def transpose_cells(cells: Ints, semitones: Ints) -> Ints:
    """Return the network's values of cells (or pitch indices) `[batch, step, voice]`, moved by `semitones[batch]`."""
    moved = cells + semitones[:, None, None] + _TRITONE
    kept = np.where(cells >= MASKED, cells - MASKED + TRANSPOSED_MASKED, REST)
    return np.where((cells > REST) & (cells < MASKED), moved, kept).astype(np.int32)


def place_with_shift(place: Ints, semitones: Ints) -> Ints:
    """Return `place[batch, step, field]` with one more field: by how much the notes were moved."""
    shift = np.broadcast_to((semitones + _TRITONE)[:, None, None], (*place.shape[:2], 1))
    return np.concatenate([place, shift], axis=2).astype(np.int32)


def untranspose_logits(logits: Floats, semitones: Ints) -> Floats:
    """Return logits of our pitch indices from the network's `logits[n, voice, value]`, moved by `semitones[n]`."""
    moved = np.empty((*logits.shape[:2], PITCH_INDEX_COUNT), logits.dtype)
    moved[..., 0] = logits[..., 0]
    shifts = np.unique(semitones).tolist()
    for shift in shifts:
        rows = slice(None) if len(shifts) == 1 else semitones == shift
        lowest = 1 + _TRITONE + shift
        moved[rows, :, 1:] = logits[rows, :, lowest : lowest + PITCH_INDEX_COUNT - 1]
    return moved


# ---------------------------------------------------------------- neighbours: where a musician would look first

MELODIC_STEPS = (-1, 1, -4, 4)
"""Distances in steps to further notes of the cell's voice, besides the nearest given ones before and after."""
HARMONIC_STEPS = (0, -1, 1)
"""Distances in steps to notes of the other three voices."""
MELODIC_COUNT = 2 + len(MELODIC_STEPS)
HARMONIC_COUNT = len(HARMONIC_STEPS) * (len(VOICES) - 1)
NEIGHBOUR_COUNT = MELODIC_COUNT + HARMONIC_COUNT
_OTHER_VOICES = np.array([[other for other in range(len(VOICES)) if other != voice] for voice in range(len(VOICES))])


def neighbour_values(cells: Ints) -> Ints:
    """Return the neighbours' values of transposed `cells[batch, step, voice]`: `[batch, step, voice, neighbour]`.

    First come those of its own voice: the nearest given one before and after, then those `MELODIC_STEPS` away; then
    those of the other voices, from the highest to the lowest, for each of `HARMONIC_STEPS`. `TRANSPOSED_MASKED` also
    stands for a neighbour that does not exist.
    """
    reach = max(map(abs, (*MELODIC_STEPS, *HARMONIC_STEPS)))
    padded = np.full((len(cells), cells.shape[1] + 2 * reach, len(VOICES)), TRANSPOSED_MASKED, np.int32)
    padded[:, reach:-reach] = cells
    values = np.empty((*cells.shape, NEIGHBOUR_COUNT), np.int32)
    values[..., 0] = _last_given(cells)
    values[..., 1] = _last_given(cells[:, ::-1])[:, ::-1]
    values[..., 2:] = padded.reshape(len(cells), -1).take(_neighbour_places(cells.shape[1], reach), axis=1)
    return values


@lru_cache(maxsize=8)
def _neighbour_places(steps: int, reach: int) -> NDArray[np.intp]:
    """Return where the neighbours at fixed distances lie in the cells padded by `reach`: `[step, voice, neighbour]`."""
    voices = np.arange(len(VOICES))[:, None]
    offsets = np.concatenate(
        [
            len(VOICES) * np.array(MELODIC_STEPS) + voices,
            (len(VOICES) * np.array(HARMONIC_STEPS)[:, None] + _OTHER_VOICES[:, None]).reshape(len(VOICES), -1),
        ],
        axis=1,
    )
    return len(VOICES) * (reach + np.arange(steps))[:, None, None] + offsets


def _last_given(cells: Ints) -> Ints:
    """Return the last given value before each cell in its voice."""
    given = cells < TRANSPOSED_MASKED
    steps: Ints = np.arange(cells.shape[1], dtype=np.int32)[:, None]
    last: Ints = np.maximum.accumulate(np.where(given, steps, -1), axis=1)
    before: Ints = np.concatenate([np.full_like(last[:, :1], -1), last[:, :-1]], axis=1)
    return np.where(before < 0, TRANSPOSED_MASKED, np.take_along_axis(cells, np.maximum(before, 0), axis=1)).astype(
        np.int32
    )
