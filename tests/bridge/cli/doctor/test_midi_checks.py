"""The doctor's checks of connections, feedback and the time through a port."""

import pytest

from bachbridge.cli.doctor.midi_checks import judge_connections, judge_loopback, judge_windows_loopback
from bachbridge.midi.connections import parse_alsa_connections
from bachbridge.midi.midi_system import PortListing
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME

ALSA_CLIENTS = """Client info
  cur  clients : 3
Client   0 : "System" [Kernel Legacy]
  Port   0 : "Timer" (Rwe-) [In/Out]
Client  20 : "Keyboard" [Kernel Legacy]
  Port   0 : "Keyboard MIDI 1" (RWeX) [In/Out]
    Connecting To: 128:0
Client 128 : "BachBridge" [User Legacy]
  Port   0 : "BachBridge In" (-We-) [In]
    Connected From: 20:0, 129:0
Client 129 : "BachBridge" [User Legacy]
  Port   0 : "BachBridge Out" (R-e-) [Out]
    Connecting To: 130:0, 128:0[real:0]
Client 130 : "ardour" [User Legacy]
  Port   0 : "midi_in 1" (-We-) [In]
    Connected From: 129:0
"""


def test_alsa_connections_are_named() -> None:
    assert parse_alsa_connections(ALSA_CLIENTS, INPUT_NAME, OUTPUT_NAME) == (
        ("Keyboard MIDI 1", "BachBridge Out"),
        ("midi_in 1", "BachBridge In"),
    )


def test_alsa_list_without_our_ports_says_nothing() -> None:
    clients = ALSA_CLIENTS.replace("BachBridge In", "Other")
    assert parse_alsa_connections(clients, INPUT_NAME, OUTPUT_NAME) == (None, ("midi_in 1", "Other"))


def test_feedback_is_found_and_explained() -> None:
    sources, sinks = parse_alsa_connections(ALSA_CLIENTS, INPUT_NAME, OUTPUT_NAME)
    assert sources
    assert sinks
    connections, feedback = judge_connections((sources, sinks), is_running=True)
    assert connections.level == "good"
    assert (feedback.check, feedback.level) == ("Feedback", "bad")
    assert "monitoring" in feedback.advice


@pytest.mark.parametrize("connected", [((), ("synth",)), (("keys",), ()), ((), ())])
def test_missing_connection_has_advice(connected: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    [finding] = judge_connections(connected, is_running=True)
    assert (finding.level, "BachBridge In" in finding.advice) == ("warning", True)


def test_connections_count_only_while_it_runs() -> None:
    assert judge_connections(((), ()), is_running=False) == []
    [unknown] = judge_connections(None, is_running=True)
    assert unknown.level == "good"


@pytest.mark.parametrize(("time_ms", "level"), [(1.4, "good"), (25, "warning")])
def test_loopback_is_judged_by_its_long_times(time_ms: float, level: str) -> None:
    finding = judge_loopback([1_000_000] * 50 + [int(time_ms * 1e6)] * 14)
    assert (finding.level, finding.figures["median_ms"]) == (level, 1.0)


def test_windows_loopback_is_found_or_advised() -> None:
    pair = ("Default App Loopback (A) 0", "Default App Loopback (B) 1")
    [found] = judge_windows_loopback(PortListing("MM", pair, pair), "win32")
    assert (found.level, "(B)" in found.fact) == ("good", True)
    [missing] = judge_windows_loopback(PortListing("MM", (), ("Microsoft GS Wavetable Synth 0",)), "win32")
    assert missing.level == "bad"
    assert missing.fact.endswith(".")
    assert missing.advice.startswith("Create the default loopback")
    assert judge_windows_loopback(PortListing("ALSA", (), ()), "linux") == []
