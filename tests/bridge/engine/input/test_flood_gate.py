"""The gate that leaves out notes of a flood."""

import random

from bachbridge.engine.input.flood_gate import FloodGate
from bachbridge.midi import messages as midi
from tests.support.simulated_receiver import Receiver
from tests.support.virtual_driver import MS, S

ON, OFF = midi.note_on(0, 60, 80), midi.note_off(0, 60)


def test_flood_gate_lets_ordinary_delays_pass() -> None:
    gate = FloodGate()
    assert gate.admits(ON, 300 * MS, 12)
    assert gate.admits(ON, 1 * MS, 500)
    assert gate.admits(OFF, 10 * S, 500)
    assert gate.shed_count == 0


def test_flood_gate_leaves_out_whole_notes() -> None:
    gate = FloodGate()
    assert not gate.admits(ON, 9 * MS, 40)
    assert not gate.admits(OFF, 9 * MS, 40)
    assert gate.shed_count == 1
    assert gate.admits(ON, 0, 0)
    assert gate.admits(OFF, 0, 0)


def test_flood_gate_ends_a_note_that_was_struck_again() -> None:
    gate = FloodGate()
    assert gate.admits(ON, 0, 0)
    assert not gate.admits(ON, 9 * MS, 40)
    assert gate.admits(OFF, 9 * MS, 40)


def test_flood_gate_leaves_out_what_is_too_old() -> None:
    assert not FloodGate().admits(ON, 500 * MS, 0)


def test_flood_gate_keeps_pedals_clock_and_panic() -> None:
    gate = FloodGate()
    for data in (midi.control_change(0, 64, 0), midi.control_change(3, 123, 0), midi.STOP, midi.CLOCK_PULSE):
        assert gate.admits(data, 9 * S, 9999)
    assert not gate.admits(midi.control_change(0, 1, 5), 9 * S, 9999)
    assert not gate.admits(b"\xe0\x00\x40", 9 * S, 9999)
    assert gate.admits(midi.control_change(0, 1, 5), 0, 9)


def test_flood_gate_hangs_no_note_of_a_random_flood() -> None:
    gate, rng, receiver, held = FloodGate(), random.Random(4), Receiver(), set[int]()
    sent = admitted = 0
    for _ in range(5000):
        pitch = rng.randrange(40, 60)
        data = midi.note_off(0, pitch) if pitch in held else midi.note_on(0, pitch, 80)
        held ^= {pitch}
        sent += pitch in held
        if gate.admits(data, rng.choice((0, 9 * MS)), rng.choice((0, 99))):
            receiver.receive(data)
            admitted += pitch in held
    for pitch in held:
        if gate.admits(midi.note_off(0, pitch), 9 * MS, 99):
            receiver.receive(midi.note_off(0, pitch))
    assert not receiver.sounding
    assert sent - admitted == gate.shed_count > 500
