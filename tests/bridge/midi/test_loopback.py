"""The ends of a loopback that are chosen on Windows, from lists of ports as rtmidi has shown them to people."""

import pytest

from bachbridge.midi.loopback import (
    LoopbackPorts,
    complete_ports,
    daw_ports,
    find_loopback,
    is_loopback,
    loopback_text,
)

SYNTH = "Microsoft GS Wavetable Synth"


def numbered(*names: str) -> list[str]:
    """Return the names as rtmidi lists them on Windows."""
    return [f"{name} {place}" for place, name in enumerate(names)]


def pair(stem: str) -> tuple[str, str]:
    return f"{stem} (A)", f"{stem} (B)"


def two_way(first: str, second: str) -> LoopbackPorts:
    return LoopbackPorts(first, first, second, second)


def one_way(ours: str, theirs: str) -> LoopbackPorts:
    return LoopbackPorts(ours, theirs, ours, theirs)


DEFAULT = two_way(*pair("Default App Loopback"))
BASIC = "Default Basic App Loopback"
LOOP_MIDI = one_way("loopMIDI Port", "loopMIDI Port 1")
YOKE = ("In From MIDI Yoke:  1", "In From MIDI Yoke:  2"), ("Out To MIDI Yoke:  1", "Out To MIDI Yoke:  2")

LISTS = {
    "windows 11 as it comes": (pair("Default App Loopback"), (SYNTH, *pair("Default App Loopback")), DEFAULT),
    "with a keyboard before it": (
        ("nanoKEY2", *pair("Default App Loopback")),
        (SYNTH, "nanoKEY2", *pair("Default App Loopback")),
        DEFAULT,
    ),
    "ends in another order": (
        tuple(reversed(pair("Default App Loopback"))),
        (SYNTH, *reversed(pair("Default App Loopback"))),
        DEFAULT,
    ),
    "with the basic loopback of late 2026": (
        (BASIC, *pair("Default App Loopback")),
        (SYNTH, BASIC, *pair("Default App Loopback")),
        DEFAULT,
    ),
    "the basic loopback alone": ((BASIC,), (SYNTH, BASIC), None),
    "a basic loopback and a loopMIDI port": (
        (BASIC, "loopMIDI Port"),
        (SYNTH, BASIC, "loopMIDI Port"),
        one_way(BASIC, "loopMIDI Port"),
    ),
    "a pair named after us": (
        (*pair("Default App Loopback"), *pair("BachBridge")),
        (SYNTH, *pair("Default App Loopback"), *pair("BachBridge")),
        two_way(*pair("BachBridge")),
    ),
    "a pair named by the user": (
        pair("Sequencer to Synth"),
        pair("Sequencer to Synth"),
        two_way(*pair("Sequencer to Synth")),
    ),
    "loopMIDI ports with bracketed letters": (
        pair("loopMIDI"),
        (SYNTH, *pair("loopMIDI")),
        one_way(*pair("loopMIDI")),
    ),
    "two letters in small": (("Loop (a)", "Loop (b)"), ("Loop (a)", "Loop (b)"), two_way("Loop (a)", "Loop (b)")),
    "names without brackets": (("LoopA", "LoopB"), (SYNTH, "LoopA", "LoopB"), two_way("LoopA", "LoopB")),
    "names of the documentation": (
        ("Perm Loopback 1A", "Perm Loopback 1B", "Perm Loopback 2A", "Perm Loopback 2B"),
        ("Perm Loopback 1A", "Perm Loopback 1B", "Perm Loopback 2A", "Perm Loopback 2B"),
        two_way("Perm Loopback 1A", "Perm Loopback 1B"),
    ),
    "a German name": (
        pair("Standard-App-Schleife"),
        (SYNTH, *pair("Standard-App-Schleife")),
        two_way(*pair("Standard-App-Schleife")),
    ),
    "a Japanese name with wide brackets": (
        ("既定のループバック\uff08A\uff09", "既定のループバック\uff08B\uff09"),
        (SYNTH, "既定のループバック\uff08A\uff09", "既定のループバック\uff08B\uff09"),
        two_way("既定のループバック\uff08A\uff09", "既定のループバック\uff08B\uff09"),
    ),
    "half a pair": (("Default App Loopback (A)",), (SYNTH, "Default App Loopback (A)"), None),
    "ends in one direction each": (("Default App Loopback (A)",), (SYNTH, "Default App Loopback (B)"), None),
    "one loopMIDI port": (("loopMIDI Port",), (SYNTH, "loopMIDI Port"), None),
    "two loopMIDI ports": (
        ("loopMIDI Port", "loopMIDI Port 1"),
        (SYNTH, "loopMIDI Port", "loopMIDI Port 1"),
        LOOP_MIDI,
    ),
    "three loopMIDI ports": (
        ("loopMIDI Port", "loopMIDI Port 1", "loopMIDI Port 2"),
        (SYNTH, "loopMIDI Port", "loopMIDI Port 1", "loopMIDI Port 2"),
        LOOP_MIDI,
    ),
    "loopMIDI ports named as we advise": (
        ("BachBridge Out", "BachBridge In"),
        (SYNTH, "BachBridge Out", "BachBridge In"),
        one_way("BachBridge In", "BachBridge Out"),
    ),
    "loopMIDI ports of others beside ours": (
        ("loopMIDI Port", "BachBridge In", "Keys", "BachBridge Out"),
        (SYNTH, "loopMIDI Port", "BachBridge In", "BachBridge Out"),
        one_way("BachBridge In", "BachBridge Out"),
    ),
    "loops whose names say the way": (
        ("loopMIDI to DAW", "loopMIDI from DAW"),
        (SYNTH, "loopMIDI to DAW", "loopMIDI from DAW"),
        one_way("loopMIDI from DAW", "loopMIDI to DAW"),
    ),
    "loopMIDI ports with letters are no pair": (
        ("loopMIDI A", "loopMIDI B"),
        (SYNTH, "loopMIDI A", "loopMIDI B"),
        one_way("loopMIDI A", "loopMIDI B"),
    ),
    "LoopBe1": (("LoopBe Internal MIDI",), (SYNTH, "LoopBe Internal MIDI"), None),
    "LoopBe30": (
        ("01. Internal MIDI", "02. Internal MIDI"),
        (SYNTH, "01. Internal MIDI", "02. Internal MIDI"),
        one_way("01. Internal MIDI", "02. Internal MIDI"),
    ),
    "MIDI Yoke": (YOKE[0], (SYNTH, *YOKE[1]), LoopbackPorts(YOKE[0][0], YOKE[1][1], YOKE[1][0], YOKE[0][1])),
    "devices alone": (("UM-ONE", "MIDIIN2 (Launchkey)"), (SYNTH, "UM-ONE", "MIDIOUT2 (Launchkey)"), None),
    "a looper pedal is no loop": (
        ("RC-505 Loop Station", "Looperlative", "Boss LoopStation"),
        ("RC-505 Loop Station", "Looperlative", "Boss LoopStation"),
        None,
    ),
    "two ports of one name": (("loopMIDI Port", "loopMIDI Port"), (SYNTH, "loopMIDI Port", "loopMIDI Port"), None),
    "a port that only sends": (("loopMIDI Port",), (SYNTH, "CoolSoft VirtualMIDISynth"), None),
    "MIDI Through": (("Midi Through Port-0",), ("Midi Through Port-0",), None),
    "nothing": ((), (), None),
}


