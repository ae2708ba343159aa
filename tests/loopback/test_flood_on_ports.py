"""Floods on real ports: notes that cannot be played are left out whole and counted, and the ports can be closed."""

import os
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from bachbridge.engine.ports.client import PortClient
from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import ModelUp
from bachbridge.protocol.notices import Health, Message, NotesShed
from bachbridge.settings import Settings
from tests.loopback.test_engine_on_ports import HELD
from tests.support.port_daw import PATIENCE_S, Daw, await_message, daw

NOTES = 1500
SOAK_NOTES_PER_S, SOAK_S, BATCH = 2000, 60, 20
MAX_GROWTH = 1.05
STREAMED, STREAM_PAUSE_S = 500, 0.0003
"""So many arrive before the ports are closed. In each period of JACK there are several."""
CLOSING_OWNER = """
import pathlib, sys
from bachbridge.engine.ports.broker import main
main()
pathlib.Path(sys.argv[1]).touch()
"""


class Flood:
    """An engine with MIDI thru, a keyboard that floods it, and the synthesizer that receives what it lets through."""

    def __init__(self, link: EngineLink, keyboard: Daw, synthesizer: Daw) -> None:
        self.link, self.keyboard, self.synthesizer = link, keyboard, synthesizer
        self.sent = self.shed = 0
        self.health: Health | None = None

    def play(self, count: int) -> None:
        """Send notes as fast as the port takes them; no two alike are near, as a note that returns would be."""
        for n in range(self.sent, self.sent + count):
            self.keyboard.play(20 + n % 100, velocity=1 + n % 127)
        self.sent += count

    def receive_pending(self) -> None:
        """Receive what the engine has reported by now, and the notes."""
        while (message := self.link.receive(0)) is not None:
            self._count(message)
        self.synthesizer.receive_pending()

    def _count(self, message: Message) -> None:
        if isinstance(message, NotesShed):
            self.shed = message.count
        if isinstance(message, Health):
            self.health = message

    def wait_until_all_are_known(self) -> None:
        """Wait until every note has been received or was reported as left out, and nothing sounds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self.received + self.shed < self.sent or self.synthesizer.sounding:
            assert time.monotonic() < deadline_s, (self.received, self.shed, self.sent, self.synthesizer.sounding)
            if (message := self.link.receive(0.05)) is not None:
                self._count(message)
            self.receive_pending()
        assert self.received + self.shed == self.sent

    @property
    def received(self) -> int:
        return sum(data[0] & 0xF0 == 0x90 for _, data in self.synthesizer.received)


def flooded(settings: Settings) -> "EngineLink":
    """Return an engine whose model is ready."""
    link = EngineLink(settings, model_command=HELD)
    await_message(link, ModelUp)
    return link


def test_flood_on_ports_leaves_no_note_and_counts_the_lost(jack: DummyServer) -> None:
    with flooded(Settings(thru=True, mode="off")) as link:
        with daw(None, INPUT_NAME, "Keys") as keyboard, daw(OUTPUT_NAME, None, "Synth") as synthesizer:
            flood = Flood(link, keyboard, synthesizer)
            flood.play(NOTES)
            flood.wait_until_all_are_known()
            assert flood.received > 0
        assert link.close() == 0


@pytest.mark.parametrize("message", [b"\xf8", midi.control_change(0, 1, 64)], ids=["clock", "controller"])
def test_ports_close_by_themselves_in_a_stream(jack: DummyServer, message: bytes, tmp_path: Path) -> None:
    closed, has_arrived, is_over = tmp_path / "closed", threading.Event(), threading.Event()
    arrivals = 0

    def count(_: int, __: bytes) -> None:
        nonlocal arrivals
        arrivals += 1
        if arrivals == STREAMED:
            has_arrived.set()

    command = [sys.executable, "-c", CLOSING_OWNER, str(closed)]
    with (
        closing(PortClient(None, None, count, lambda _: None, command=command)) as client,
        daw(None, INPUT_NAME, "Stream") as streamer,
    ):

        def stream() -> None:
            while not is_over.wait(STREAM_PAUSE_S):
                streamer.send(message)

        thread = threading.Thread(target=stream, daemon=True)
        thread.start()
        try:
            assert has_arrived.wait(PATIENCE_S)
            client.close()
            # A process that hangs is killed, and JACK then stands still for seconds.
            assert closed.exists()
        finally:
            is_over.set()
            thread.join(PATIENCE_S)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["off", "continue", "harmonize"])
@pytest.mark.parametrize("frames", [256, 1024])
def test_long_flood_on_ports_is_counted(frames: int, mode: str) -> None:
    with (
        DummyServer(f"bachbridge-flood-{frames}-{os.getpid()}", frames),
        flooded(Settings(thru=True, mode=mode)) as link,
    ):
        process = psutil.Process(link.pid)
        with daw(None, INPUT_NAME, "Keys") as keyboard, daw(OUTPUT_NAME, None, "Synth") as synthesizer:
            flood, pause = Flood(link, keyboard, synthesizer), threading.Event()
            begin_s, sizes = time.monotonic(), list[int]()
            while (elapsed_s := time.monotonic() - begin_s) < SOAK_S:
                if flood.sent < elapsed_s * SOAK_NOTES_PER_S:
                    flood.play(BATCH)
                else:
                    pause.wait(0.002)
                flood.receive_pending()
                if len(sizes) < elapsed_s // 5:
                    sizes.append(process.memory_info().rss)
            if mode == "off":
                flood.wait_until_all_are_known()
            print(
                f"{frames} {mode}: {flood.sent} sent, {flood.received} received, {flood.shed} left out, {flood.health}"
            )
            # A phrase has its most notes, 2,048, after sixteen seconds.
            assert sizes[-1] <= MAX_GROWTH * sizes[len(sizes) // 2]
        assert link.close() == 0
