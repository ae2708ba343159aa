"""The engine's process: one thread owns the session, its agenda and the ports.

Its loop waits for the next event or for the session's deadline, whichever is first, feeds the session and performs the
effects. Everything else happens on other threads and arrives in the inbox: rtmidi's callback, the starter's commands,
the model's answers. Once a second, when nothing is due within the next moment, it looks after the ports.

The starter's pipe may close for whatever reason, a signal may come, a defect of ours may show: the notes are ended,
the output port is closed, and only then does the process exit.
"""

import json
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from bachbridge.engine.latency_stats import LatencyStats, RecentLatencies
from bachbridge.engine.model_client import ModelClient
from bachbridge.engine.session import Session
from bachbridge.engine.session_log import LogWriter
from bachbridge.errors import BachBridgeError
from bachbridge.midi import messages as midi
from bachbridge.midi.ports import Ports
from bachbridge.process import ipc, realtime
from bachbridge.protocol.events import (
    Answer,
    Ask,
    AskRefused,
    Cancel,
    Command,
    Connections,
    Effect,
    Event,
    Failed,
    Feed,
    Health,
    ListPorts,
    Message,
    Midi,
    ModelDown,
    ModelUp,
    Plan,
    PlanRequest,
    PortNames,
    PortsChanged,
    Quit,
    Received,
    Send,
    Sent,
    Setting,
    Tick,
)
from bachbridge.settings import settings_from_table

_HOUSEKEEPING_INTERVAL_NS = 1_000_000_000
_HOUSEKEEPING_MARGIN_NS = 5_000_000
"""Chores wait for a moment in which nothing is due for so long."""


class SessionProtocol(Protocol):
    """What the loop needs of a session."""

    @property
    def deadline(self) -> int | None: ...
    def feed(self, now_ns: int, event: Event) -> list[Effect]: ...


class PortsProtocol(Protocol):
    """Where the notes go: real ports, or nowhere but into the `Sent` notices."""

    @property
    def state(self) -> PortsChanged: ...
    def send(self, data: bytes, /) -> bool: ...
    def refresh(self) -> bool: ...
    def port_names(self) -> PortNames: ...
    def connections(self) -> Connections: ...
    def close(self) -> None: ...


class ModelClientProtocol(Protocol):
    """Who answers."""

    def load(self, model_name: str) -> None: ...
    def send(self, message: Feed | Ask | PlanRequest | Cancel, /) -> object: ...
    def stop(self) -> None: ...


class NoPorts:
    """No ports: the player's messages come as events, and what is played is seen in the `Sent` notices."""

    state = PortsChanged("pipe", "pipe")

    def send(self, data: bytes) -> bool:  # noqa: ARG002 # the notice is all there is to it
        return True

    def refresh(self) -> bool:
        return False

    def port_names(self) -> PortNames:
        return PortNames((), ())

    def connections(self) -> Connections:
        return Connections(-1, -1)

    def close(self) -> None:
        pass


