"""The other side of the ports: a program that plays to BachBridge and hears what comes back."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TypeVar

from bachbridge.midi import messages as midi
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import Failed, Message
from tests.support.simulated_receiver import Receiver

PATIENCE_S = 20.0
"""Longer than anything takes on a busy machine; a test waits so long only to fail."""


class Daw:
    """Ports as another program has them, and what a synthesizer behind them would have sounding."""

    def __init__(self, source: str | None = OUTPUT_NAME, sink: str | None = INPUT_NAME, client: str = "DAW") -> None:
        """Connect to these ports, or open virtual ones for None."""
        self._arrivals: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self.received: list[tuple[int, bytes]] = []
        self._receiver = Receiver()
        self._ports = Ports(source, sink, lambda at_ns, data: self._arrivals.put((at_ns, data)), client=client)

    @property
    def sounding(self) -> set[tuple[int, int]]:
        return self._receiver.sounding

    def send(self, data: bytes) -> None:
        assert self._ports.send(data)

    def play(self, *pitches: int) -> None:
        """Strike and release the keys one after the other."""
        for pitch in pitches:
            self.send(midi.note_on(0, pitch, 80))
            self.send(midi.note_off(0, pitch))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Listen until the condition holds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            try:
                self._receive(*self._arrivals.get(timeout=max(0.0, deadline_s - time.monotonic())))
            except Empty:
                raise AssertionError(f"sounding {sorted(self.sounding)} after {self.received[-8:]}") from None

    def receive_pending(self) -> None:
        """Take in what has arrived by now."""
        while not self._arrivals.empty():
            self._receive(*self._arrivals.get())

    def wait_until_silent(self) -> None:
        self.wait_until(lambda: not self.sounding)

    def _receive(self, at_ns: int, data: bytes) -> None:
        self.received.append((at_ns, data))
        self._receiver.receive(data)

    def close(self) -> None:
        self._ports.close()


@contextmanager
def daw(source: str | None = OUTPUT_NAME, sink: str | None = INPUT_NAME, client: str = "DAW") -> Generator[Daw]:
    """A `Daw` that closes its ports."""
    opened = Daw(source, sink, client)
    try:
        yield opened
    finally:
        opened.close()


M = TypeVar("M", bound=Message)


def await_message(link: EngineLink, kind: type[M], received: list[Message] | None = None) -> M:
    """The engine's next message of that kind; all up to it are added to `told`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        message = link.receive(0.5)
        if message is not None and received is not None:
            received.append(message)
        if isinstance(message, kind):
            return message
        assert not isinstance(message, Failed), message
    raise AssertionError(f"no {kind.__name__} came")