@pytest.mark.parametrize("name", LISTS)
def test_find_loopback_chooses_the_right_ends(name: str) -> None:
    inputs, outputs, expected = LISTS[name]
    assert find_loopback(numbered(*inputs), numbered(*outputs)) == expected
    assert find_loopback(inputs, outputs) == expected


@pytest.mark.parametrize("name", [name for name, (_, _, found) in LISTS.items() if found])
def test_daw_ports_are_the_other_ends(name: str) -> None:
    inputs, outputs, found = LISTS[name]
    assert found
    assert daw_ports(found.input, found.output) == (found.daw_output, found.daw_input)
    assert found.daw_output in outputs
    assert found.daw_input in inputs
    text = loopback_text(numbered(*inputs), numbered(*outputs))
    assert f'send to "{found.daw_output}" and listen to "{found.daw_input}"' in text


@pytest.mark.parametrize("name", [name for name, (_, _, found) in LISTS.items() if not found])
def test_loopback_text_says_how_to_create_one(name: str) -> None:
    inputs, outputs, _ = LISTS[name]
    text = loopback_text(numbered(*inputs), numbered(*outputs))
    assert text.endswith(".")
    assert "create" in text
    assert ": " in text
    assert ("one way" in text) == (name in ("one loopMIDI port", "LoopBe1", "the basic loopback alone"))


def test_other_ports_have_no_far_end() -> None:
    assert daw_ports("BachBridge In", "BachBridge Out") == ("BachBridge In", "BachBridge Out")
    assert daw_ports("nanoKEY2", SYNTH) == ("nanoKEY2", SYNTH)
    assert not is_loopback("nanoKEY2")
    assert is_loopback("Default App Loopback (A)")
    assert is_loopback("loopMIDI Port 1")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((None, None), ("BachBridge In", "BachBridge Out")),
        (("Keys", SYNTH), ("Keys", SYNTH)),
        (("loop (B)", None), ("loop (B)", "Loop (B)")),
        ((None, "Loop (A)"), ("Loop (A)", "Loop (A)")),
        (("BachBridge In", None), ("BachBridge In", "BachBridge Out")),
        ((None, "BachBridge In"), ("BachBridge Out", "BachBridge In")),
        (("Keys", None), ("Keys", "BachBridge Out")),
    ],
)
def test_complete_ports_fits_the_port_that_was_named(
    named: tuple[str | None, str | None], expected: tuple[str, str]
) -> None:
    loops = ("BachBridge In", "BachBridge Out")
    pairs = ("Loop (A)", "Loop (B)")
    uses_pair = any("loop" in (name or "").casefold() for name in named)
    listed = ("Keys", *(pairs if uses_pair else loops))
    assert complete_ports(*named, numbered(*listed), numbered(SYNTH, *listed)) == expected


def test_complete_ports_needs_a_second_loop() -> None:
    loop = numbered("loopMIDI Port"), numbered(SYNTH, "loopMIDI Port")
    assert complete_ports("loopMIDI Port", None, *loop) is None
    assert complete_ports(None, None, *loop) is None
    assert complete_ports("Keys", None, *loop) == ("Keys", "loopMIDI Port")
