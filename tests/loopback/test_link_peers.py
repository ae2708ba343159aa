"""Ableton Link with real peers: we join without changing anything, and hear what the others change."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest
from link import Link

from bachbridge.engine.link_presence import PresenceListener
from bachbridge.engine.link_session import LinkSession
from bachbridge.music.notes import bpm_from_step_ns
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.effects import SettingApplied
from bachbridge.protocol.events import LinkState, ModelUp, Setting
from bachbridge.settings import Settings
from tests.support.port_daw import PATIENCE_S, await_message, wait_until
from tests.support.private_network import private_network

HELD = [sys.executable, str(Path(__file__).parents[1] / "support/scripted_model.py"), "held"]
ON = Settings(link=True, link_start_stop=True)
MS = 1_000_000


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    with private_network():
        yield


class Peer:
    """Another program with Link on."""

    def __init__(self, bpm: float) -> None:
        self.link = Link(bpm)
        self.link.startStopSyncEnabled = True
        self.link.enabled = True

    @property
    def bpm(self) -> float:
        return self.link.captureAppSessionState().tempo()

    def set_tempo(self, bpm: float) -> None:
        state = self.link.captureAppSessionState()
        state.setTempo(bpm, self.link.clock().micros())
        self.link.commitAppSessionState(state)

    def set_playing(self, is_playing: bool, after_ms: int = 0) -> None:
        state = self.link.captureAppSessionState()
        state.setIsPlaying(is_playing, self.link.clock().micros() + after_ms * 1000)
        self.link.commitAppSessionState(state)

    def bar_line(self, quarters: float) -> tuple[int, int]:
        """Return the time (ns, monotonic) of the last bar line, and how uncertain that time is."""
        before_ns = time.monotonic_ns()
        micros = self.link.clock().micros()
        after_ns = time.monotonic_ns()
        state = self.link.captureAppSessionState()
        since_ns = state.phaseAtTime(micros, quarters) * 60e9 / state.tempo()
        return before_ns - round(since_ns), after_ns - before_ns

    def leave(self) -> None:
        self.link.enabled = False


class Us:
    """BachBridge's part in the session, with the states that it reports."""

    def __init__(self, settings: Settings = ON) -> None:
        self._states: SimpleQueue[LinkState] = SimpleQueue()
        self._session = LinkSession(settings, self._states.put)

    def set(self, name: str, value: str | float | bool) -> None:
        self._session.observe_report(SettingApplied(name, value))

    def wait_for_state(self, condition: Callable[[LinkState], bool]) -> LinkState:
        """Return the first new state that meets the condition."""
        while True:
            state = self._states.get(timeout=PATIENCE_S)
            if condition(state):
                return state

    def leave(self) -> None:
        self._session.stop()


def bpm_of(state: LinkState) -> float:
    return bpm_from_step_ns(state.step_ns)


def shares(bpm: float) -> Callable[[LinkState], bool]:
    """Return the condition that one other program is there and the tempo is this."""
    return lambda state: state.peers == 1 and bpm_of(state) == pytest.approx(bpm, abs=0.01)


class Room:
    """Everybody who takes part; all of them leave at the end of the test."""

    def __init__(self) -> None:
        self._present: list[Peer | Us] = []

    def peer(self, bpm: float = 97.3) -> Peer:
        self._present.append(peer := Peer(bpm))
        return peer

    def us(self, settings: Settings = ON) -> Us:
        self._present.append(us := Us(settings))
        return us

    def empty(self) -> None:
        for one in self._present:
            one.leave()


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.empty()


def test_link_follows_the_session_it_joins(room: Room) -> None:
    peer, us = room.peer(), room.us()
    joined = us.wait_for_state(shares(97.3))
    assert peer.bpm == pytest.approx(97.3, abs=0.01)
    assert not joined.is_playing
    assert_same_bar_lines(joined, peer, quarters=4)

    peer.set_tempo(140.0)
    faster = us.wait_for_state(shares(140.0))
    assert_same_bar_lines(faster, peer, quarters=4)

    us.set("meter", "7/8")
    peer.set_tempo(70.0)
    slower = us.wait_for_state(shares(70.0))
    assert_same_bar_lines(slower, peer, quarters=3.5)

    peer.set_playing(True, after_ms=300)
    assert us.wait_for_state(lambda state: state.is_playing).peers == 1
    peer.set_playing(False)
    assert us.wait_for_state(lambda state: not state.is_playing).peers == 1
    us.set("link_start_stop", False)
    assert us.wait_for_state(lambda state: state.is_playing).peers == 1

    us.set("bpm", 60.0)
    us.set("link", False)
    gone = us.wait_for_state(lambda state: not state.peers)
    assert not gone.is_playing
    wait_until(lambda: not peer.link.numPeers())
    assert peer.bpm == pytest.approx(70.0, abs=0.01)


def assert_same_bar_lines(state: LinkState, peer: Peer, quarters: float) -> None:
    bar_ns = round(state.step_ns * 4 * quarters)
    theirs_ns, uncertainty_ns = peer.bar_line(quarters)
    apart_ns = (theirs_ns - state.origin_ns + bar_ns // 2) % bar_ns - bar_ns // 2
    assert abs(apart_ns) <= 2 * MS + uncertainty_ns


def test_link_without_tempo_lets_who_comes_later_set_it(room: Room) -> None:
    us, peer = room.us(), room.peer(140.0)
    us.wait_for_state(shares(140.0))
    assert peer.bpm == 140.0
    peer.leave()
    assert us.wait_for_state(lambda state: not state.peers).step_ns


def test_link_with_tempo_proposes_it_to_who_comes_later(room: Room) -> None:
    us = room.us(Settings(link=True, bpm=80.0))
    first = us.wait_for_state(lambda state: not state.peers)
    assert bpm_of(first) == 80.0
    us.set("bpm", 90.0)
    us.wait_for_state(lambda state: bpm_of(state) == pytest.approx(90.0, abs=0.01))
    wait_until_established()
    peer = room.peer(140.0)
    us.wait_for_state(shares(90.0))
    wait_until(lambda: peer.bpm == pytest.approx(90.0, abs=0.01))


def test_link_with_tempo_leaves_that_of_others_alone(room: Room) -> None:
    peer = room.peer()
    wait_until_established()
    us = room.us(replace(ON, bpm=80.0))
    us.wait_for_state(shares(97.3))
    us.set("bpm", 90.0)
    us.set("link_start_stop", False)
    us.wait_for_state(lambda state: state.is_playing)
    assert peer.bpm == pytest.approx(97.3, abs=0.01)


def test_engine_reports_the_link_session(room: Room) -> None:
    peer = room.peer()
    with EngineLink(Settings(), ports=False, model_command=HELD) as engine:
        await_message(engine, ModelUp)
        engine.send(Setting("link", value=True))
        while not shares(97.3)(await_message(engine, LinkState)):
            pass
        engine.send(Setting("link", value=False))
        while await_message(engine, LinkState).peers:
            pass
        wait_until(lambda: not peer.link.numPeers())


def wait_until_established() -> None:
    """Wait until a session that begins now would give way to the one that is there."""
    listener = PresenceListener()
    wait_until(lambda: listener.hears_others(time.monotonic_ns()))
    listener.close()
