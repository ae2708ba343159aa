"""Tests for the infilling network's inputs: cells, attacks, places, neighbours and transposition."""

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.music.frames import LOWEST_PITCH, PITCH_INDEX_COUNT, REST, UNKNOWN, pitch_index
from bachbridge.music.notes import VOICE_RANGES, VOICES

NONE = infill_grid.TRANSPOSED_MASKED


def test_canvas_masks_unknown_cells() -> None:
    classes = np.array([[30, UNKNOWN, REST, 5]], np.int32)
    task = infill_grid.Canvas(
        classes,
        np.zeros((1, 4), bool),
        np.zeros((1, infill_grid.PLACE_FIELD_COUNT), np.int32),
        infill_grid.voice_range_mask(1),
    )
    assert task.masked.tolist() == [[False, True, False, False]]
    assert infill_grid.mask_cells(classes, task.masked).tolist() == [[30, infill_grid.MASKED, REST, 5]]


def test_attack_values_cover_known_cells_only() -> None:
    onsets, known = np.array([[True, False, True, False]]), np.array([[True, True, False, False]])
    assert infill_grid.attack_values(onsets, known).tolist() == [
        [infill_grid.ATTACK_ONSET, infill_grid.ATTACK_HELD, infill_grid.ATTACK_UNKNOWN, infill_grid.ATTACK_UNKNOWN]
    ]


def test_place_features_with_bar_lines() -> None:
    rows = infill_grid.place_features(np.array([10, 11, 0], np.int32), np.array([12, 12, 16], np.int32))
    assert rows.tolist() == [[3, 11, 2, 0], [4, 12, 2, 0], [1, 1, 3, 0]]


def test_place_features_without_bar_lines() -> None:
    bars = np.full(3, 16, np.int32)
    assert infill_grid.place_features(None, bars, phase=2)[:, 0].tolist() == [3, 4, 1]
    assert infill_grid.place_features(None, bars, phase=1, grid=infill_grid.EIGHTHS).tolist() == [
        [2, 0, 0, 1],
        [4, 0, 0, 1],
        [2, 0, 0, 1],
    ]
    assert not infill_grid.place_features(None, bars, phase=None).any()


def test_place_features_stay_within_table_sizes() -> None:
    bars = np.array([3, 7, 16, 80], np.int32)
    rows = infill_grid.place_features(np.array([2, 6, 15, 79], np.int32), bars, grid=infill_grid.EIGHTHS)
    assert (rows >= 0).all()
    assert (rows < np.array(infill_grid.PLACE_SIZES)).all()


def test_voice_range_mask_allows_each_voices_range() -> None:
    allowed = infill_grid.voice_range_mask(2)
    for voice, (low, high) in enumerate(VOICE_RANGES):
        classes = np.flatnonzero(allowed[1, voice] == 0)
        assert (classes[0], classes[-1], len(classes)) == (
            pitch_index(low),
            pitch_index(high),
            high - low + 1,
        )


@pytest.fixture
def cells() -> np.ndarray:
    """Six steps; the soprano has two given notes, the bass a rest."""
    rows = np.full((1, 6, len(VOICES)), NONE, np.int32)
    rows[0, 0, 0], rows[0, 4, 0], rows[0, 2, 3], rows[0, 1, 1] = 40, 42, REST, 30
    return rows


def test_neighbours_include_nearest_given_notes(cells: np.ndarray) -> None:
    around = infill_grid.neighbour_values(cells)
    assert around.shape == (1, 6, 4, infill_grid.NEIGHBOUR_COUNT)
    assert around[0, :, 0, 0].tolist() == [NONE, 40, 40, 40, 40, 42], "never the cell itself"
    assert around[0, :, 0, 1].tolist() == [42, 42, 42, 42, NONE, NONE]
    assert around[0, :, 3, 0].tolist() == [NONE, NONE, NONE, 0, 0, 0], "a rest is given as well"


def test_neighbours_include_notes_at_fixed_distances(cells: np.ndarray) -> None:
    around = infill_grid.neighbour_values(cells)
    assert around[0, 1, 0, 2] == 40, "a step before"
    assert around[0, 3, 0, 3] == 42, "a step after"
    assert around[0, 4, 0, 4] == 40, "a beat before"
    assert around[0, 0, 0, 5] == 42, "a beat after"