class EventQueue:
    """Events with their times, from any thread (and from signal handlers) to the engine's."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[int, Event]] = SimpleQueue()

    def put(self, event: Event, at_ns: int | None = None) -> None:
        """`at_ns`: when it happened (monotonic), if not now."""
        self._queue.put((time.monotonic_ns() if at_ns is None else at_ns, event))

    def get(self, deadline_ns: int) -> tuple[int, Event] | None:
        """The next event; None if there is none by `until_ns`."""
        wait_ns = deadline_ns - time.monotonic_ns()
        try:
            return self._queue.get(timeout=wait_ns / 1e9) if wait_ns > 0 else self._queue.get_nowait()
        except Empty:
            return None


class Engine:
    """The loop. Everything in it belongs to one thread."""

    def __init__(
        self,
        session: SessionProtocol,
        ports: PortsProtocol,
        model_client: ModelClientProtocol,
        notify: Callable[[Message], None],
        log: LogWriter | None,
    ) -> None:
        self._session, self._ports, self._model_client, self._notify, self._log = (
            session,
            ports,
            model_client,
            notify,
            log,
        )
        self._last_fed_ns = 0
        self._send_latency = LatencyStats()
        self._model_latency = RecentLatencies()
        self._model_request_ns: int | None = None
        """When the model was asked what it has not yet said anything about."""
        self._reported_count = 0
        self._reported_connections: Connections | None = None
        """As they were last told."""
        self._next_housekeeping_ns = 0

    def run(self, event_queue: EventQueue) -> None:
        """Play until a `Quit`; whatever happens, nothing sounds any more and the ports are closed afterwards."""
        try:
            self._process_event(time.monotonic_ns(), self._ports.state)
            while not self._run_once(event_queue):
                pass
        except BaseException:
            for data in midi.panic_messages():
                self._ports.send(data)
            raise
        finally:
            self._ports.close()

    def _run_once(self, event_queue: EventQueue) -> bool:
        """Do the next thing that there is to do; True after a `Quit`."""
        now_ns = time.monotonic_ns()
        deadline_ns = self._session.deadline
        chores_ns = max(now_ns, self._next_housekeeping_ns)
        quiet = deadline_ns is None or deadline_ns - chores_ns > _HOUSEKEEPING_MARGIN_NS
        arrived = event_queue.get(chores_ns if quiet or deadline_ns is None else deadline_ns)
        if arrived is not None:
            self._process_event(*arrived)
            return isinstance(arrived[1], Quit)
        if quiet:
            self._do_housekeeping()
        else:
            self._process_event(time.monotonic_ns(), Tick())
        return False

    def _process_event(self, at_ns: int, event: Event) -> None:
        """Feed one event that happened at `at_ns`, and perform its effects."""
        # A callback's stamp may lie a little before the last deadline that was served: time never runs backwards.
        now_ns = self._last_fed_ns = max(self._last_fed_ns, at_ns)
        effects = self._session.feed(now_ns, event)
        told: list[Message] = []
        for effect in effects:
            match effect:
                case Send(data, due_ns):
                    told += self._send_midi(data, due_ns)
                case Ask() | PlanRequest():
                    self._model_client.send(effect)
                    self._model_request_ns = now_ns
                case Feed() | Cancel():
                    self._model_client.send(effect)
                case _:
                    told.append(effect)
        # The voices of a chord leave together: what is told of them comes after the last one.
        for message in told:
            self._notify(message)
        self._forward_event(event, at_ns)
        if self._log:
            self._log.write_event(now_ns, event)
            self._log.write_effects(now_ns, effects)

    def _send_midi(self, data: bytes, due_ns: int) -> list[Sent]:
        """Send it; the notice of it, if there is a port."""
        sent_ns = time.monotonic_ns()
        if not self._ports.send(data):
            return []
        self._send_latency.add(sent_ns - due_ns)
        return [Sent(data, due_ns, sent_ns)]

    def _forward_event(self, event: Event, at_ns: int) -> None:
        """What the starter should know of an event, and the model's process of a setting."""
        match event:
            case Midi(data) if data and data[0] < 0xF8:
                self._notify(Received(data, at_ns))
            case PortsChanged() | ModelUp() | ModelDown() | AskRefused():
                self._notify(event)
            case Answer() | Plan():
                if self._model_request_ns is not None:
                    self._model_latency.add(at_ns, at_ns - self._model_request_ns)
                    self._model_request_ns = None
                if isinstance(event, Answer):
                    self._notify(event)
            case ListPorts():
                self._notify(self._ports.port_names())
            case Setting("model", str(name)) if name.strip():
                self._model_client.load(name)
            case _:
                pass

    def _do_housekeeping(self) -> None:
        """Once a second: look after the ports, tell how late the messages are."""
        self._next_housekeeping_ns = time.monotonic_ns() + _HOUSEKEEPING_INTERVAL_NS
        if self._ports.refresh():
            self._process_event(time.monotonic_ns(), self._ports.state)
        connections = self._ports.connections()
        if connections != self._reported_connections:
            self._reported_connections = connections
            self._notify(connections)
        late = self._send_latency
        if late.count > self._reported_count:
            self._reported_count = late.count
            delays = self._model_latency.percentiles(self._next_housekeeping_ns, (0.5, 0.99))
            self._notify(Health(late.count, late.percentile(0.5), late.percentile(0.99), late.max_ns, *delays))


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The engine's first line of input."""

    settings: dict[str, Any]
    input: str | None = None
    output: str | None = None
    ports: str = "real"
    """ "none": no ports, the pipe alone."""
    patient: bool = False
    """Whether to wait for named ports that are not there."""
    log: str | None = None
    modelhost: tuple[str, ...] = ()
    """The command of the model's process, if it is not our own."""


def serve(lines: Iterator[str], notify: Callable[[Message], None]) -> None:
    """Set everything up, play, take everything down; raises what the starter should know."""
    first = next(lines, None)
    if first is None:
        return
    realtime.prepare_engine_process()
    configuration = EngineConfig(**json.loads(first))
    settings = settings_from_table(configuration.settings)
    inbox = EventQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: inbox.put(Quit(signal.Signals(number).name)))
    outlet: PortsProtocol = NoPorts()
    if configuration.ports != "none":
        outlet = Ports(
            configuration.input,
            configuration.output,
            lambda at_ns, data: inbox.put(Midi(data), at_ns),
            wait_for_ports=configuration.patient,
        )
    log = model = None
    try:
        log = LogWriter(Path(configuration.log), settings) if configuration.log else None
        model = ModelClient(configuration.modelhost or ipc.process_command("modelhost"), settings.model, inbox.put)
        commands = threading.Thread(
            target=ipc.dispatch_messages, args=(lines, _command_receiver(inbox)), name="commands", daemon=True
        )
        commands.start()
        realtime.freeze_heap()
        Engine(Session(settings), outlet, model, notify, log).run(inbox)
    finally:
        outlet.close()
        if model:
            model.stop()
        if log:
            log.close()


def _command_receiver(event_queue: EventQueue) -> ipc.MessageCallback:
    """Takes what the starter says, on the reading thread."""

    def take(message: Message | None) -> None:
        match message:
            case None:
                event_queue.put(Quit("the program that started the engine has ended"))
            case _ if isinstance(message, Command):
                event_queue.put(message)
            case _:
                pass

    return take


def main() -> None:
    """`python -m bachbridge.engine.main`, started through `link`; exits 1 after `Failed`."""
    reader, writer = ipc.standard_pipes()
    outbox = ipc.Outbox(writer)
    failure = ""
    try:
        serve(ipc.read_lines(reader), outbox.send)
    except BachBridgeError as error:
        failure = str(error)
    except Exception as error:  # noqa: BLE001 # the border of the process: all is silent by now, so report
        traceback.print_exc()
        failure = f"The engine has failed ({type(error).__name__}: {error}): start it again and report this."
    if failure:
        outbox.send(Failed(failure))
    outbox.close()
    sys.exit(1 if failure else 0)


if __name__ == "__main__":
    main()
