"""The engine's loop: one thread owns the session, its scheduler and the ports.

The loop waits for the next event or for the session's deadline, whichever comes first, feeds the session and performs
the effects. Everything else happens on other threads and arrives in the event queue: rtmidi's callback, the commands
of the program that started the engine, the model's answers. Once a second, when nothing is due within the next moment,
the loop checks the ports. In a flood of notes, those that would be late are left out (see `input.flood_gate`).
"""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from bachbridge.engine.input.flood_gate import FloodGate
from bachbridge.engine.session_log import LogWriter
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Ask, Cancel, Effect, Feed, PlanRequest, Send
from bachbridge.protocol.events import (
    Answer,
    AskRefused,
    Event,
    LinkState,
    ListPorts,
    Midi,
    ModelDown,
    ModelUp,
    Plan,
    PortsChanged,
    Quit,
    Setting,
    Tick,
)
from bachbridge.protocol.latency import LatencyStats, RecentLatencies
from bachbridge.protocol.notices import Connections, Health, LogStopped, Message, NotesShed, PortNames, Received, Sent

_HOUSEKEEPING_INTERVAL_NS = 1_000_000_000
_HOUSEKEEPING_MARGIN_NS = 5_000_000
"""Housekeeping waits until nothing is due for this long."""
_MAX_UNFLUSHED_NS = 1_000_000
"""Messages of events that come in quick succession are written to the ports together, but at least this often."""
_FIRST_REALTIME_STATUS = 0xF8
"""MIDI status bytes from here on are real-time messages (clock, start, stop …)."""


class SessionProtocol(Protocol):
    """The part of a session that the loop uses."""

    @property
    def deadline(self) -> int | None: ...
    def feed(self, now_ns: int, event: Event) -> list[Effect]: ...


class PortsProtocol(Protocol):
    """The MIDI ports as the loop uses them; `NoPorts` stands in where there are none."""

    @property
    def state(self) -> PortsChanged: ...
    def send(self, data: bytes, /) -> bool: ...
    def flush(self) -> None: ...
    @property
    def shed_count(self) -> int: ...
    def port_names(self) -> PortNames: ...
    def connections(self) -> Connections: ...
    def close(self) -> None: ...


class ModelClientProtocol(Protocol):
    """The connection to the model process as the loop uses it."""

    def load(self, model_name: str) -> None: ...
    def send(self, message: Feed | Ask | PlanRequest | Cancel, /) -> object: ...
    def check_process(self) -> None: ...
    def stop(self) -> None: ...


class NoPorts:
    """No MIDI ports: the player's messages come as events, and output is only reported by `Sent`."""

    state, shed_count = PortsChanged("pipe", "pipe"), 0

    def send(self, _data: bytes, /) -> bool:
        return True

    def flush(self) -> None:
        pass

    def port_names(self) -> PortNames:
        return PortNames((), ())

    def connections(self) -> Connections:
        return Connections(-1, -1)

    def close(self) -> None:
        pass


