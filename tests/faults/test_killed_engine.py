"""Kills and signals of the engine and of the process that owns its ports: nothing keeps sounding."""

import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bachbridge.engine.ports import broker
from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer, ServerWatch
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import EndPhrase, ModelUp, PortsChanged
from bachbridge.protocol.notices import Connections, Received
from bachbridge.settings import Settings
from tests.support.port_daw import Daw, await_message, daw, wait_until
from tests.support.scripted_model import CHORD_PITCHES

MODEL = [sys.executable, str(Path(__file__).parent.parent / "support/scripted_model.py"), "held"]
LONG_ANSWER = Settings(bpm=300, phrase_end="control", answer_bars=16)
HARMONY = Settings(mode="harmonize", bpm=120)
HELD_STEP = [*MODEL[:-1], "stuck"]
KILLS, SOAK_KILLS = 3, 100


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the connections that killed engines leave away from other tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@contextmanager
def sounding(settings: Settings, model: list[str] = MODEL) -> Generator[tuple[EngineLink, Daw]]:
    """Yield an engine whose answer or harmony is sounding, and the DAW that receives it."""
    with EngineLink(settings, model_command=model) as link:
        await_message(link, ModelUp)
        with daw() as player:
            player.send(midi.note_on(0, 72, 80))
            if settings.mode == "continue":
                player.send(midi.note_off(0, 72))
                while await_message(link, Received).data[0] & 0xF0 != 0x80:
                    pass
                link.send(EndPhrase())
            player.wait_until(lambda: len(player.sounding) >= len(CHORD_PITCHES) - 1)
            yield link, player


def kill_and_time(settings: Settings, number: int = signal.SIGKILL) -> float:
    """Send a signal to an engine while it sounds; return how long it sounded on (s), once its ports are gone."""
    with sounding(settings) as (link, player):
        killed_ns = time.monotonic_ns()
        psutil.Process(link.pid).send_signal(number)
        player.wait_until_silent()
        last_ns, _ = player.received[-1]
        wait_until(lambda: not port_owners())
    return (last_ns - killed_ns) / 1e9


def port_owners() -> list[psutil.Process]:
    """Return the processes that own ports for an engine on this run's JACK server, and no other program's."""
    server = os.environ["JACK_DEFAULT_SERVER"]
    return [
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if broker.__name__ in (process.info["cmdline"] or [])
        and (process.info["environ"] or {}).get("JACK_DEFAULT_SERVER") == server
    ]


@pytest.mark.parametrize("settings", [LONG_ANSWER, HARMONY], ids=["answer", "harmony"])
def test_killed_engine_leaves_silence(jack: DummyServer, settings: Settings) -> None:
    times_ms = [1000 * kill_and_time(settings) for _ in range(KILLS)]
    print(f"silent after {', '.join(f'{time_ms:.1f}' for time_ms in times_ms)} ms")


def test_engine_after_a_killed_one_has_its_connections(jack: DummyServer) -> None:
    with sounding(HARMONY) as (link, _):
        while await_message(link, Connections) != Connections(1, 1):
            pass
        psutil.Process(link.pid).kill()
        with EngineLink(HARMONY, model_command=MODEL) as again:
            while await_message(again, Connections) != Connections(1, 1):
                pass
            assert again.close() == 0


@pytest.mark.soak
@pytest.mark.parametrize("settings", [LONG_ANSWER, HARMONY], ids=["answer", "harmony"])
def test_many_killed_engines_leave_silence(jack: DummyServer, settings: Settings) -> None:
    print_times([kill_and_time(settings) for _ in range(SOAK_KILLS)])


