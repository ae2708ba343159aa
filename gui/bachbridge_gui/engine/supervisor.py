"""The window's end of the engine process, and a supervisor that restarts the engine when it dies.

The engine's messages are pulled once a frame. A death is reported as `EngineEnded`, the next start as
`EngineStarted`; the new engine gets the present settings. On a machine without a MIDI system the engine works without
ports, so that the window can still be tried out, and is replaced once a MIDI system appears.
"""

from collections.abc import Callable
from typing import Protocol

from bachbridge.process.restart import RestartBackoff
from bachbridge.protocol.events import ModelUp, PortsChanged
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Failed, Message
from bachbridge.settings import Settings

_RESTART_PAUSES_S = (0.1, 1.0, 5.0)
"""Pauses before the next restarts of an engine that was never ready."""
_TRIAL_PAUSES_NS = (5_000_000_000, 10_000_000_000, 20_000_000_000, 30_000_000_000)
"""Pauses before the trials of ports; a trial that fails takes about 0.2 s of one core."""
_MAX_MESSAGES_PER_FRAME = 2_000


class EngineClient(Protocol):
    """An engine process at the other end of a pipe."""

    def send(self, message: Message) -> None: ...
    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Return the next message, or None if none arrives in time; `EOFError` if the engine has ended."""
        ...

    def close(self) -> int: ...


StartEngine = Callable[[Settings, bool], EngineClient]
"""Starts an engine with these settings, with MIDI ports (True) or without."""


class EngineSupervisor:
    """Used on the window's thread; nothing in it waits."""

    def __init__(self, start: StartEngine, current_settings: Callable[[], Settings], first_settings: Settings) -> None:
        """Start an engine with `first_settings`; later engines get what `current_settings` returns then."""
        self._start, self._current_settings = start, current_settings
        self._backoff = RestartBackoff(_RESTART_PAUSES_S)
        self._restart_ns: int | None = None
        """Time of the next start, while there is no engine."""
        self._failure_text = ""
        self._start_to_report: EngineStarted | None = None
        """Reported at the next start; None if the reason of the engine's end should stay readable."""
        self._ports_worked = False
        self._pending: list[Message] = []
        self._trial: EngineClient | None = None
        """An engine that tries whether there is a MIDI system by now."""
        self._trial_ns: int | None = None
        """Time of the next trial."""
        self._trial_count = 0
        self.with_ports = True
        """True if the engine has MIDI ports; False if it plays to the window alone."""
        self._client: EngineClient | None = start(first_settings, True)

    @property
    def is_alive(self) -> bool:
        return self._client is not None

    def send(self, message: Message) -> None:
        """Send a message to the engine. It is lost while there is none, but a new engine gets all settings."""
        if self._client:
            self._client.send(message)

    def receive_pending(self, now_ns: int) -> list[Message]:
        """Return the messages since the last call; restart a dead engine when it is due."""
        messages, self._pending = self._pending, []
        if self._client is None:
            return [*messages, *self._restart_if_due(now_ns)]
        try:
            while len(messages) < _MAX_MESSAGES_PER_FRAME and (message := self._client.receive(0)) is not None:
                messages.append(message)
                match message:
                    case Failed(error):
                        self._failure_text = error
                    case ModelUp():
                        self._backoff.reset()
                    case PortsChanged(_, output_name) if output_name and self.with_ports:
                        self._ports_worked = True
                    case _:
                        pass
        except EOFError:
            messages.append(self._handle_death(now_ns))
        return [*messages, *self._look_for_ports(now_ns)]

    def restart(self, start: StartEngine) -> None:
        """End the engine and start another one at once, because other ports were chosen."""
        self._start = start
        self._end_trial()
        self._trial_ns, self._trial_count = None, 0
        if self._client:
            self._client.close()
            self._client = None
        self._backoff.reset()
        self.with_ports, self._restart_ns = True, None
        self._client = self._start(self._current_settings(), True)
        self._pending.append(EngineStarted(again=False))

    def close(self) -> None:
        """End the engine and start no other."""
        client, self._client = self._client, None
        self._restart_ns = None
        self._end_trial()
        if client:
            client.close()

    def _handle_death(self, now_ns: int) -> EngineEnded:
        client, self._client = self._client, None
        if client:
            client.close()
        failure, self._failure_text = self._failure_text, ""
        # Ports worked before, so retry with ports: JACK may need a moment to restart.
        without_ports = bool(failure) and self.with_ports and not self._ports_worked
        if without_ports:
            self.with_ports = False
        self._start_to_report = None if without_ports else EngineStarted(again=True)
        pause_s = self._backoff.record_death()
        self._restart_ns = now_ns + (0 if without_ports else round(pause_s * 1e9))
        return EngineEnded(failure)

    # ------------------------------------------------------------ a MIDI system that appears later

    def _look_for_ports(self, now_ns: int) -> list[Message]:
        """While there are no ports, try an engine with ports now and then, and use it once it has opened them."""
        if self.with_ports or self._client is None:
            return []
        if self._trial is None:
            if self._trial_ns is None:
                self._trial_ns = now_ns + _TRIAL_PAUSES_NS[0]
            elif now_ns >= self._trial_ns:
                self._trial = self._start(self._current_settings(), True)
            return []
        messages: list[Message] = []
        try:
            while (message := self._trial.receive(0)) is not None:
                messages.append(message)
                if isinstance(message, PortsChanged) and message.output:
                    self._use_trial()
                    return [EngineStarted(again=False), *messages]
        except EOFError:
            self._end_trial()
            self._trial_count += 1
            self._trial_ns = now_ns + _TRIAL_PAUSES_NS[min(self._trial_count, len(_TRIAL_PAUSES_NS) - 1)]
        return []

    def _use_trial(self) -> None:
        """Put the engine with ports in the place of the one without."""
        if self._client:
            self._client.close()
        self._client, self._trial, self._trial_ns = self._trial, None, None
        self.with_ports = self._ports_worked = True

    def _end_trial(self) -> None:
        trial, self._trial = self._trial, None
        if trial:
            trial.close()

    def _restart_if_due(self, now_ns: int) -> list[Message]:
        if self._restart_ns is None or now_ns < self._restart_ns:
            return []
        self._restart_ns = None
        self._client = self._start(self._current_settings(), self.with_ports)
        start, self._start_to_report = self._start_to_report, None
        return [start] if start else []
