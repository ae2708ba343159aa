"""Spelling by the line of fifths."""

import pytest

from bachbridge.music.harmony.spelling import fifths_place, key_signature_fifths, place_name, spell


@pytest.mark.parametrize(
    ("key", "sharps"), [((6, False), 6), ((3, True), -6), ((1, False), -5), ((8, True), 5), ((0, True), -3)]
)
def test_key_signature_has_few_accidentals(key: tuple[int, bool], sharps: int) -> None:
    assert key_signature_fifths(key) == sharps


@pytest.mark.parametrize(
    ("place", "name"), [(0, "C"), (6, "F#"), (-6, "Gb"), (-2, "Bb"), (12, "B#"), (13, "G"), (-9, "A")]
)
def test_place_name_has_one_accidental_at_most(place: int, name: str) -> None:
    assert place_name(place) == name


def test_fifths_place_lies_among_twelve() -> None:
    assert [fifths_place(note, -3) for note in range(12)] == [0, 7, 2, -3, 4, -1, 6, 1, 8, 3, -2, 5]


def test_spell_gives_the_octave_of_the_written_step() -> None:
    assert spell(70, (5, False)) == ("B", -1, 4)
    assert spell(71, (6, False)) == ("B", 0, 4)
    assert spell(72, (6, False)) == ("B", 1, 4)
