"""JACK servers that are killed and come back: soon noticed, and ports and connections are there again.

Servers that do not come back leave room for others.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import psutil
import pytest

from bachbridge.errors import PortError
from bachbridge.midi import jack as jack_module
from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer, ServerWatch, is_server_running
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import ModelUp, PortsChanged
from bachbridge.protocol.notices import Connections
from bachbridge.settings import Settings
from tests.loopback.test_engine_on_ports import HELD
from tests.support.port_daw import Daw, await_message, daw, wait_until

RESTARTS, SOAK_RESTARTS = 2, 30
SERVERS_AT_ONCE = 8
"""JACK's limit."""
_PAUSE_S = 0.01
SOURCE, SINK = "Rack Out", "Rack In"
CLOSED, OPEN = PortsChanged("", ""), PortsChanged(INPUT_NAME, OUTPUT_NAME)


def await_ports(link: EngineLink, wanted: PortsChanged) -> float:
    """Wait until the engine's ports have these names; return the time (s)."""
    while await_message(link, PortsChanged) != wanted:
        pass
    return time.monotonic()


def is_connected(watch: ServerWatch) -> bool:
    return all(watch.connected_ports(name) for name in (INPUT_NAME, OUTPUT_NAME))


def connect(watch: ServerWatch, link: EngineLink) -> None:
    """Connect both ports as a patch bay does, and wait until the engine knows it: it looks once a second."""
    wait_until(lambda: watch.connect(SOURCE, INPUT_NAME))
    wait_until(lambda: watch.connect(OUTPUT_NAME, SINK))
    while await_message(link, Connections) != Connections(1, 1):
        pass


def is_heard(rack: Daw) -> bool:
    """Strike a key and look whether a note comes back. JACK loses what comes just after a connection is made."""
    rack.send(midi.note_on(0, 60, 80))
    time.sleep(_PAUSE_S)
    rack.receive_pending()
    return bool(rack.sounding)


def play_and_lose_server(server: DummyServer, link: EngineLink, *, connects: bool) -> tuple[float, float]:
    """Play through a synthesizer's ports and kill the server under a key that is down.

    The synthesizer's ports come back before the server's clients do. Return how long the connections took to come
    back after its ports, and the loss of the server took to be noticed (s).
    """
    with daw(None, None, "Rack") as rack:
        begin_s = time.monotonic()
        watch = ServerWatch()
        if connects:
            connect(watch, link)
        connected_s = wait_until(lambda: is_connected(watch))
        wait_until(lambda: is_heard(rack))
        rack.send(midi.note_off(0, 60))
        rack.wait_until_silent()
        rack.send(midi.note_on(0, 62, 80))
        rack.wait_until(lambda: bool(rack.sounding))
        killed_s = time.monotonic()
        psutil.Process(server.pid).kill()
        noticed_s = await_ports(link, CLOSED)
        watch.close()
        server.stop()
    return connected_s - begin_s, noticed_s - killed_s


def restart_often(count: int) -> None:
    """Kill and start a server of our own so often, and print the times."""
    noticed_s, reopened_s, connected_s = list[float](), list[float](), list[float]()
    server = DummyServer(f"bachbridge-restarts-{os.getpid()}", 256)
    with server, EngineLink(Settings(thru=True, mode="off"), model_command=HELD) as link:
        await_message(link, ModelUp)
        for number in range(count):
            connecting_s, noticing_s = play_and_lose_server(server, link, connects=number == 0)
            noticed_s.append(noticing_s)
            connected_s += [connecting_s] if number else []
            server.start()
            begin_s = time.monotonic()
            reopened_s.append(await_ports(link, OPEN) - begin_s)
        assert link.close() == 0
    for name, times_s in (("noticed", noticed_s), ("ports", reopened_s), ("connections", connected_s)):
        print(f"{name}: {median(times_s):.2f} s p50, {max(times_s):.2f} s at most, of {len(times_s)}")


def test_killed_server_is_noticed_and_connections_return(jack: DummyServer) -> None:
    restart_often(RESTARTS)


def test_servers_that_were_killed_leave_room_for_another(jack: DummyServer) -> None:
    program = subprocess.Popen([sys.executable, "-c", ""])
    program.wait()
    names = [f"bachbridge-killed-{number}-{program.pid}" for number in range(SERVERS_AT_ONCE)]
    for name in names:
        with DummyServer(name) as server:
            psutil.Process(server.pid).kill()
    with DummyServer(f"bachbridge-after-{os.getpid()}"):
        assert is_server_running()
        assert os.environ["JACK_DEFAULT_SERVER"].startswith("bachbridge-after")
    # The places of the others are freed for later tests.
    for name in names:
        with DummyServer(name):
            pass


def test_server_that_does_not_start_says_why(
    jack: DummyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "jackd").write_text("#!/bin/sh\necho banner\necho No such card >&2\necho Failed to open >&2\nexit 1\n")
    (tmp_path / "jackd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(jack_module, "_START_S", 4.0)
    with pytest.raises(PortError, match=r"does not start \(No such card\)"), DummyServer("bachbridge-none"):
        pass
    assert os.environ["JACK_DEFAULT_SERVER"] == jack.name


@pytest.mark.soak
def test_many_killed_servers_lose_no_connection(jack: DummyServer) -> None:
    restart_often(SOAK_RESTARTS)
