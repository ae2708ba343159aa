"""The supervisor: an engine that dies is started again with the settings as they are by then."""

from collections.abc import Sequence
from itertools import pairwise

from bachbridge.protocol.events import Failed, ModelUp, Panic, Status
from bachbridge.settings import Settings
from bachbridge_gui.engine.supervisor import EngineClient, EngineSupervisor
from tests.support.fake_engine import NO_MIDI, FakeEngine

S = 1_000_000_000


class Yard:
    """Where engines come from."""

    def __init__(self, *, midi: bool = True) -> None:
        self._midi = midi
        self.settings = Settings()
        self.made: list[tuple[Settings, bool, FakeEngine]] = []
        self.supervisor = EngineSupervisor(self.start, lambda: self.settings, Settings(temperature=0.5))

    def start(self, settings: Settings, ports: bool) -> EngineClient:
        engine = FakeEngine(settings, ports=ports, midi=self._midi)
        self.made.append((settings, ports, engine))
        return engine

    @property
    def engine(self) -> FakeEngine:
        return self.made[-1][2]


def topics(messages: Sequence[object]) -> list[str]:
    return [message.topic for message in messages if isinstance(message, Status)]


def test_the_first_engine_gets_the_first_settings_and_what_it_says_is_pulled() -> None:
    yard = Yard()
    assert yard.made[0][0].temperature == 0.5
    assert any(isinstance(message, ModelUp) for message in yard.supervisor.receive_pending(0))
    assert yard.supervisor.receive_pending(1) == []
    yard.supervisor.send(Panic())
    assert yard.engine.received == [Panic()]


def test_a_dead_engine_is_told_of_and_started_again_with_what_is_set() -> None:
    yard = Yard()
    yard.supervisor.receive_pending(0)
    yard.engine.die()
    assert topics(yard.supervisor.receive_pending(S)) == ["engine"]
    assert not yard.supervisor.is_alive
    assert yard.made[0][2].closed
    yard.supervisor.send(Panic())
    assert yard.supervisor.receive_pending(S + 50_000_000) == []
    yard.settings = Settings(temperature=1.5)
    assert topics(yard.supervisor.receive_pending(S + 100_000_000)) == ["engine"]
    assert len(yard.made) == 2
    assert yard.made[1][:2] == (Settings(temperature=1.5), True)


def test_one_that_dies_again_and_again_is_not_started_in_a_whirl() -> None:
    yard = Yard()
    now_ns, starts = 0, []
    for _ in range(4000):
        yard.engine.die()
        yard.engine._outgoing.clear()  # it never gets ready
        before = len(yard.made)
        yard.supervisor.receive_pending(now_ns)
        starts += [now_ns] if len(yard.made) > before else []
        now_ns += 10_000_000
    assert len(starts) < 12
    assert min(b - a for a, b in pairwise(starts[2:])) >= 5 * S


def test_an_engine_that_was_ready_in_between_comes_back_at_once() -> None:
    yard = Yard()
    now_ns = 0
    for _ in range(5):
        yard.supervisor.receive_pending(now_ns)
        yard.engine.die()
        yard.supervisor.receive_pending(now_ns)
        now_ns += 100_000_000
        yard.supervisor.receive_pending(now_ns)
    assert len(yard.made) == 6


def test_without_a_midi_system_it_plays_without_ports() -> None:
    yard = Yard(midi=False)
    told = yard.supervisor.receive_pending(S)
    assert [message.text for message in told if isinstance(message, Status)] == [NO_MIDI]
    yard.supervisor.receive_pending(S)
    assert yard.made[1][1] is False
    assert not yard.supervisor.with_ports


def test_other_ports_mean_another_engine() -> None:
    yard = Yard()
    yard.supervisor.receive_pending(0)
    first = yard.engine
    yard.supervisor.restart(yard.start)
    assert first.closed
    assert yard.engine is not first
    assert yard.supervisor.is_alive


def test_closing_ends_the_engine_for_good() -> None:
    yard = Yard()
    yard.supervisor.close()
    assert yard.engine.closed
    assert yard.supervisor.receive_pending(60 * S) == []
    assert len(yard.made) == 1


def test_where_there_were_ports_an_engine_that_fails_tries_them_again() -> None:
    yard = Yard()
    yard.supervisor.receive_pending(0)
    yard.engine.die()
    yard.supervisor.receive_pending(S)
    yard.supervisor.receive_pending(2 * S)
    yard.engine._outgoing.clear()
    yard.engine.emit(Failed("The MIDI system refuses us."))
    yard.engine.die()
    yard.supervisor.receive_pending(3 * S)
    yard.supervisor.receive_pending(9 * S)
    assert [ports for _, ports, _ in yard.made] == [True, True, True]
    assert yard.supervisor.with_ports
