"""The window's end of the engine: two methods, and a supervisor that starts it again when it dies.

What the engine says is pulled, once a frame. A death is told in words as a `Status` of topic "engine"; the new engine
gets the settings as they are by then. Where the machine has no MIDI system the engine works without ports: the window
can be tried out all the same.
"""

from collections.abc import Callable
from typing import Protocol

from bachbridge.protocol.events import Failed, Message, ModelUp, PortsChanged, Status
from bachbridge.settings import Settings

_PAUSES_NS = (100_000_000, 1_000_000_000, 5_000_000_000)
"""Before it is started again, while it dies without having been ready in between."""
_AT_ONCE = 2_000
"""Messages that are taken in one frame at the most."""


class Client(Protocol):
    """An engine at the other end of a pipe."""

    def send(self, message: Message) -> None: ...
    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message; None if none comes in time; `EOFError` if the engine has ended."""
        ...

    def close(self) -> int: ...


Start = Callable[[Settings, bool], Client]
"""Starts an engine with these settings, with ports or without."""


class Supervisor:
    """Used on the window's thread; nothing in it waits."""

    def __init__(self, start: Start, settings: Callable[[], Settings], first: Settings) -> None:
        """Start an engine with the settings `first`; one that follows it gets those that `settings` says then."""
        self._start, self._settings = start, settings
        self._deaths = 0
        self._again_ns: int | None = None
        """When the engine is started again, while there is none."""
        self._failure = ""
        self._word = ""
        """What is said when it is started again; nothing where the reason is to be read instead."""
        self._had_ports = False
        self.ports = True
        """Whether the engine has ports, or plays to the window alone."""
        self._client: Client | None = start(first, True)

    @property
    def alive(self) -> bool:
        return self._client is not None

    def send(self, message: Message) -> None:
        """Say something to the engine; lost while there is none (settings are not: a new one is given all of them)."""
        if self._client:
            self._client.send(message)

    def pull(self, now_ns: int) -> list[Message]:
        """What the engine has said since the last time."""
        if self._client is None:
            return self._revive(now_ns)
        told: list[Message] = []
        try:
            while len(told) < _AT_ONCE and (message := self._client.receive(0)) is not None:
                told.append(message)
                match message:
                    case Failed(error):
                        self._failure = error
                    case ModelUp():
                        self._deaths = 0
                    case PortsChanged(_, sink) if sink and self.ports:
                        self._had_ports = True
                    case _:
                        pass
        except EOFError:
            told.append(self._bury(now_ns))
        return told

    def restart(self, start: Start, now_ns: int) -> list[Message]:
        """End the engine and start another: other ports were chosen."""
        self._start = start
        if self._client:
            self._client.close()
            self._client = None
        self._deaths, self.ports, self._word = 0, True, "The engine was started"
        self._again_ns = now_ns
        return self._revive(now_ns)

    def close(self) -> None:
        """End the engine, in order."""
        client, self._client = self._client, None
        self._again_ns = None
        if client:
            client.close()

    def _bury(self, now_ns: int) -> Status:
        client, self._client = self._client, None
        if client:
            client.close()
        failure, self._failure = self._failure, ""
        # Where there were ports there will be ports again: the MIDI system may need a moment to mourn.
        without = bool(failure) and self.ports and not self._had_ports
        if without:
            self.ports = False
        self._word = "" if without else "The engine was started again"
        self._again_ns = now_ns + (0 if without else _PAUSES_NS[min(self._deaths, len(_PAUSES_NS) - 1)])
        self._deaths += 1
        return Status("engine", failure or "The engine has ended unexpectedly and is started again")

    def _revive(self, now_ns: int) -> list[Message]:
        if self._again_ns is None or now_ns < self._again_ns:
            return []
        self._again_ns = None
        self._client = self._start(self._settings(), self.ports)
        return [Status("engine", self._word)] if self._word else []
