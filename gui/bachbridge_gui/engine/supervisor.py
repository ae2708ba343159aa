"""The window's end of the engine: two methods, and a supervisor that starts it again when it dies.

What the engine says is pulled, once a frame. A death is told in words as a `Status` of topic "engine"; the new engine
gets the settings as they are by then. Where the machine has no MIDI system the engine works without ports: the window
can be tried out all the same.
"""

from collections.abc import Callable
from typing import Protocol

from bachbridge.protocol.events import Failed, Message, ModelUp, PortsChanged, Status
from bachbridge.settings import Settings

_RESTART_DELAYS_NS = (100_000_000, 1_000_000_000, 5_000_000_000)
"""Before it is started again, while it dies without having been ready in between."""
_MAX_MESSAGES_PER_FRAME = 2_000
"""Messages that are taken in one frame at the most."""


class EngineClient(Protocol):
    """An engine at the other end of a pipe."""

    def send(self, message: Message) -> None: ...
    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message; None if none comes in time; `EOFError` if the engine has ended."""
        ...

    def close(self) -> int: ...


StartEngine = Callable[[Settings, bool], EngineClient]
"""Starts an engine with these settings, with ports or without."""


class EngineSupervisor:
    """Used on the window's thread; nothing in it waits."""

    def __init__(self, start: StartEngine, current_settings: Callable[[], Settings], first_settings: Settings) -> None:
        """Start an engine with the settings `first`; one that follows it gets those that `settings` says then."""
        self._start, self._current_settings = start, current_settings
        self._crash_count = 0
        self._restart_ns: int | None = None
        """When the engine is started again, while there is none."""
        self._failure_text = ""
        self._restart_text = ""
        """What is said when it is started again; nothing where the reason is to be read instead."""
        self._ports_worked = False
        self._pending: list[Message] = []
        self.with_ports = True
        """Whether the engine has ports, or plays to the window alone."""
        self._client: EngineClient | None = start(first_settings, True)

    @property
    def is_alive(self) -> bool:
        return self._client is not None

    def send(self, message: Message) -> None:
        """Say something to the engine; lost while there is none (settings are not: a new one is given all of them)."""
        if self._client:
            self._client.send(message)

    def receive_pending(self, now_ns: int) -> list[Message]:
        """What the engine has said since the last time."""
        told, self._pending = self._pending, []
        if self._client is None:
            return [*told, *self._restart_if_due(now_ns)]
        try:
            while len(told) < _MAX_MESSAGES_PER_FRAME and (message := self._client.receive(0)) is not None:
                told.append(message)
                match message:
                    case Failed(error):
                        self._failure_text = error
                    case ModelUp():
                        self._crash_count = 0
                    case PortsChanged(_, sink) if sink and self.with_ports:
                        self._ports_worked = True
                    case _:
                        pass
        except EOFError:
            told.append(self._handle_death(now_ns))
        return told

    def restart(self, start: StartEngine) -> None:
        """End the engine and start another one at once, because other ports were chosen."""
        self._start = start
        if self._client:
            self._client.close()
            self._client = None
        self._crash_count, self.with_ports, self._restart_ns = 0, True, None
        self._client = self._start(self._current_settings(), True)
        self._pending.append(Status("engine", "The engine was started"))

    def close(self) -> None:
        """End the engine, in order."""
        client, self._client = self._client, None
        self._restart_ns = None
        if client:
            client.close()

    def _handle_death(self, now_ns: int) -> Status:
        client, self._client = self._client, None
        if client:
            client.close()
        failure, self._failure_text = self._failure_text, ""
        # Where there were ports there will be ports again: the MIDI system may need a moment to mourn.
        without = bool(failure) and self.with_ports and not self._ports_worked
        if without:
            self.with_ports = False
        self._restart_text = "" if without else "The engine was started again"
        self._restart_ns = now_ns + (
            0 if without else _RESTART_DELAYS_NS[min(self._crash_count, len(_RESTART_DELAYS_NS) - 1)]
        )
        self._crash_count += 1
        return Status("engine", failure or "The engine has ended unexpectedly and is started again")

    def _restart_if_due(self, now_ns: int) -> list[Message]:
        if self._restart_ns is None or now_ns < self._restart_ns:
            return []
        self._restart_ns = None
        self._client = self._start(self._current_settings(), self.with_ports)
        return [Status("engine", self._restart_text)] if self._restart_text else []
