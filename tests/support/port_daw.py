"""A fake DAW for tests: it plays to BachBridge and keeps track of the notes that sound in its synthesizer."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import mido

from bachbridge.cli.bench.fake_daw import FakeDaw
from bachbridge.errors import PortError
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.effects import Failed, Message
from tests.support.simulated_receiver import Receiver

PATIENCE_S = 20.0
"""Longer than any step takes on a busy machine; a test that waits this long fails."""


class Daw:
    """A `FakeDaw` and the synthesizer behind it."""

    def __init__(self, source: str | None = OUTPUT_NAME, sink: str | None = INPUT_NAME, client: str = "DAW") -> None:
        """Connect to these ports, or open virtual ones for None."""
        self.received: list[tuple[int, bytes]] = []
        self._receiver = Receiver()
        self._daw = FakeDaw(source, sink, client)

    @property
    def sounding(self) -> set[tuple[int, int]]:
        return self._receiver.sounding

    def send(self, data: bytes) -> None:
        self._daw.send(mido.Message.from_bytes(data))

    def play(self, *pitches: int) -> None:
        """Press and release the keys one after the other."""
        for pitch in pitches:
            self._daw.play(0, pitch)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Receive messages until the condition holds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            try:
                self._process(*self._daw.receive(max(0.0, deadline_s - time.monotonic())))
            except PortError:
                raise AssertionError(f"sounding {sorted(self.sounding)} after {self.received[-8:]}") from None

    def receive_pending(self) -> None:
        """Process the messages that have arrived by now."""
        for at_ns, data in self._daw.receive_pending():
            self._process(at_ns, data)

    def wait_until_silent(self) -> None:
        self.wait_until(lambda: not self.sounding)

    def _process(self, at_ns: int, data: bytes) -> None:
        self.received.append((at_ns, data))
        self._receiver.receive(data)

    def close(self) -> None:
        self._daw.close()


@contextmanager
def daw(source: str | None = OUTPUT_NAME, sink: str | None = INPUT_NAME, client: str = "DAW") -> Generator[Daw]:
    """Yield a `Daw` whose ports are closed at the end."""
    opened = Daw(source, sink, client)
    try:
        yield opened
    finally:
        opened.close()


MessageT = TypeVar("MessageT", bound=Message)


def await_message(link: EngineLink, kind: type[MessageT], received: list[Message] | None = None) -> MessageT:
    """Return the engine's next message of that kind; add it and all messages before it to `received`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        message = link.receive(0.5)
        if message is not None and received is not None:
            received.append(message)
        if isinstance(message, kind):
            return message
        assert not isinstance(message, Failed), message
    raise AssertionError(f"no {kind.__name__} came")
