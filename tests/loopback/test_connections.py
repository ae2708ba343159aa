"""Counts of the connections to our ports, on a real JACK server and from ALSA's list of clients."""

import os
import time

import pytest
import rtmidi

from bachbridge.midi.connections import UNKNOWN_CONNECTIONS, count_connections, parse_alsa_clients
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import Ports
from bachbridge.protocol.notices import Connections
from bachbridge.protocol.wire import dumps, loads

ALSA = """\
Client info
  cur  clients : 4
  peak clients : 5
  max  clients : 192

Client   0 : "System" [Kernel Legacy]
  Port   0 : "Timer" (Rwe-) [In/Out]
  Port   1 : "Announce" (R-e-) [In/Out]
    Connecting To: 129:0
Client 128 : "BachBridge" [User Legacy]
  Port   0 : "BachBridge Out" (R-e-) [In]
    Connecting To: 129:0, 130:2[r:0], 14:0[ex]
Client 129 : "A DAW" [User Legacy]
  Port   0 : "in" (-We-) [Out]
    Connected From: 128:0, 0:1
Client 131 : "BachBridge" [User Legacy]
  Port   0 : "BachBridge In" (-We-) [Out]
    Connected From: 129:1
"""


def test_parse_alsa_clients_counts_connections() -> None:
    assert parse_alsa_clients(ALSA, "BachBridge In", "BachBridge Out") == Connections(1, 3)
    assert parse_alsa_clients(ALSA, "in", "Timer") == Connections(2, 0)
    assert parse_alsa_clients(ALSA, "Another In", "Another Out") == UNKNOWN_CONNECTIONS
    assert parse_alsa_clients("", "in", "out") == UNKNOWN_CONNECTIONS


def test_connections_survive_the_round_trip_as_a_message() -> None:
    assert loads(dumps(Connections(0, -1))) == Connections(0, -1)


def test_connections_follow_jack(jack: DummyServer) -> None:
    name = f"BB{os.getpid()}"
    ports = Ports(None, None, lambda _, __: None, client=name)
    daw_in, daw_out = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="daw"), rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="daw")
    try:
        assert eventually(ports, Connections(0, 0))
        daw_in.open_port(index(daw_in.get_ports(), f"{name} Out"))
        assert eventually(ports, Connections(0, 1))
        daw_out.open_port(index(daw_out.get_ports(), f"{name} In"))
        assert eventually(ports, Connections(1, 1))
        assert quickest_ms(ports) < 2
        daw_in.close_port()
        assert eventually(ports, Connections(1, 0))
    finally:
        daw_in.delete()
        daw_out.delete()
        ports.close()
    assert count_connections("nobody's", "nobody's", None) == UNKNOWN_CONNECTIONS


def test_closed_ports_leave_those_of_the_same_name_connected(jack: DummyServer) -> None:
    name = f"BB{os.getpid()}"
    staying = Ports(None, None, lambda _, __: None, client=name)
    daw_out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="daw")
    try:
        daw_out.open_port(index(daw_out.get_ports(), f"{name} In"))
        assert eventually(staying, Connections(1, 0))
        Ports(None, None, lambda _, __: None, client=name).close()
        assert staying.connections() == Connections(1, 0)
    finally:
        daw_out.delete()
        staying.close()


def eventually(ports: Ports, expected: Connections) -> bool:
    """Return True if the connections become as expected; JACK reports a new one with its next period."""
    deadline_s = time.monotonic() + 5
    while ports.connections() != expected and time.monotonic() < deadline_s:
        time.sleep(0.005)
    return ports.connections() == expected


def quickest_ms(ports: Ports) -> float:
    """Return the shortest time of 20 counts (ms)."""
    times: list[int] = []
    for _ in range(20):
        start_ns = time.perf_counter_ns()
        ports.connections()
        times.append(time.perf_counter_ns() - start_ns)
    return min(times) / 1e6


def index(names: list[str], name: str) -> int:
    found = [number for number, candidate in enumerate(names) if candidate.endswith(name)]
    assert found, pytest.fail(f"{name} is not among {names}")
    return found[0]
