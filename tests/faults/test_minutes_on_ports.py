"""Twenty minutes of play in real time, with a real model on real ports, in changing modes: nothing is lost or hangs."""

import random
import threading
import time

import psutil
import pytest

from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import ModelDown, ModelUp, Setting
from bachbridge.protocol.notices import NotesShed, Sent
from bachbridge.settings import Settings
from tests.support.port_daw import Daw, await_message, daw

MINUTES, MODES = 20, ("continue", "harmonize", "trade", "duet")
MAX_GROWTH = 1.05


def play_minute(player: Daw, rng: random.Random) -> None:
    """Play a tune with chords and pauses for a minute, then let go of everything."""
    end_s, pause = time.monotonic() + 60, threading.Event()
    held: list[int] = []
    while time.monotonic() < end_s:
        for pitch in held:
            player.send(midi.note_off(0, pitch))
        held = [] if rng.random() < 0.1 else rng.sample(range(55, 80), rng.choice((1, 1, 1, 3)))
        for pitch in held:
            player.send(midi.note_on(0, pitch, rng.randrange(40, 110)))
        pause.wait(rng.choice((0.125, 0.25, 0.25, 0.5, 1.5)))
        player.receive_pending()
    for pitch in held:
        player.send(midi.note_off(0, pitch))


def count_sent(link: EngineLink) -> int:
    """Read the engine's reports until none comes for a second; return how many messages it has sent."""
    count = 0
    while (message := link.receive(1.0)) is not None:
        assert not isinstance(message, NotesShed | ModelDown), message
        count += isinstance(message, Sent)
    return count


@pytest.mark.soak
def test_real_minutes_lose_nothing_and_end_in_silence(jack: DummyServer) -> None:
    rng, sizes, sent = random.Random(1), list[int](), 0
    with EngineLink(Settings(bpm=120, thru=True)) as link:
        await_message(link, ModelUp)
        processes = [psutil.Process(link.pid), *psutil.Process(link.pid).children()]
        with daw() as player:
            for minute in range(MINUTES):
                link.send(Setting("mode", MODES[minute % len(MODES)]))
                play_minute(player, rng)
                link.send(Setting("mode", "off"))
                sent += count_sent(link)
                player.receive_pending()
                assert not player.sounding
                assert len(player.received) == sent
                sizes.append(sum(process.memory_info().rss for process in processes))
                print(f"minute {minute + 1}: {sent} messages sent and received, {sizes[-1] >> 20} MB", flush=True)
        assert link.close() == 0
    assert sizes[-1] <= MAX_GROWTH * sizes[len(MODES)]
