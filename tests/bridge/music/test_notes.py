"""Tests for octave folding."""

from hypothesis import given
from hypothesis import strategies as st

from bachbridge.music.notes import best_octave_shift, fold_into_range


@given(st.integers(-60, 190))
def test_fold_into_range_moves_by_octaves_and_no_further(pitch: int) -> None:
    found = fold_into_range(pitch, 0, 127)
    assert 0 <= found <= 127
    assert (found - pitch) % 12 == 0
    assert found == pitch if 0 <= pitch <= 127 else min(found, 127 - found) < 12


@given(st.lists(st.integers(0, 127), min_size=1), st.integers(0, 5))
def test_best_octave_shift_fits_most_with_smallest_move(pitches: list[int], max_octaves: int) -> None:
    def count_fitting(shift: int) -> int:
        return sum(60 <= pitch + shift <= 81 for pitch in pitches)

    shift = best_octave_shift(count_fitting, max_octaves)
    assert shift % 12 == 0
    assert abs(shift) <= 12 * max_octaves
    for other in range(-12 * max_octaves, 12 * max_octaves + 1, 12):
        assert (count_fitting(other), -abs(other)) <= (count_fitting(shift), -abs(shift))
