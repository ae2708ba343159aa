"""Tests for finding General MIDI instruments by name, and for suggesting similar names."""

import pytest

from bachbridge.errors import ConfigError
from bachbridge.music.general_midi import INSTRUMENT_NAMES, closest_names, find_program
from bachbridge.settings import Settings, with_setting


def test_names_are_128_in_families_of_eight() -> None:
    assert len(INSTRUMENT_NAMES) == len(set(INSTRUMENT_NAMES)) == 128
    firsts = ["Acoustic Grand Piano", "Celesta", "Drawbar Organ", "Acoustic Guitar (nylon)", "Acoustic Bass", "Violin"]
    firsts += ["String Ensemble 1", "Trumpet", "Soprano Sax", "Piccolo", "Lead 1 (square)", "Pad 1 (new age)"]
    assert list(INSTRUMENT_NAMES[::8]) == [*firsts, "FX 1 (rain)", "Sitar", "Tinkle Bell", "Guitar Fret Noise"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Church Organ", 19),
        ("church-organ", 19),
        ("nylon", 24),
        ("harpsi", 6),
        ("1", 0),
        ("128", 127),
        ("GUNSHOT", 127),
    ],
)
def test_find_program_ignores_case_and_punctuation(name: str, found: int) -> None:
    assert find_program(name) == found


@pytest.mark.parametrize("name", ["", "0", "129", "organ", "kazoo", "²"])
def test_find_program_refuses_ambiguous_names(name: str) -> None:
    assert find_program(name) is None


def test_find_program_finds_every_full_name() -> None:
    assert [find_program(name) for name in INSTRUMENT_NAMES] == list(range(128))


def test_closest_names_suggests_similar_names() -> None:
    assert closest_names("Chruch Organ")[0] == "Church Organ"
    assert closest_names("organ") == ("Drawbar Organ", "Percussive Organ", "Rock Organ")
    assert closest_names("xq") != ()


def test_instrument_setting_suggests_similar_names() -> None:
    assert Settings().instrument == "none"
    assert with_setting(Settings(), "instrument", "church organ").instrument == "Church Organ"
    with pytest.raises(ConfigError, match='instrument cannot be "Chruch Organ": give "Church Organ"'):
        with_setting(Settings(), "instrument", "Chruch Organ")
