"""The engine's loop with a session, ports and a model of a few lines."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bachbridge.engine.loop import Engine, EventQueue
from bachbridge.music.notes import Phrase
from bachbridge.protocol.events import (
    Answer,
    Ask,
    Cancel,
    Connections,
    Effect,
    Event,
    Feed,
    Health,
    ListPorts,
    Message,
    Midi,
    ModelUp,
    Panic,
    PlanRequest,
    PortNames,
    PortsChanged,
    Quit,
    Received,
    Send,
    Sent,
    Setting,
    Status,
    Tick,
)

NOTE, CLOCK = Midi(b"\x90\x3c\x40"), Midi(b"\xf8")
Reply = Callable[[int, Event], list[Effect]]


@dataclass
class Script:
    """A session that answers as told; its deadline is the first of those in the list."""

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
class Stage:
    """Everything around the loop, in the order in which it is told."""

    told: list[object] = field(default_factory=list[object])
    state: PortsChanged = field(default_factory=lambda: PortsChanged("in", "out"))
    open: bool = True
    connected: Connections = field(default_factory=lambda: Connections(1, 0))

    def send(self, data: bytes | Feed | Ask | PlanRequest | Cancel) -> bool:
        self.told.append(data)
        return self.open

    def refresh(self) -> bool:
        return False

    def port_names(self) -> PortNames:
        return PortNames(("Keyboard",), ())

    def connections(self) -> Connections:
        return self.connected

    def load(self, model_name: str) -> None:
        self.told.append(model_name)

    def close(self) -> None:
        self.told.append("closed")

    def stop(self) -> None:
        pass

    def tell(self, message: Message) -> None:
        self.told.append(message)

    def play(self, session: Script, *events: Event) -> None:
        """Run the loop over these events, then quit."""
        inbox = EventQueue()
        for event in events:
            inbox.put(event)
        if not session.deadlines:
            inbox.put(Quit("over"))
        else:
            reply = session.reply

            def last(now_ns: int, event: Event) -> list[Effect]:
                if isinstance(event, Tick) and not session.deadlines:
                    inbox.put(Quit("over"))
                return reply(now_ns, event)

            session.reply = last
        Engine(session, self, self, self.tell, None).run(inbox)


def test_effects_are_performed_in_order_and_the_starter_is_told() -> None:
    def reply(now_ns: int, event: Event) -> list[Effect]:
        return [Send(event.data, now_ns), Cancel(), Status("midi", "heard")] if isinstance(event, Midi) else []

    stage = Stage()
    stage.play(Script(reply), NOTE)
    first, data, cancel, sent, status, received, closed = stage.told
    assert first == PortsChanged("in", "out")
    assert (data, cancel, status, closed) == (NOTE.data, Cancel(), Status("midi", "heard"), "closed")
    assert isinstance(sent, Sent)
    assert isinstance(received, Received)
    assert sent.sent_ns >= sent.due_ns >= received.at_ns


def test_ticks_come_at_their_deadlines_and_never_before() -> None:
    start_ns = time.monotonic_ns()
    script = Script(deadlines=[start_ns + 2_000_000, start_ns + 2_000_001, start_ns + 9_000_000])
    Stage().play(script)
    assert [type(event) for _, event in script.fed] == [PortsChanged, Tick, Tick, Tick, Quit]


def test_what_has_arrived_goes_before_what_is_due() -> None:
    script = Script(deadlines=[0])
    Stage().play(script, NOTE, Panic())
    assert [event for _, event in script.fed[1:4]] == [NOTE, Panic(), Tick()]


def test_time_never_runs_backwards() -> None:
    inbox, script, stage = EventQueue(), Script(), Stage()
    late_ns = time.monotonic_ns() + 10**12
    inbox.put(NOTE, late_ns)
    inbox.put(NOTE, late_ns - 1)
    inbox.put(Quit("over"))
    Engine(script, stage, stage, stage.tell, None).run(inbox)
    times = [now_ns for now_ns, _ in script.fed]
    assert times == sorted(times)


def test_the_starter_hears_of_notes_and_models_but_not_of_clock_pulses() -> None:
    stage = Stage()
    stage.play(Script(), CLOCK, ModelUp("m", 1), Setting("model", "other"), Setting("thru", value=True))
    assert stage.told == [PortsChanged("in", "out"), ModelUp("m", 1), "other", "closed"]


def test_what_a_closed_port_swallows_was_not_sent() -> None:
    stage = Stage(open=False)
    stage.play(Script(lambda now_ns, event: [Send(b"\x80\x3c\x00", now_ns)] if event == NOTE else []), NOTE)
    assert not [message for message in stage.told if isinstance(message, Sent)]


def test_a_defect_silences_every_channel_and_closes_the_ports_before_it_is_reported() -> None:
    def reply(_now_ns: int, event: Event) -> list[Effect]:
        if event == NOTE:
            raise ZeroDivisionError
        return []

    stage = Stage()
    with pytest.raises(ZeroDivisionError):
        stage.play(Script(reply), NOTE)
    assert {bytes((0xB0 | channel, 123, 0)) for channel in range(16)} <= {m for m in stage.told if isinstance(m, bytes)}
    assert stage.told[-1] == "closed"


ASK = Ask(1, "continue", "m", Phrase((), 4), 4, 1.0, 1.0, 1)


def test_connections_are_told_once_and_again_when_they_change() -> None:
    stage = Stage()
    engine = Engine(Script(), stage, stage, stage.tell, None)
    for connections in (Connections(0, 0), Connections(0, 0), Connections(1, 0), Connections(1, 0)):
        stage.connected = connections
        engine._do_housekeeping()  # pyright: ignore[reportPrivateUsage] # what the loop does once a second
    assert stage.told == [Connections(0, 0), Connections(1, 0)]


def test_who_looks_for_ports_is_told_their_names() -> None:
    stage = Stage()
    stage.play(Script(), ListPorts())
    assert PortNames(("Keyboard",), ()) in stage.told


def test_health_tells_how_long_the_model_took() -> None:
    def reply(now_ns: int, event: Event) -> list[Effect]:
        return [ASK, Send(b"\x80\x3c\x00", now_ns)] if event == NOTE else []

    stage = Stage()
    engine = Engine(Script(reply), stage, stage, stage.tell, None)
    begin_ns = time.monotonic_ns()
    for event, after_ms in ((NOTE, 0), (Answer(1, (), 1, final=False), 40), (Answer(1, (), 4, final=True), 900)):
        engine._process_event(begin_ns + after_ms * 1_000_000, event)  # pyright: ignore[reportPrivateUsage] # at times of ours
    engine._do_housekeeping()  # pyright: ignore[reportPrivateUsage]
    engine._do_housekeeping()  # pyright: ignore[reportPrivateUsage]
    (health,) = [message for message in stage.told if isinstance(message, Health)]
    assert (health.sent, health.model_p50_ns, health.model_p99_ns) == (1, 40_000_000, 40_000_000)


def test_a_model_without_a_name_is_not_loaded() -> None:
    stage = Stage()
    stage.play(Script(), Setting("model", ""), Setting("model", 5))
    assert stage.told == [PortsChanged("in", "out"), "closed"]