class EventQueue:
    """Events with their times on their way to the engine's thread; any thread or signal handler may put them."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[int, Event]] = SimpleQueue()

    def put(self, event: Event, at_ns: int | None = None) -> None:
        """Add an event that happened at `at_ns` (monotonic clock); None means now."""
        self._queue.put((time.monotonic_ns() if at_ns is None else at_ns, event))

    def get(self, deadline_ns: int) -> tuple[int, Event] | None:
        """Wait for the next event and return it with its time; None if there is none by `deadline_ns`."""
        wait_ns = deadline_ns - time.monotonic_ns()
        try:
            return self._queue.get(timeout=wait_ns / 1e9) if wait_ns > 0 else self._queue.get_nowait()
        except Empty:
            return None

    def __len__(self) -> int:
        """Return the number of events that wait."""
        return self._queue.qsize()


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
        """`notify` reports to the program that started the engine; it must return at once."""
        self._session, self._ports, self._model_client = session, ports, model_client
        self._notify, self._log = notify, log
        self._last_fed_ns = self._flushed_ns = 0
        self._flood_gate = FloodGate()
        self._reported_shed_count = 0
        self._send_latency = LatencyStats()
        self._model_latency = RecentLatencies()
        self._model_request_ns: int | None = None
        """When the model was sent a request to which nothing has come back yet."""
        self._reported_count = 0
        """Number of sent messages in the last `Health` report."""
        self._reported_connections: Connections | None = None
        self._is_log_failure_reported = False
        self._next_housekeeping_ns = time.monotonic_ns()

    def run(self, event_queue: EventQueue) -> None:
        """Play until a `Quit`. Afterwards the ports are closed and nothing sounds, also if an exception is raised."""
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
        """Process one event, one deadline or the housekeeping; return True after a `Quit`."""
        now_ns = time.monotonic_ns()
        if now_ns - self._next_housekeeping_ns > _HOUSEKEEPING_INTERVAL_NS:
            self._do_housekeeping()
        # A session serves what is due with any event, so its deadline is not asked for while events wait.
        arrived, is_quiet = event_queue.get(now_ns), False
        if arrived is None:
            deadline_ns = self._session.deadline
            housekeeping_ns = max(now_ns, self._next_housekeeping_ns)
            is_quiet = deadline_ns is None or deadline_ns - housekeeping_ns > _HOUSEKEEPING_MARGIN_NS
            arrived = event_queue.get(housekeeping_ns if is_quiet or deadline_ns is None else deadline_ns)
        if arrived is not None:
            return self._process_arrived(*arrived, len(event_queue))
        if is_quiet:
            self._do_housekeeping()
        else:
            self._process_event(time.monotonic_ns(), Tick())
        return False

    def _process_arrived(self, at_ns: int, event: Event, waiting_count: int) -> bool:
        """Process an event before `waiting_count` others, or leave it out in a flood; return True after a `Quit`."""
        if isinstance(event, Midi):
            waited_ns = time.monotonic_ns() - at_ns
            if not self._flood_gate.admits(event.data, waited_ns, waiting_count):
                return False
        self._process_event(at_ns, event, more_wait=waiting_count > 0)
        return isinstance(event, Quit)

    def _process_event(self, at_ns: int, event: Event, *, more_wait: bool = False) -> None:
        """Feed an event that happened at `at_ns` to the session and perform its effects.

        `more_wait`: other events wait, whose messages may go to the ports together with this one's.
        """
        # A callback's time stamp may lie a little before the last deadline that was served: time never runs backwards.
        now_ns = self._last_fed_ns = max(self._last_fed_ns, at_ns)
        effects = self._session.feed(now_ns, event)
        reports: list[Message] = []
        for effect in effects:
            match effect:
                case Send(data, due_ns):
                    reports += self._send_midi(data, due_ns)
                case Ask() | PlanRequest():
                    self._model_client.send(effect)
                    self._model_request_ns = now_ns
                case Feed() | Cancel():
                    self._model_client.send(effect)
                case _:
                    reports.append(effect)
        # The voices of a chord leave together: reports follow after the last of them.
        fed_ns = time.monotonic_ns()
        if not more_wait or fed_ns - self._flushed_ns > _MAX_UNFLUSHED_NS:
            self._ports.flush()
            self._flushed_ns = fed_ns
        for message in reports:
            self._notify(message)
        self._forward_event(event, at_ns)
        if self._log:
            self._log.write_event(now_ns, event)
            self._log.write_effects(now_ns, effects)

    def _send_midi(self, data: bytes, due_ns: int) -> list[Sent]:
        sent_ns = time.monotonic_ns()
        if not self._ports.send(data):
            return []
        self._send_latency.add(sent_ns - due_ns)
        # Pulses of the clock are too many to be reported one by one.
        return [] if data == midi.CLOCK_PULSE else [Sent(data, due_ns, sent_ns)]

    def _forward_event(self, event: Event, at_ns: int) -> None:
        """Report an event to the program that started the engine, and a change of model to the model process."""
        match event:
            case Midi(data) if data and data[0] < _FIRST_REALTIME_STATUS:
                self._notify(Received(data, at_ns))
            case PortsChanged() | ModelUp() | ModelDown() | AskRefused() | LinkState():
                self._notify(event)
            case Answer() | Plan():
                self._measure_model_latency(at_ns)
                if isinstance(event, Answer):
                    self._notify(event)
            case ListPorts():
                self._notify(self._ports.port_names())
            case Setting("model", str(name)) if name.strip():
                self._model_client.load(name)
            case _:
                pass

    def _lift_keys(self) -> None:
        """Let go of keys and pedals: the program that held them is gone and cannot release them any more."""
        for channel in range(16):
            for controller in (midi.SUSTAIN, midi.ALL_NOTES_OFF):
                self._process_event(time.monotonic_ns(), Midi(midi.control_change(channel, controller, 0)))

    def _measure_model_latency(self, at_ns: int) -> None:
        if self._model_request_ns is not None:
            self._model_latency.add(at_ns, at_ns - self._model_request_ns)
            self._model_request_ns = None

    def _report_shed_notes(self) -> None:
        shed_count = self._flood_gate.shed_count + self._ports.shed_count
        if shed_count > self._reported_shed_count:
            self._reported_shed_count = shed_count
            self._notify(NotesShed(shed_count))

    def _do_housekeeping(self) -> None:
        """Check the ports and the model process, and report connections and latencies; once a second."""
        self._next_housekeeping_ns = time.monotonic_ns() + _HOUSEKEEPING_INTERVAL_NS
        self._model_client.check_process()
        self._ports.flush()
        self._report_shed_notes()
        if self._log and self._log.error and not self._is_log_failure_reported:
            self._is_log_failure_reported = True
            self._notify(LogStopped(self._log.error))
        connections = self._ports.connections()
        if connections != self._reported_connections:
            before, self._reported_connections = self._reported_connections, connections
            self._notify(connections)
            if before and 0 <= connections.to_input < before.to_input:
                self._lift_keys()
        sent = self._send_latency
        if sent.count > self._reported_count:
            self._reported_count = sent.count
            model_ns = self._model_latency.percentiles(self._next_housekeeping_ns, (0.5, 0.99))
            self._notify(Health(sent.count, sent.percentile(0.5), sent.percentile(0.99), sent.max_ns, *model_ns))