def print_times(times_s: list[float]) -> None:
    ordered = sorted(1000 * time_s for time_s in times_s)
    middle, late = ordered[len(ordered) // 2], ordered[-max(1, len(ordered) // 100) - 1]
    print(f"silent after {middle:.1f} ms p50, {late:.1f} p99, {ordered[-1]:.1f} at most, of {len(ordered)}")


@pytest.mark.soak
def test_many_hangups_leave_silence(jack: DummyServer) -> None:
    print_times([kill_and_time(HARMONY, signal.SIGHUP) for _ in range(SOAK_KILLS)])


@pytest.mark.soak
def test_many_killed_port_owners_leave_silence(jack: DummyServer) -> None:
    """JACK takes 15 s for each."""
    kill_port_owners()


def is_harmony_heard(player: Daw) -> bool:
    """Strike the key and look whether chords come. JACK loses what comes just after a connection is made."""
    player.send(midi.note_off(0, 72))
    player.send(midi.note_on(0, 72, 80))
    time.sleep(0.2)
    player.receive_pending()
    return len(player.sounding) >= len(CHORD_PITCHES) - 1


def kill_port_owners() -> None:
    """Kill the process that owns the ports again and again under a harmony, and print how long that sounded on."""
    times_s, watch = list[float](), ServerWatch()
    with sounding(HARMONY) as (link, player):
        while await_message(link, Connections) != Connections(1, 1):
            pass
        before = watch.connected_ports("BachBridge Out"), watch.connected_ports("BachBridge In")
        for _ in range(SOAK_KILLS):
            wait_until(lambda: is_harmony_heard(player))
            [owner] = port_owners()
            killed_ns = time.monotonic_ns()
            owner.kill()
            while await_message(link, PortsChanged).output != "BachBridge Out":
                pass
            player.wait_until_silent()
            times_s.append((player.received[-1][0] - killed_ns) / 1e9)
            wait_until(
                lambda: (watch.connected_ports("BachBridge Out"), watch.connected_ports("BachBridge In")) == before
            )
        assert link.close() == 0
    watch.close()
    print_times(times_s)


@pytest.mark.soak
def test_many_killed_models_leave_silence(jack: DummyServer) -> None:
    times_s: list[float] = []
    with sounding(LONG_ANSWER, HELD_STEP) as (link, player):
        for number in range(SOAK_KILLS):
            if number:
                player.play(60)
                while await_message(link, Received).data[0] & 0xF0 != 0x80:
                    pass
                link.send(EndPhrase())
                player.wait_until(lambda: len(player.sounding) == len(CHORD_PITCHES))
            [model] = [child for child in psutil.Process(link.pid).children() if "stuck" in child.cmdline()]
            killed_ns = time.monotonic_ns()
            model.kill()
            player.wait_until_silent()
            times_s.append((player.received[-1][0] - killed_ns) / 1e9)
            await_message(link, ModelUp)
        assert link.close() == 0
    print_times(times_s)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_hangup_ends_notes_and_engine(jack: DummyServer) -> None:
    with sounding(HARMONY) as (link, player):
        psutil.Process(link.pid).send_signal(signal.SIGHUP)
        player.wait_until_silent()
        assert link.close() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signalled_port_owner_leaves_silence(jack: DummyServer, number: int) -> None:
    with sounding(HARMONY) as (link, player):
        [owner] = port_owners()
        owner.send_signal(number)
        player.send(midi.note_off(0, 72))
        if number == signal.SIGTERM:
            assert await_message(link, PortsChanged) == PortsChanged("", "")
        player.wait_until_silent()


def test_killed_port_owner_comes_back_with_its_connections(jack: DummyServer) -> None:
    with sounding(HARMONY) as (link, player):
        [owner] = port_owners()
        while await_message(link, Connections) != Connections(1, 1):
            pass
        watch = ServerWatch()
        before = watch.connected_ports("BachBridge Out"), watch.connected_ports("BachBridge In")
        owner.kill()
        while await_message(link, PortsChanged).output != "BachBridge Out":
            pass
        wait_until(lambda: (watch.connected_ports("BachBridge Out"), watch.connected_ports("BachBridge In")) == before)
        watch.close()
        player.send(midi.note_off(0, 72))
        player.wait_until_silent()
        player.send(midi.note_on(0, 67, 80))
        player.wait_until(lambda: bool(player.sounding))
        player.send(midi.note_off(0, 67))
        player.wait_until_silent()


def test_engine_goes_on_while_its_port_owner_is_stopped(jack: DummyServer) -> None:
    with sounding(HARMONY) as (link, player):
        [owner] = port_owners()
        owner.suspend()
        player.send(midi.note_off(0, 72))
        for n in range(50):
            player.send(midi.note_on(0, 60 + n % 12, 80))
            player.send(midi.note_off(0, 60 + n % 12))
        owner.resume()
        player.wait_until_silent()
        assert link.close() == 0
