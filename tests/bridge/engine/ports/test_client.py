"""The engine's side of the process that owns the ports, with a stand-in for that process."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from bachbridge.engine.ports.client import PortClient
from bachbridge.errors import PortError
from bachbridge.midi import messages as midi
from bachbridge.protocol.events import PortsChanged

PROGRAM = str(Path(__file__).parents[3] / "support/fake_port_broker.py")
TIMEOUT_S = 20.0
OPEN, SHUT = PortsChanged("in", "out"), PortsChanged("", "")


class Ports:
    """A client, what arrives and what changes."""

    def __init__(self, behaviour: str) -> None:
        self.arrivals: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self.changes: SimpleQueue[PortsChanged] = SimpleQueue()
        command = [sys.executable, PROGRAM, behaviour]
        self.client = PortClient(
            "a", None, lambda *arrival: self.arrivals.put(arrival), self.changes.put, command=command
        )
        self.configuration = json.loads(self.arrivals.get(timeout=TIMEOUT_S)[1])

    def next_data(self) -> bytes:
        return self.arrivals.get(timeout=TIMEOUT_S)[1]


@pytest.fixture
def ports() -> Iterator[Ports]:
    ports = Ports("echo")
    yield ports
    ports.client.close()


def test_messages_go_to_the_process_and_come_back_with_times(ports: Ports) -> None:
    assert ports.configuration == {"input": "a", "output": None, "patient": False, "links": [], "client": ""}
    assert ports.client.state == OPEN
    before_ns = time.monotonic_ns()
    assert ports.client.send(midi.note_on(0, 60, 80))
    ports.client.flush()
    at_ns, data = ports.arrivals.get(timeout=TIMEOUT_S)
    assert data == midi.note_on(0, 60, 80)
    assert before_ns <= at_ns <= time.monotonic_ns()


def test_dead_process_is_replaced_and_its_notes_are_ended(ports: Ports) -> None:
    ports.client.send(midi.note_on(3, 60, 80))
    ports.client.flush()
    assert ports.next_data() == midi.note_on(3, 60, 80)
    ports.client.send(b"\xff")
    ports.client.flush()
    assert ports.changes.get(timeout=TIMEOUT_S) == SHUT
    assert not ports.client.send(midi.note_on(0, 61, 80)) or ports.client.state == OPEN
    assert ports.changes.get(timeout=TIMEOUT_S) == OPEN
    received = [ports.next_data() for _ in range(4)]
    configuration = json.loads(next(data for data in received if data.startswith(b"{")))
    assert configuration["links"] == [["BachBridge Out", "DAW:in"]]
    assert configuration["client"] == "BachBridge 2"
    assert midi.note_off(3, 60) in received


def test_refusal_is_raised_as_its_sentence() -> None:
    with pytest.raises(PortError, match="no port here"):
        Ports("fail")


def test_process_that_dies_while_it_opens_is_started_again(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_bytes(b"..")
    ports = Ports(str(deaths))
    assert ports.client.state == OPEN
    ports.client.close()


def test_process_that_never_opens_is_given_up(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_bytes(b"....")
    with pytest.raises(PortError, match="has ended"):
        Ports(str(deaths))
    assert deaths.read_bytes() == b"."


def test_closed_client_sends_nothing(ports: Ports) -> None:
    ports.client.close()
    ports.client.close()
    assert not ports.client.send(midi.note_on(0, 60, 80))
