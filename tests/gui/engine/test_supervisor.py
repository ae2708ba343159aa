"""The supervisor: an engine that dies is restarted with the present settings."""

from collections.abc import Sequence
from itertools import pairwise

from bachbridge.protocol.events import ModelUp, Panic
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Failed
from bachbridge.settings import Settings
from bachbridge_gui.engine.supervisor import EngineClient, EngineSupervisor
from tests.support.fake_engine import NO_MIDI, FakeEngine

S = 1_000_000_000


class EngineFactory:
    """Makes fake engines and the supervisor that starts them."""

    def __init__(self, *, midi: bool = True) -> None:
        self._midi = midi
        self.settings = Settings()
        self.made: list[tuple[Settings, bool, FakeEngine]] = []
        self.supervisor = EngineSupervisor(self.start, lambda: self.settings, Settings(temperature=0.5))

    def start(self, settings: Settings, ports: bool) -> EngineClient:
        engine = FakeEngine(settings, ports=ports, midi=self._midi)
        self.made.append((settings, ports, engine))
        return engine

    def has_midi(self, *, midi: bool) -> None:
        """Let the machine have a MIDI system from now on, or not."""
        self._midi = midi

    @property
    def engine(self) -> FakeEngine:
        return self.made[-1][2]


def engine_changes(messages: Sequence[object]) -> list[EngineStarted | EngineEnded]:
    return [message for message in messages if isinstance(message, EngineStarted | EngineEnded)]


def test_supervisor_starts_engine_and_receives_its_messages() -> None:
    factory = EngineFactory()
    assert factory.made[0][0].temperature == 0.5
    assert any(isinstance(message, ModelUp) for message in factory.supervisor.receive_pending(0))
    assert factory.supervisor.receive_pending(1) == []
    factory.supervisor.send(Panic())
    assert factory.engine.received == [Panic()]


def test_supervisor_reports_death_and_restarts_with_settings() -> None:
    factory = EngineFactory()
    factory.supervisor.receive_pending(0)
    factory.engine.die()
    assert engine_changes(factory.supervisor.receive_pending(S)) == [EngineEnded("")]
    assert not factory.supervisor.is_alive
    assert factory.made[0][2].closed
    factory.supervisor.send(Panic())
    assert factory.supervisor.receive_pending(S + 50_000_000) == []
    factory.settings = Settings(temperature=1.5)
    assert engine_changes(factory.supervisor.receive_pending(S + 100_000_000)) == [EngineStarted(again=True)]
    assert len(factory.made) == 2
    assert factory.made[1][:2] == (Settings(temperature=1.5), True)


def test_supervisor_restarts_failing_engine_ever_more_slowly() -> None:
    factory = EngineFactory()
    now_ns, starts = 0, []
    for _ in range(4000):
        factory.engine.die()
        factory.engine._outgoing.clear()  # it never reports that it is ready
        before = len(factory.made)
        factory.supervisor.receive_pending(now_ns)
        starts += [now_ns] if len(factory.made) > before else []
        now_ns += 10_000_000
    assert len(starts) < 12
    assert min(b - a for a, b in pairwise(starts[2:])) >= 5 * S


def test_supervisor_restarts_engine_that_was_ready_at_once() -> None:
    factory = EngineFactory()
    now_ns = 0
    for _ in range(5):
        factory.supervisor.receive_pending(now_ns)
        factory.engine.die()
        factory.supervisor.receive_pending(now_ns)
        now_ns += 100_000_000
        factory.supervisor.receive_pending(now_ns)
    assert len(factory.made) == 6


def test_supervisor_plays_without_ports_if_no_midi_system() -> None:
    factory = EngineFactory(midi=False)
    messages = factory.supervisor.receive_pending(S)
    assert engine_changes(messages) == [EngineEnded(NO_MIDI)]
    factory.supervisor.receive_pending(S)
    assert factory.made[1][1] is False
    assert not factory.supervisor.with_ports


def test_supervisor_restart_replaces_engine() -> None:
    factory = EngineFactory()
    factory.supervisor.receive_pending(0)
    first = factory.engine
    factory.supervisor.restart(factory.start)
    assert first.closed
    assert factory.engine is not first
    assert factory.supervisor.is_alive


def test_supervisor_close_ends_engine_for_good() -> None:
    factory = EngineFactory()
    factory.supervisor.close()
    assert factory.engine.closed
    assert factory.supervisor.receive_pending(60 * S) == []
    assert len(factory.made) == 1


def test_supervisor_retries_ports_that_worked_before() -> None:
    factory = EngineFactory()
    factory.supervisor.receive_pending(0)
    factory.engine.die()
    factory.supervisor.receive_pending(S)
    factory.supervisor.receive_pending(2 * S)
    factory.engine._outgoing.clear()
    factory.engine.emit(Failed("The MIDI system refuses us."))
    factory.engine.die()
    factory.supervisor.receive_pending(3 * S)
    factory.supervisor.receive_pending(9 * S)
    assert [ports for _, ports, _ in factory.made] == [True, True, True]
    assert factory.supervisor.with_ports


def test_supervisor_uses_ports_that_appear_later() -> None:
    factory = EngineFactory(midi=False)
    for now_ns in range(0, 4 * S, S):
        factory.supervisor.receive_pending(now_ns)
    assert [ports for _, ports, _ in factory.made] == [True, False]
    without = factory.engine
    for now_ns in range(4 * S, 12 * S, S):
        assert engine_changes(factory.supervisor.receive_pending(now_ns)) == []
    assert [ports for _, ports, _ in factory.made] == [True, False, True], "it has tried once"
    assert factory.engine.closed
    assert not without.closed
    factory.has_midi(midi=True)
    changes = [
        change
        for now_ns in range(12 * S, 40 * S, S)
        for change in engine_changes(factory.supervisor.receive_pending(now_ns))
    ]
    assert changes == [EngineStarted(again=False)]
    assert without.closed
    assert factory.supervisor.with_ports
    factory.supervisor.send(Panic())
    assert factory.engine.received == [Panic()]
    assert len(factory.made) == 4, "it looks no further"


def test_supervisor_ends_its_trial_when_it_is_closed() -> None:
    factory = EngineFactory(midi=False)
    for now_ns in range(0, 5 * S, S):
        factory.supervisor.receive_pending(now_ns)
    factory.has_midi(midi=True)
    factory.supervisor.receive_pending(7 * S)
    assert len(factory.made) == 3
    factory.supervisor.close()
    assert all(engine.closed for _, _, engine in factory.made)