def test_neighbours_list_other_voices_from_the_top(cells: np.ndarray) -> None:
    around = infill_grid.neighbour_values(cells)
    now, before, after = (
        around[0, :, 2, infill_grid.MELODIC_COUNT + 3 * n : infill_grid.MELODIC_COUNT + 3 * n + 3] for n in range(3)
    )
    assert now[2].tolist() == [NONE, NONE, REST]
    assert before[1].tolist() == [40, NONE, NONE]
    assert after[0].tolist() == [NONE, 30, NONE]


def test_neighbours_ignore_cells_beyond_the_end(cells: np.ndarray) -> None:
    cells[0, 4:] = infill_grid.TRANSPOSED_OUTSIDE
    assert (infill_grid.neighbour_values(cells)[0, :, 0, 1] == NONE).all(), "cells outside are not given"


# ---------------------------------------------------------------- transposition to one key

C_MAJOR = np.array([48, 52, 55, 60, 64, 67, 71, 72, 65, 62, 60, 48]) - LOWEST_PITCH + 1


def melody_cells(shift: int, step: int = 2) -> np.ndarray:
    """Return a melody in C major moved by `shift`, in the tenor; the other voices are masked but for one rest."""
    cells = np.full((1, len(C_MAJOR), len(VOICES)), infill_grid.MASKED, np.int32)
    cells[0, :, 2] = C_MAJOR + shift
    cells[0, step, 0] = REST
    return cells


@pytest.mark.parametrize("shift", range(-6, 6))
def test_transposed_cells_are_equal_in_every_key(shift: int) -> None:
    cells = melody_cells(shift)
    by = infill_grid.key_shifts(cells)
    assert by.tolist() == [-shift]
    assert np.array_equal(
        infill_grid.transpose_cells(cells, by), infill_grid.transpose_cells(melody_cells(0), np.zeros(1, np.int32))
    )


def test_key_shifts_are_zero_without_given_notes() -> None:
    assert infill_grid.key_shifts(np.full((2, 5, 4), infill_grid.MASKED, np.int32)).tolist() == [0, 0]


def test_nearest_shift_is_at_most_a_tritone() -> None:
    moves = infill_grid.nearest_shift(np.arange(-12, 13, dtype=np.int32))
    assert sorted({*moves.tolist()}) == list(range(-5, 7))
    assert ((moves - np.arange(-12, 13)) % 12 == 0).all()


def test_transpose_cells_moves_pitches_only() -> None:
    cells = np.array([[[REST, infill_grid.MASKED, infill_grid.OUTSIDE, 1]]], np.int32)
    moved = infill_grid.transpose_cells(cells, np.array([-6], np.int32))
    assert moved.tolist() == [[[REST, infill_grid.TRANSPOSED_MASKED, infill_grid.TRANSPOSED_OUTSIDE, 1]]]


@pytest.mark.parametrize("by", [-5, 0, 6])
def test_untranspose_logits_inverts_transpose_cells(by: int) -> None:
    shift = np.full(1, by, np.int32)
    for pitch_class in (REST, 1, 30, PITCH_INDEX_COUNT - 1):
        logits = np.zeros((1, 1, infill_grid.TRANSPOSED_INDEX_COUNT), np.float32)
        logits[0, 0, infill_grid.transpose_cells(np.full((1, 1, 1), pitch_class, np.int32), shift)[0, 0, 0]] = 1
        assert np.flatnonzero(infill_grid.untranspose_logits(logits, shift)[0, 0]).tolist() == [pitch_class]


def test_network_inputs_include_the_shift() -> None:
    cells, by = melody_cells(3), np.array([-3], np.int32)
    attacks = np.zeros_like(cells)
    place = infill_grid.place_features(None, np.full(cells.shape[1], 16, np.int32))[None]
    moved, same_attacks, where, around = infill_grid.network_inputs(cells, attacks, place, by)
    assert np.array_equal(moved, infill_grid.transpose_cells(cells, by))
    assert same_attacks is attacks
    assert where[0, :, -1].tolist() == [3] * cells.shape[1]
    assert (where < np.array(infill_grid.TRANSPOSED_PLACE_SIZES)).all()
    assert np.array_equal(around, infill_grid.neighbour_values(moved))
