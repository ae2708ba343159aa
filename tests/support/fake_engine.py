"""An engine for the window's tests: the real session in virtual time, with the interface of `EngineClient`.

MIDI that it would send to a port is reported as `Sent`, MIDI that is played as `Received`. The model is that of the
virtual driver.
"""

from collections import deque

from bachbridge.protocol.effects import Effect, Report, Send
from bachbridge.protocol.events import Answer, AskRefused, Event, LinkState, Midi, ModelDown, ModelUp, PortsChanged
from bachbridge.protocol.notices import Failed, Message, Notice, Received, Sent
from bachbridge.settings import Settings
from tests.support.virtual_driver import Driver

NO_MIDI = "This machine has no MIDI system: install one."


def engine_messages(at_ns: int, message: Event | Effect) -> list[Message]:
    """Return the messages with which the engine reports an event or an effect."""
    match message:
        case Send(data, due_ns):
            return [Sent(data, due_ns, at_ns)]
        case Midi(data):
            return [Received(data, at_ns)] if data[0] < 0xF8 else []
        case Answer() | PortsChanged() | ModelUp() | ModelDown() | AskRefused() | LinkState():
            return [message]
        case _ if isinstance(message, Report | Notice):
            return [message]
        case _:
            return []


class FakeEngine:
    """An `EngineClient`. `run` lets time pass; `die` closes its pipe."""

    def __init__(self, settings: Settings | None = None, *, ports: bool = True, midi: bool = True) -> None:
        """`midi`: True if the machine has a MIDI system."""
        self.driver = Driver(settings or Settings())
        self.received: list[Message] = []
        """Messages of the window."""
        self.closed = self.dead = False
        self._reported_count = 0
        self._outgoing: deque[Message] = deque()
        if ports and not midi:
            self.emit(Failed(NO_MIDI))
            self.die()
            return
        self.feed(PortsChanged("BachBridge In", "BachBridge Out") if ports else PortsChanged("pipe", "pipe"))
        self.feed(ModelUp("chorale-lstm", 400_000))

    def feed(self, event: Event) -> None:
        """Pass an event to the session."""
        self.driver.feed(event)
        self._collect()

    def run(self, until_ns: int) -> None:
        """Let time pass."""
        self.driver.run(until_ns)
        self._collect()

    def emit(self, message: Message) -> None:
        """Send a message to the window."""
        self._outgoing.append(message)

    def die(self) -> None:
        self.dead = True

    def send(self, message: Message) -> None:
        self.received.append(message)
        if isinstance(message, Event):
            self.feed(message)

    def receive(self, timeout_s: float | None = None) -> Message | None:
        if self._outgoing:
            return self._outgoing.popleft()
        if self.dead:
            raise EOFError
        return None

    def close(self) -> int:
        self.closed = True
        return 0

    def _collect(self) -> None:
        for at_ns, _, message in self.driver.log[self._reported_count :]:
            self._outgoing.extend(engine_messages(at_ns, message))
        self._reported_count = len(self.driver.log)
