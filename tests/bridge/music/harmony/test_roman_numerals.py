"""Roman numerals of chords in a key."""

import pytest

from bachbridge.music.harmony.chord_names import find_chord
from bachbridge.music.harmony.roman_numerals import roman_numeral
from bachbridge.music.tonality.key_names import parse_key


def numeral(pitches: tuple[int, ...], key: str) -> str:
    known = parse_key(key)
    assert known
    chord = find_chord(pitches, known)
    assert chord
    return roman_numeral(chord, known)


@pytest.mark.parametrize(
    ("pitches", "text"),
    [
        ((60, 64, 67), "I"),
        ((52, 60, 67), "I6"),
        ((55, 60, 64), "I64"),
        ((53, 57, 62), "ii6"),
        ((53, 57, 60, 62), "ii65"),
        ((52, 55, 59), "iii"),
        ((53, 57, 60), "IV"),
        ((53, 57, 60, 64), "IV7"),
        ((55, 59, 62, 65), "V7"),
        ((50, 59, 65, 67), "V43"),
        ((53, 59, 62, 67), "V42"),
        ((57, 60, 64), "vi"),
        ((50, 53, 59), "vii°6"),
        ((59, 62, 65, 69), "viiø7"),
        ((59, 62, 65, 68), "vii°7"),
        ((55, 60, 62), "Vsus4"),
        ((55, 62, 67), "V"),
        ((60, 64, 68), "I+"),
    ],
)
def test_numeral_of_a_chord_of_c_major(pitches: tuple[int, ...], text: str) -> None:
    assert numeral(pitches, "C") == text


@pytest.mark.parametrize(
    ("pitches", "text"),
    [
        ((62, 66, 69), "V/V"),
        ((54, 62, 69, 72), "V65/V"),
        ((60, 64, 67, 70), "V7/IV"),
        ((64, 68, 71, 74), "V7/vi"),
        ((61, 64, 67), "vii°/ii"),
        ((66, 69, 72, 75), "vii°7/V"),
        ((66, 69, 72, 76), "viiø7/V"),
        ((56, 60, 63), "bVI"),
        ((53, 61, 68), "bII6"),
        ((53, 56, 60), "iv"),
        ((62, 65, 68, 72), "iiø7"),
        ((58, 62, 65), "bVII"),
        ((55, 58, 62), "v"),
    ],
)
def test_numeral_of_a_chord_from_outside_c_major(pitches: tuple[int, ...], text: str) -> None:
    assert numeral(pitches, "C") == text


@pytest.mark.parametrize(
    ("pitches", "text"),
    [
        ((57, 60, 64), "i"),
        ((57, 61, 64), "I"),
        ((59, 62, 65), "ii°"),
        ((59, 62, 65, 69), "iiø7"),
        ((60, 64, 67), "III"),
        ((60, 64, 68), "III+"),
        ((62, 65, 69), "iv"),
        ((62, 66, 69), "IV"),
        ((64, 67, 71), "v"),
        ((64, 68, 71), "V"),
        ((64, 68, 71, 74), "V7"),
        ((65, 69, 72), "VI"),
        ((66, 69, 72), "vi°"),
        ((67, 71, 74), "VII"),
        ((67, 71, 74, 77), "V7/III"),
        ((68, 71, 74), "vii°"),
        ((68, 71, 74, 77), "vii°7"),
        ((57, 61, 64, 67), "V7/iv"),
        ((59, 63, 66), "V/V"),
        ((70, 74, 77), "bII"),
    ],
)
def test_numeral_of_a_chord_in_a_minor(pitches: tuple[int, ...], text: str) -> None:
    assert numeral(pitches, "A minor") == text


@pytest.mark.parametrize("pitches", [(60, 64, 67), (55, 59, 62, 65), (66, 69, 72, 75), (54, 62, 69, 72), (53, 61, 68)])
@pytest.mark.parametrize("shift", range(12))
def test_numeral_is_the_same_in_every_key(pitches: tuple[int, ...], shift: int) -> None:
    chord = find_chord([pitch + shift for pitch in pitches], (shift, False))
    assert chord
    assert roman_numeral(chord, (shift, False)) == numeral(pitches, "C")


def test_foreign_bass_leaves_the_figures_of_the_root_position() -> None:
    assert numeral((50, 60, 64, 67), "C") == "I"
