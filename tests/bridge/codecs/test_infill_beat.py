"""Tests for the beat that is inferred from the given cells."""

import numpy as np
import pytest

from bachbridge.codecs import infill_beat, infill_grid
from bachbridge.music.frames import Ints
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

BEATS = 12


def chords(first_phase: int, grid: int = infill_grid.SIXTEENTHS) -> Ints:
    """Return `[step, voice]`: a new chord on each beat, and a passing note of the bass on the second 8th of it."""
    steps = np.arange(BEATS * STEPS_PER_BEAT)
    cells = 20 + (steps // STEPS_PER_BEAT % 3 * 2)[:, None] + 4 * np.arange(len(VOICES))[::-1]
    cells[:, -1] += steps % STEPS_PER_BEAT // 2
    return cells[first_phase :: infill_grid.steps_per_cell(grid)].astype(np.int32)


def unknown_place(steps: int, grid: int = infill_grid.SIXTEENTHS) -> Ints:
    return infill_grid.place_features(None, np.full(steps, 16, np.int32), phase=None, grid=grid)


def inferred(seen: Ints, grid: int = infill_grid.SIXTEENTHS) -> Ints:
    return infill_beat.with_inferred_beat(seen[None], unknown_place(len(seen), grid)[None])[0]


@pytest.mark.parametrize("phase", range(STEPS_PER_BEAT))
def test_beat_of_16ths_is_found(phase: int) -> None:
    seen = chords(phase)
    expected = infill_grid.place_features(None, np.full(len(seen), 16, np.int32), phase=phase)
    assert np.array_equal(inferred(seen), expected)


@pytest.mark.parametrize("phase", [0, 2])
def test_beat_of_8ths_is_found(phase: int) -> None:
    seen = chords(phase, infill_grid.EIGHTHS)
    expected = infill_grid.place_features(None, np.full(len(seen), 16, np.int32), phase=phase, grid=infill_grid.EIGHTHS)
    assert np.array_equal(inferred(seen, infill_grid.EIGHTHS), expected)


@pytest.mark.parametrize("phase", range(STEPS_PER_BEAT))
def test_beat_is_found_around_masked_frames(phase: int) -> None:
    seen = chords(phase)
    seen[2::3] = infill_grid.MASKED
    assert inferred(seen)[0, 0] == 1 + phase


def test_beat_stays_unknown_where_nothing_tells_it() -> None:
    held = np.full((16, len(VOICES)), 20, np.int32)
    masked = np.full_like(held, infill_grid.MASKED)
    lonely = masked.copy()
    lonely[::8] = chords(0)[:16:8]
    for seen in (held[:2], held[:1], masked, lonely):
        assert not inferred(seen)[:, 0].any()


def test_given_beat_is_kept_and_no_input_is_changed() -> None:
    seen = np.stack([chords(0)] * 2)
    unknown = unknown_place(seen.shape[1])
    wrong = infill_grid.place_features(None, np.full(seen.shape[1], 16, np.int32), phase=3)
    place = np.stack([unknown, wrong])
    before = place.copy()
    told = infill_beat.with_inferred_beat(seen, place)
    assert np.array_equal(place, before)
    assert told[0, 0, 0] == 1
    assert np.array_equal(told[1], wrong)


def test_windows_on_both_grids_are_told_apart() -> None:
    sixteenths, eighths = chords(1)[:20], chords(2, infill_grid.EIGHTHS)[:20]
    place = np.stack([unknown_place(20), unknown_place(20, infill_grid.EIGHTHS)])
    told = infill_beat.with_inferred_beat(np.stack([sixteenths, eighths]), place)
    assert told[0, :3, 0].tolist() == [2, 3, 4]
    assert told[1, :3, 0].tolist() == [3, 1, 3]


def test_piece_begins_on_a_beat_unless_its_notes_tell_another() -> None:
    place = unknown_place(20)[None]
    masked = np.full((1, 20, len(VOICES)), infill_grid.MASKED, np.int32)
    assert infill_beat.with_inferred_beat(masked, place, whole_pieces=True)[0, 0, 0] == 1
    assert infill_beat.with_inferred_beat(chords(2)[None, :20], place, whole_pieces=True)[0, 0, 0] == 3
