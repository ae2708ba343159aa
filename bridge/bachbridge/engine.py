"""The engine's process: one thread owns the session, the agenda and the output port.

Its loop waits for the next event or for the session's deadline, whichever is first, feeds the session and performs the
effects. Everything else happens on other threads and comes in through the inbox: rtmidi's callback, the starter's
commands, the model's answers, the watch over the ports. When the starter's pipe closes, whatever the reason, the notes
are ended, the output port is closed, and only then does the process exit.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from bachbridge import link, realtime
from bachbridge.config import from_table
from bachbridge.errors import BachBridgeError, PortError
from bachbridge.events import (
    Ask,
    Cancel,
    Effect,
    Event,
    Failed,
    Feed,
    Health,
    Message,
    Midi,
    ModelDown,
    ModelUp,
    PortsChanged,
    Quit,
    Received,
    Send,
    Sent,
    Setting,
    Tick,
    dumps,
)
from bachbridge.record import LogWriter
from bachbridge.session import Session

_HEALTH_NS = 1_000_000_000
_WATCH_S = 1.0
_RESTART_S = (0.1, 1.0, 5.0)
"""How long to wait before the model's process is started again: the first time, the second, and from then on."""


class Out(Protocol):
    """Where notes go and come from: real ports, or the starter's pipe alone."""

    names: tuple[str, str]

    def open(self) -> None: ...
    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class PipeOnly:
    """No ports: the player's messages come as events, the answer is seen in the `Sent` notices."""

    names: tuple[str, str] = ("pipe", "pipe")

    def open(self) -> None:
        pass

    def send(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Lateness:
    """How late messages went out, in ns, since the start (the last `_KEPT` of them)."""

    values: list[int] = field(default_factory=lambda: [])
    count: int = 0
    worst: int = 0

    _KEPT = 10_000

    def add(self, late_ns: int) -> None:
        self.count += 1
        self.worst = max(self.worst, late_ns)
        self.values.append(late_ns)

    def health(self) -> Health:
        del self.values[: -self._KEPT]
        ordered = sorted(self.values) or [0]
        p50, p99 = (ordered[int(q * (len(ordered) - 1))] for q in (0.5, 0.99))
        return Health(self.count, p50, p99, self.worst)


class Performer:
    """Carries out the session's effects. On the engine's thread only."""

    def __init__(self, out: Out, tell: Callable[[Message], None], ask: Callable[[Message], None]) -> None:
        self._out, self._tell, self._ask = out, tell, ask
        self._lateness = Lateness()
        self._told_ns = 0

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data, due_ns):
                    self._send(data, due_ns)
                case Feed() | Ask() | Cancel():
                    self._ask(effect)
                case _:
                    self._tell(effect)

    def _send(self, data: bytes, due_ns: int) -> None:
        now_ns = time.monotonic_ns()
        self._out.send(data)
        self._lateness.add(now_ns - due_ns)
        self._tell(Sent(data, due_ns, now_ns))
        if now_ns - self._told_ns > _HEALTH_NS:
            self._told_ns = now_ns
            self._tell(self._lateness.health())


Inbox = SimpleQueue[tuple[int, Event]]


def run(
    session: Session,
    inbox: Inbox,
    perform: Callable[[list[Effect]], None],
    log: LogWriter | None = None,
    admit: Callable[[Event], Event] = lambda event: event,
) -> None:
    """Feed the session what comes, and a `Tick` when its deadline does, until it has been fed `Quit`.

    `admit` sees each event first and returns what is fed instead (the ports are opened and closed there).
    """
    last_ns = 0
    while True:
        stamp_ns, event = _next(inbox, session.deadline)
        event = admit(event)
        # A callback's stamp may lie a little before the last deadline that was served; time never runs backwards.
        last_ns = max(last_ns, stamp_ns)
        effects = session.feed(last_ns, event)
        perform(effects)
        if log:
            log.event(last_ns, event)
            log.effects(last_ns, effects)
        if isinstance(event, Quit):
            return


def _next(inbox: Inbox, deadline_ns: int | None) -> tuple[int, Event]:
    """The next event with its stamp, or a tick at the deadline (ns; None: wait for an event)."""
    while True:
        now_ns = time.monotonic_ns()
        if deadline_ns is not None and now_ns >= deadline_ns:
            return now_ns, Tick()
        try:
            return inbox.get(timeout=None if deadline_ns is None else (deadline_ns - now_ns) / 1e9)
        except Empty:
            continue


class Brain:
    """The model's process, started again when it dies. `send` on any thread."""

    def __init__(self, command: list[str], model: str, feed: Callable[[Event], None]) -> None:
        self._command, self._model, self._feed = command, model, feed
        self._starts = 0
        self._closing = False
        self._lock = threading.Lock()
        self._child: link.Child | None = None
        self._start()

    def _start(self) -> None:
        with self._lock:
            if self._closing:
                return
            self._child = link.Child(self._command, self._heard, self._ended, environment=link.environment_of())
            self._child.send(Setting("model", self._model))

    def _heard(self, message: Message) -> None:
        """On the reading thread."""
        self._feed(message)  # pyright: ignore[reportArgumentType]  # it sends Answer, ModelUp and ModelDown only

    def _ended(self) -> None:
        """On the reading thread: the process is gone."""
        if self._closing:
            return
        wait_s = _RESTART_S[min(self._starts, len(_RESTART_S) - 1)]
        self._starts += 1
        self._feed(ModelDown("the model's process ended unexpectedly and is started again"))
        timer = threading.Timer(wait_s, self._start)
        timer.daemon = True
        timer.start()

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def send(self, message: Message) -> None:
        if isinstance(message, Setting):
            self._model = str(message.value)
        if self._child:
            self._child.send(message)

    def stop(self) -> None:
        with self._lock:
            self._closing = True
        if self._child:
            self._child.stop()


