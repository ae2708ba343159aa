"""Octave folding, and the names of keys and modes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.music.notes import best_octave_shift, fold_into_range, key_on_final
from bachbridge.music.tonality.key_names import parse_key, parse_mode_final


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


@pytest.mark.parametrize(
    ("name", "key", "final"),
    [
        ("D dorian", (0, False), 2),
        ("E Phrygian", (0, False), 4),
        ("bb lydian", (5, False), 10),
        ("G mixolydian", (0, False), 7),
        ("F# aeolian", (9, False), 6),
        ("C ionian", (0, False), 0),
        ("E♭ dorian", (1, False), 3),
        ("D minor", (2, True), -1),
        ("F♯m", (6, True), -1),
        ("D locrian", None, -1),
        ("H dorian", (9, False), 11),
        ("auto", None, -1),
    ],
)
def test_parse_key_knows_the_modes(name: str, key: tuple[int, bool] | None, final: int) -> None:
    assert parse_key(name) == key
    assert parse_mode_final(name) == final


@pytest.mark.parametrize(("name", "tonic_key"), [("D dorian", (2, True)), ("G mixolydian", (7, False))])
def test_key_on_final_has_the_third_of_the_mode(name: str, tonic_key: tuple[int, bool]) -> None:
    key = parse_key(name)
    assert key
    assert key_on_final(key, parse_mode_final(name)) == tonic_key
