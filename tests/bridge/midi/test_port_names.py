"""Finding a port by part of its name."""

import pytest

from bachbridge.errors import PortError
from bachbridge.midi.port_names import match_port, strip_alsa_numbers, strip_port_numbers

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
def test_match_port_takes_an_equal_name_before_a_longer_one(wanted: str, found: str) -> None:
    assert match_port(wanted, NAMES, "input") == found


def test_strip_alsa_numbers_leaves_the_bare_name() -> None:
    assert strip_alsa_numbers(NAMES[1]) == "DAW:out"
    with pytest.raises(PortError, match="No input port matches"):
        match_port("128", NAMES, "input")


def test_match_port_tells_equal_names_apart_by_their_numbers() -> None:
    twins = ["Keys:Keys 1 20:0", "Keys:Keys 1 24:0"]
    assert match_port("keys 1 24:0", twins, "output") == twins[1]
    with pytest.raises(
        PortError, match=r'Several output ports match "keys": .* "Keys:Keys 1 20:0" or "Keys:Keys 1 24:0"'
    ):
        match_port("keys", twins, "output")


@pytest.mark.parametrize("wanted", ["harpsichord", "", "  "])
def test_unmatched_name_is_reported_with_all_port_names(wanted: str) -> None:
    with pytest.raises(PortError) as raised:
        match_port(wanted, NAMES, "input")
    assert all(f'"{name}"' in str(raised.value) for name in NAMES)


def test_missing_ports_are_reported_as_such() -> None:
    with pytest.raises(PortError, match="because there are none"):
        match_port("DAW", [], "input")


def test_strip_port_numbers_drops_the_place_in_the_list() -> None:
    assert strip_port_numbers(["loopMIDI Port 0", "loopMIDI Port 1 1"]) == ["loopMIDI Port", "loopMIDI Port 1"]
    assert strip_port_numbers(["Keys 0", "Synth"]) == ["Keys 0", "Synth"]
    assert strip_port_numbers(["Keys 0", "Keys 1", "Pads 2"]) == ["Keys 0", "Keys 1", "Pads"]
    assert strip_port_numbers([]) == []
    assert strip_port_numbers(NAMES)[1] == "DAW:out"


def test_match_port_prefers_the_name_without_its_place() -> None:
    listed = ["loopMIDI Port 0", "loopMIDI Port 1 1"]
    assert match_port("loopmidi port", listed, "input") == listed[0]
    assert match_port("loopMIDI Port 1", listed, "input") == listed[1]
    assert match_port("loopMIDI Port 1 1", listed, "input") == listed[1]
