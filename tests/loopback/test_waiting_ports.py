"""Waiting for ports that do not exist yet, and listing those that do, on a real JACK server."""

import os
import time

from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import Ports
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.notices import Connections
from tests.support.port_daw import daw, wait_until


def refresh_until(ports: Ports, state: PortsChanged) -> None:
    def has_state() -> bool:
        ports.refresh()
        return ports.state == state

    wait_until(has_state)


def test_refresh_opens_a_port_when_it_first_appears(jack: DummyServer) -> None:
    received: list[bytes] = []
    ports = Ports(
        "late keys out", "late keys in", lambda _, data: received.append(data), client="Us", wait_for_ports=True
    )
    try:
        assert ports.state == PortsChanged("", "")
        assert not ports.send(b"\x90\x3c\x40")
        assert not ports.refresh()
        for _ in range(2):
            with daw(None, None, "Late Keys") as keys:
                refresh_until(ports, PortsChanged("Late Keys:Late Keys Out", "Late Keys-01:Late Keys In"))
                wait_until(lambda: ports.connections() == Connections(1, 1))
                received.clear()
                keys.play(60)
                assert ports.send(b"\x90\x40\x40")
                keys.wait_until(lambda keys=keys: bool(keys.sounding))
                wait_until(lambda: len(received) == 2)
            refresh_until(ports, PortsChanged("", ""))
    finally:
        ports.close()


def test_refresh_waits_until_only_one_port_matches(jack: DummyServer) -> None:
    ports = Ports(None, "choir in", lambda _, __: None, client="Us", wait_for_ports=True)
    try:
        with daw(None, None, "Choir") as _:
            with daw(None, None, "Another Choir") as _:
                for _ in range(3):
                    ports.refresh()
                assert ports.state.output == ""
            refresh_until(ports, PortsChanged("Us In", "Choir-01:Choir In"))
    finally:
        ports.close()


def test_port_names_lists_other_ports_quickly(jack: DummyServer) -> None:
    ports = Ports(None, None, lambda _, __: None, client=f"BB{os.getpid()}")
    try:
        with daw(None, None, "Keys") as _:
            names = ports.port_names()
            assert "Keys:Keys Out" in names.inputs
            assert "Keys-01:Keys In" in names.outputs
            assert not [name for name in (*names.inputs, *names.outputs) if f"BB{os.getpid()}" in name]
            times: list[int] = []
            for _ in range(20):
                begin_ns = time.perf_counter_ns()
                ports.port_names()
                times.append(time.perf_counter_ns() - begin_ns)
            assert min(times) < 2_000_000, "notes have to wait meanwhile"
    finally:
        ports.close()
    assert ports.port_names().inputs == ()
