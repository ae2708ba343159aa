"""Finding a port by a part of its name."""

import pytest

from bachbridge.errors import PortError
from bachbridge.midi.ports import match_port, strip_alsa_numbers

NAMES = ["Midi Through:Midi Through Port-0 14:0", "DAW:out 128:0", "DAW:out 2 128:1", "nanoKEY2:nanoKEY2 MIDI 1 20:0"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("nanokey", NAMES[3]),
        ("THROUGH", NAMES[0]),
        ("DAW:out", NAMES[1]),
        ("daw:OUT 2", NAMES[2]),
        ("daw:out 2 128:1", NAMES[2]),
        (" nanoKEY2 MIDI 1 ", NAMES[3]),
    ],
)
def test_a_name_is_found_by_a_part_and_an_equal_one_comes_first(wanted: str, found: str) -> None:
    assert match_port(wanted, NAMES, "input") == found


def test_alsas_numbers_are_no_part_of_a_name() -> None:
    assert strip_alsa_numbers(NAMES[1]) == "DAW:out"
    with pytest.raises(PortError, match="No input port fits"):
        match_port("128", NAMES, "input")


def test_twins_are_told_apart_by_their_numbers() -> None:
    twins = ["Keys:Keys 1 20:0", "Keys:Keys 1 24:0"]
    assert match_port("keys 1 24:0", twins, "output") == twins[1]
    with pytest.raises(PortError, match=r'Several output ports fit "keys", .*: "Keys:Keys 1 20:0", "Keys:Keys 1 24:0"'):
        match_port("keys", twins, "output")


@pytest.mark.parametrize("wanted", ["harpsichord", "", "  "])
def test_what_fits_nothing_is_told_with_the_candidates(wanted: str) -> None:
    with pytest.raises(PortError) as raised:
        match_port(wanted, NAMES, "input")
    assert all(f'"{name}"' in str(raised.value) for name in NAMES)


def test_where_there_is_no_port_at_all_the_sentence_says_so() -> None:
    with pytest.raises(PortError, match="there is none at all"):
        match_port("DAW", [], "input")
