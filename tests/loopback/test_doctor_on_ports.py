"""The doctor on real ports: the time through one, and the connections of a BachBridge that runs."""

from bachbridge.cli.doctor.midi_checks import check_midi
from bachbridge.midi.jack import DummyServer, ServerWatch
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from tests.support.port_daw import daw


def test_doctor_measures_the_time_through_a_port(jack: DummyServer) -> None:
    ports, loopback = check_midi()
    assert ports.check == "MIDI"
    assert loopback.check == "Loopback"
    assert loopback.figures["median_ms"] > 0  # pyright: ignore[reportOperatorIssue] # a number


def test_doctor_finds_connections_and_feedback(jack: DummyServer) -> None:
    own = Ports(None, None, lambda *_: None)
    try:
        assert [finding.level for finding in check_midi()[1:]] == ["warning"]
        with daw():
            assert [(finding.check, finding.level) for finding in check_midi()] == [("MIDI", "good"), ("DAW", "good")]
            watch = ServerWatch()
            assert watch.connect(OUTPUT_NAME, INPUT_NAME)
            watch.close()
            assert [finding.check for finding in check_midi()] == ["MIDI", "DAW", "Feedback"]
    finally:
        own.close()
