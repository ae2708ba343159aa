"""The engine's loop with a fake session, fake ports and a fake model."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bachbridge.engine.loop import Engine, EventQueue
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Phrase
from bachbridge.protocol.effects import Ask, Cancel, DamagedMidi, Effect, Feed, PlanRequest, Send
from bachbridge.protocol.events import Answer, Event, ListPorts, Midi, ModelUp, Panic, PortsChanged, Quit, Setting, Tick
from bachbridge.protocol.notices import Connections, Health, Message, PortNames, Received, Sent

NOTE, CLOCK = Midi(b"\x90\x3c\x40"), Midi(b"\xf8")
Reply = Callable[[int, Event], list[Effect]]


@dataclass
class ScriptedSession:
    """A session that returns `reply(now_ns, event)`; its deadline is the first in the list."""

    reply: Reply = lambda now_ns, event: []
    deadlines: list[int] = field(default_factory=list[int])
    fed: list[tuple[int, Event]] = field(default_factory=list[tuple[int, Event]])

    @property
    def deadline(self) -> int | None:
        return self.deadlines[0] if self.deadlines else None

    def feed(self, now_ns: int, event: Event) -> list[Effect]:
        self.fed.append((now_ns, event))
        if isinstance(event, Tick):
            assert self.deadlines.pop(0) <= now_ns
        return self.reply(now_ns, event)


@dataclass
class Surroundings:
    """Fake ports, model and starter: `calls` lists everything they get, in order."""

    calls: list[object] = field(default_factory=list[object])
    state: PortsChanged = field(default_factory=lambda: PortsChanged("in", "out"))
    open: bool = True
    connected: Connections = field(default_factory=lambda: Connections(1, 0))

    def send(self, data: bytes | Feed | Ask | PlanRequest | Cancel) -> bool:
        self.calls.append(data)
        return self.open

    def flush(self) -> None:
        pass

    shed_count = 0

    def port_names(self) -> PortNames:
        return PortNames(("Keyboard",), ())

    def connections(self) -> Connections:
        return self.connected

    def load(self, model_name: str) -> None:
        self.calls.append(model_name)

    def close(self) -> None:
        self.calls.append("closed")

    def check_process(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def notify(self, message: Message) -> None:
        self.calls.append(message)

    def play(self, session: ScriptedSession, *events: Event) -> None:
        """Run the loop over these events, then quit."""
        event_queue = EventQueue()
        for event in events:
            event_queue.put(event)
        if not session.deadlines:
            event_queue.put(Quit("over"))
        else:
            reply = session.reply

            def last(now_ns: int, event: Event) -> list[Effect]:
                if isinstance(event, Tick) and not session.deadlines:
                    event_queue.put(Quit("over"))
                return reply(now_ns, event)

            session.reply = last
        Engine(session, self, self, self.notify, None).run(event_queue)


def test_loop_performs_effects_in_order_and_reports() -> None:
    def reply(now_ns: int, event: Event) -> list[Effect]:
        return [Send(event.data, now_ns), Cancel(), DamagedMidi(1)] if isinstance(event, Midi) else []

    surroundings = Surroundings()
    surroundings.play(ScriptedSession(reply), NOTE)
    first, data, cancel, sent, status, received, closed = surroundings.calls
    assert first == PortsChanged("in", "out")
    assert (data, cancel, status, closed) == (NOTE.data, Cancel(), DamagedMidi(1), "closed")
    assert isinstance(sent, Sent)
    assert isinstance(received, Received)
    assert sent.sent_ns >= sent.due_ns >= received.at_ns


def test_loop_feeds_ticks_at_deadlines() -> None:
    start_ns = time.monotonic_ns()
    session = ScriptedSession(deadlines=[start_ns + 2_000_000, start_ns + 2_000_001, start_ns + 9_000_000])
    Surroundings().play(session)
    assert [type(event) for _, event in session.fed] == [PortsChanged, Tick, Tick, Tick, Quit]


def test_loop_feeds_queued_events_before_due_ticks() -> None:
    session = ScriptedSession(deadlines=[0])
    Surroundings().play(session, NOTE, Panic())
    assert [event for _, event in session.fed[1:4]] == [NOTE, Panic(), Tick()]


def test_loop_time_never_runs_backwards() -> None:
    event_queue, session, surroundings = EventQueue(), ScriptedSession(), Surroundings()
    late_ns = time.monotonic_ns() + 10**12
    event_queue.put(NOTE, late_ns)
    event_queue.put(NOTE, late_ns - 1)
    event_queue.put(Quit("over"))
    Engine(session, surroundings, surroundings, surroundings.notify, None).run(event_queue)
    times = [now_ns for now_ns, _ in session.fed]
    assert times == sorted(times)


def test_loop_reports_no_clock_pulses() -> None:
    surroundings = Surroundings()
    surroundings.play(ScriptedSession(), CLOCK, ModelUp("m", 1), Setting("model", "other"), Setting("thru", value=True))
    assert surroundings.calls == [PortsChanged("in", "out"), ModelUp("m", 1), "other", "closed"]


def test_loop_sends_clock_pulses_without_reporting_them() -> None:
    surroundings = Surroundings()
    surroundings.play(ScriptedSession(lambda now_ns, event: [Send(CLOCK.data, now_ns)] if event == NOTE else []), NOTE)
    assert CLOCK.data in surroundings.calls
    assert not [message for message in surroundings.calls if isinstance(message, Sent)]


def test_loop_reports_nothing_sent_to_closed_port() -> None:
    surroundings = Surroundings(open=False)
    surroundings.play(
        ScriptedSession(lambda now_ns, event: [Send(b"\x80\x3c\x00", now_ns)] if event == NOTE else []), NOTE
    )
    assert not [message for message in surroundings.calls if isinstance(message, Sent)]


def test_loop_silences_and_closes_ports_on_exception() -> None:
    def reply(_now_ns: int, event: Event) -> list[Effect]:
        if event == NOTE:
            raise ZeroDivisionError
        return []

    surroundings = Surroundings()
    with pytest.raises(ZeroDivisionError):
        surroundings.play(ScriptedSession(reply), NOTE)
    assert {bytes((0xB0 | channel, 123, 0)) for channel in range(16)} <= {
        m for m in surroundings.calls if isinstance(m, bytes)
    }
    assert surroundings.calls[-1] == "closed"


ASK = Ask(1, "continue", "m", Phrase((), 4), 4, 1.0, 1.0, 1)


def test_loop_reports_connections_when_they_change() -> None:
    surroundings = Surroundings()
    engine = Engine(ScriptedSession(), surroundings, surroundings, surroundings.notify, None)
    for connections in (Connections(0, 0), Connections(0, 0), Connections(1, 0), Connections(1, 0)):
        surroundings.connected = connections
        engine._do_housekeeping()
    assert surroundings.calls == [Connections(0, 0), Connections(1, 0)]


def test_keys_are_lifted_when_their_program_is_gone() -> None:
    surroundings, session = Surroundings(), ScriptedSession()
    engine = Engine(session, surroundings, surroundings, surroundings.notify, None)
    for connections in (Connections(1, 1), Connections(2, 1), Connections(2, 0), Connections(-1, -1)):
        surroundings.connected = connections
        engine._do_housekeeping()
    assert not session.fed
    for connections in (Connections(2, 0), Connections(1, 0)):
        surroundings.connected = connections
        engine._do_housekeeping()
    lifted = [midi.decode(event.data) for _, event in session.fed if isinstance(event, Midi)]
    assert len(lifted) == 32
    assert {message.controller for message in lifted if isinstance(message, midi.ControlChange)} == {64, 123}


def test_loop_answers_list_ports_with_port_names() -> None:
    surroundings = Surroundings()
    surroundings.play(ScriptedSession(), ListPorts())
    assert PortNames(("Keyboard",), ()) in surroundings.calls


def test_health_reports_model_latency() -> None:
    def reply(now_ns: int, event: Event) -> list[Effect]:
        return [ASK, Send(b"\x80\x3c\x00", now_ns)] if event == NOTE else []

    surroundings = Surroundings()
    engine = Engine(ScriptedSession(reply), surroundings, surroundings, surroundings.notify, None)
    begin_ns = time.monotonic_ns()
    for event, after_ms in ((NOTE, 0), (Answer(1, (), 1, final=False), 40), (Answer(1, (), 4, final=True), 900)):
        engine._process_event(begin_ns + after_ms * 1_000_000, event)
    for _ in range(2):
        engine._do_housekeeping()
    (health,) = [message for message in surroundings.calls if isinstance(message, Health)]
    assert (health.sent, health.model_p50_ns, health.model_p99_ns) == (1, 40_000_000, 40_000_000)


def test_loop_does_not_load_model_without_name() -> None:
    surroundings = Surroundings()
    surroundings.play(ScriptedSession(), Setting("model", ""), Setting("model", 5))
    assert surroundings.calls == [PortsChanged("in", "out"), "closed"]