@dataclass(frozen=True, slots=True)
class Configuration:
    """The engine's first line of input."""

    settings: dict[str, Any]
    input: str | None = None
    output: str | None = None
    ports: str = "real"
    """ "real", or "none" for the pipe alone."""
    log: str | None = None
    modelhost: list[str] = field(default_factory=lambda: link.command_of("modelhost"))
    """The command of the model's process."""


class Engine:
    """The threads around the session, put together."""

    def __init__(self, configuration: Configuration) -> None:
        self.inbox: Inbox = SimpleQueue()
        settings = from_table(configuration.settings)
        self._session = Session(settings)
        self._log = LogWriter(Path(configuration.log), settings) if configuration.log else None
        self._ports = self._make_ports(configuration)
        source, sink = link.own_pipes()
        self._starter = link.Pipe(source, sink, self._commanded, self._abandoned)
        self._brain = Brain(configuration.modelhost, settings.model, self._told)
        self._watching = (configuration.input, configuration.output) if configuration.ports == "real" else None

    def _make_ports(self, configuration: Configuration) -> Out:
        if configuration.ports == "none":
            return PipeOnly()
        from bachbridge.ports import Ports

        return Ports(configuration.input, configuration.output, self._played)

    # ------------------------------------------------------------ on other threads

    def _put(self, event: Event) -> None:
        self.inbox.put((time.monotonic_ns(), event))

    def _played(self, stamp_ns: int, data: bytes) -> None:
        self.inbox.put((stamp_ns, Midi(data)))
        self._starter.send(Received(data, stamp_ns))

    def _commanded(self, message: Message) -> None:
        if isinstance(message, Midi):
            self._played(time.monotonic_ns(), message.data)
            return
        if isinstance(message, Setting) and message.name == "model":
            self._brain.send(message)
        self._put(message)  # pyright: ignore[reportArgumentType]  # a starter sends events only

    def _abandoned(self) -> None:
        self._put(Quit("the program that started the engine has ended"))

    def _told(self, event: Event) -> None:
        if isinstance(event, ModelUp | ModelDown):
            self._starter.send(event)
        self._put(event)

    def _watch(self, input_name: str | None, output_name: str | None) -> None:
        """Say when ports vanish, and when they are there again."""
        from bachbridge.ports import Watch

        watch, there = Watch(input_name, output_name), True
        while True:
            time.sleep(_WATCH_S)
            if (now := watch.present()) != there:
                there = now
                self._put(_PORTS_BACK if there else _PORTS_GONE)

    # ------------------------------------------------------------ on the engine's thread

    def _admit(self, event: Event) -> Event:
        if event == _PORTS_GONE:
            self._ports.close()
        elif event == _PORTS_BACK:
            event = self._open()
        if isinstance(event, PortsChanged):
            self._starter.send(event)
        return event

    def _open(self) -> PortsChanged:
        """Open the ports again; they may be gone once more."""
        try:
            self._ports.open()
        except PortError:
            return _PORTS_GONE
        return PortsChanged(*self._ports.names)

    def play(self) -> None:
        """Open the ports and play until `Quit`; raises `PortError` if there are none at the start."""
        self._ports.open()
        self._put(PortsChanged(*self._ports.names))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: self._put(Quit(signal.Signals(number).name)))
        if self._watching:
            threading.Thread(target=self._watch, args=self._watching, name="port watch", daemon=True).start()
        self._starter.start()
        performer = Performer(self._ports, self._starter.send, self._brain.send)
        realtime.prepare_engine()
        try:
            run(self._session, self.inbox, performer.perform, self._log, self._admit)
        finally:
            # In the border case of a defect of ours, too: nothing may be left sounding.
            performer.perform(self._session.feed(time.monotonic_ns(), Quit("the engine ends")))
            self._ports.close()

    def close(self, failure: str = "") -> None:
        """End the other threads and processes; the last word to the starter is `failure`, if any."""
        self._brain.stop()
        if self._log:
            self._log.close()
        if failure:
            self._starter.send(Failed(failure))
        self._starter.flush(_FLUSH_S)


_PORTS_GONE, _PORTS_BACK = PortsChanged("", ""), PortsChanged("?", "?")
_FLUSH_S = 1.0


def main() -> None:
    """`python -m bachbridge.engine`, started through `link`; exits 1 after `Failed`."""
    engine, failure = None, ""
    try:
        engine = Engine(Configuration(**json.loads(sys.stdin.buffer.readline() or b"{}")))
        engine.play()
    except BachBridgeError as error:
        failure = str(error)
    except Exception as error:  # noqa: BLE001  # the process's border: report, after `play` has silenced everything
        traceback.print_exc()
        failure = f"the engine failed ({type(error).__name__}: {error}); please report what is printed above"
    if engine:
        engine.close(failure)
    elif failure:
        print(dumps(Failed(failure)), flush=True)
    # rtmidi's and the reading threads are of no use any more, and some of them cannot be joined.
    os._exit(1 if failure else 0)


if __name__ == "__main__":
    main()
