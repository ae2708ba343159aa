"""Names of keys as people write them, in letters, signs and words of several languages."""

import pytest

from bachbridge.music.notes import key_name
from bachbridge.music.tonality.key_names import (
    key_remark,
    parse_key,
    parse_mode_final,
    similar_key_names,
    standard_key_name,
)

F_SHARP_MINOR = (
    *("F# minor", "F#m", "F♯m", "f# minor", "F# min", "F#-minor", "F sharp minor", "f-sharp minor", "Fsharp minor"),
    *("Fis-Moll", "fis moll", "fis-moll", "FIS MOLL", "F#-Moll", "fa dièse mineur", "fa# minore", "f#:min", "F♯ mi"),
)
NAMES = {
    **dict.fromkeys(F_SHARP_MINOR, "F# minor"),
    **dict.fromkeys(("Bb", "B♭", "B flat", "B flat major", "b-flat major", "B-Dur", "b dur", "Bes", "sib"), "Bb major"),
    **dict.fromkeys(("B", "B major", "H", "H-Dur", "h dur", "H major", "BM", "si majeur"), "B major"),
    **dict.fromkeys(("H-Moll", "h-moll", "B minor", "Bm", "hm"), "B minor"),
    **dict.fromkeys(("b-Moll", "B moll", "Bbm", "bb minor"), "Bb minor"),
    **dict.fromkeys(("Es-Dur", "Eb", "E flat", "Es", "mi bémol majeur"), "Eb major"),
    **dict.fromkeys(("as-moll", "G#m", "gis moll", "Ab minor"), "G# minor"),
    **dict.fromkeys(("Cis-Dur", "Des-Dur", "C#", "Db major"), "Db major"),
    **dict.fromkeys(("C", "c major", "CM", "Cmaj", "C-Dur", "do", "Do majeur", "  C  "), "C major"),
    **dict.fromkeys(("Am", "a minor", "A-Moll", "la mineur", "A_minor"), "A minor"),
    **dict.fromkeys(("D dorian", "d-dorisch", "Ddor", "re dorian"), "D dorian"),
    **dict.fromkeys(("B mixolydian", "H mixolydisch"), "B mixolydian"),
    **dict.fromkeys(("B lydisch", "Bb Lydian"), "Bb lydian"),
    "E äolisch": "E aeolian",
    "Fis phrygisch": "F# phrygian",
}


@pytest.mark.parametrize("name", NAMES)
def test_key_names_are_understood(name: str) -> None:
    assert parse_key(name) is not None
    assert standard_key_name(name) == NAMES[name]
    assert key_remark(name) == ""


def test_standard_name_is_parsed_as_itself() -> None:
    for name in NAMES.values():
        assert standard_key_name(name) == name
    for tonic in range(12):
        for minor in (False, True):
            assert parse_key(key_name((tonic, minor))) == (tonic, minor)


@pytest.mark.parametrize(("name", "standard"), [("f♯", "F# minor"), ("g", "G minor"), ("es", "Eb minor")])
def test_small_letter_is_minor_and_explained(name: str, standard: str) -> None:
    assert standard_key_name(name) == standard
    assert standard in key_remark(name)
    assert "major" in key_remark(name)


@pytest.mark.parametrize("name", ["", "X", "auto", "12", "C##", "A-", "Moll", "F# maj7", "C locrian", "Fiss-Moll", "I"])
def test_other_texts_are_no_keys(name: str) -> None:
    assert parse_key(name) is None
    assert parse_mode_final(name) == -1
    assert standard_key_name(name) == name


def test_locrian_key_has_a_proposal() -> None:
    assert similar_key_names("H lokrisch") == ("B minor", "B phrygian")
    assert similar_key_names("waltz") == ()
