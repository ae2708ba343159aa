"""The engine's connection to the model process: one that hangs is ended and started again."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from bachbridge.engine.model_client import ModelClient
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, Cancel
from bachbridge.protocol.events import Answer, Event, ModelDown, ModelUp

PROGRAM = str(Path(__file__).parents[2] / "support/scripted_model.py")
TIMEOUT_S = 30.0
ASK = Ask(1, "continue", "chorale-lstm", Phrase((Note(0, 4, 60),), 4), 16, 1.0, 1.0, 1)


class Client:
    """A client of a scripted model, and its events."""

    def __init__(self, behaviour: str, reply_timeout_ns: int) -> None:
        self._events: SimpleQueue[Event] = SimpleQueue()
        self.client = ModelClient(
            [sys.executable, PROGRAM, behaviour], "chorale-lstm", self._events.put, reply_timeout_ns
        )

    def next_event(self) -> Event:
        """Return the next event, looking after the process while it waits."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while self._events.empty() and time.monotonic() < deadline_s:
            self.client.check_process()
        return self._events.get(timeout=1.0)


@pytest.fixture
def stuck() -> Iterator[Client]:
    client = Client("stuck", 1_000_000)
    yield client
    client.client.stop()


def test_hung_process_is_reported_and_started_again(stuck: Client) -> None:
    assert isinstance(stuck.next_event(), ModelUp)
    stuck.client.send(ASK)
    event = stuck.next_event()
    while isinstance(event, Answer):
        event = stuck.next_event()
    assert event == ModelDown("the model's process did not answer any more and is started again")
    assert isinstance(stuck.next_event(), ModelUp)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process by a signal")
@pytest.mark.parametrize("messages", [(), (ASK, Cancel())], ids=["idle", "withdrawn ask"])
def test_process_that_stands_still_is_started_again(messages: tuple[Ask | Cancel, ...]) -> None:
    client = Client("held", 500_000_000)
    try:
        assert isinstance(client.next_event(), ModelUp)
        assert client.client.pid is not None
        os.kill(client.client.pid, signal.SIGSTOP)
        for message in messages:
            client.client.send(message)
        assert client.next_event() == ModelDown("the model's process did not answer any more and is started again")
        assert isinstance(client.next_event(), ModelUp)
    finally:
        client.client.stop()


def test_finished_answer_is_not_taken_for_a_hang() -> None:
    client = Client("held", 10**12)
    try:
        assert isinstance(client.next_event(), ModelUp)
        client.client.send(ASK)
        answers = [client.next_event(), client.next_event()]
        assert all(isinstance(answer, Answer) for answer in answers)
        assert client.client.reply_due_ns is None
    finally:
        client.client.stop()
