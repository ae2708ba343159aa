"""The whole window over engines in virtual time: what `app.open_window` makes, with its timer stopped.

`beat` lets time pass in the engine and in the window alike. Nothing here starts a process.
"""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QTimer

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Message, Midi
from bachbridge.settings import Settings
from bachbridge_gui.app import Setup, application, open_window
from bachbridge_gui.engine.supervisor import Client, Start
from bachbridge_gui.main_window import FIRST, Window
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.state.app_state import State
from bachbridge_gui.state.window_prefs import Remembered
from bachbridge_gui.widgets.theme import Theme
from tests.support.fake_engine import FakeEngine

MS = 1_000_000
S = 1000 * MS
FRAME_NS = 50 * MS
READY = Remembered(welcome=False)


class Sound:
    """A process of the preview sound that only remembers."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.stopped = False
        self.say: Callable[[Message | None], None] = lambda _: None

    def start(self, receive: Callable[[Message | None], None]) -> "Sound":
        self.say = receive
        return self

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def stop(self, timeout_s: float = 0.0) -> int:
        self.stopped = True
        return 0


class Assembled:
    """The window, its engines, and what it wanted to keep at the end."""

    def __init__(
        self,
        folder: Path,
        settings: Settings | None = None,
        remembered: Remembered = READY,
        ports: Callable[[str | None, str | None], tuple[str, str]] | None = None,
        *,
        midi: bool = True,
    ) -> None:
        self._midi = midi
        self.engines: list[FakeEngine] = []
        self.started: list[tuple[Settings, bool]] = []
        self.asked_ports: list[tuple[str | None, str | None]] = []
        self.kept: list[tuple[Remembered, Settings]] = []
        self.sound = Sound()
        self.now_ns = 0
        setup = Setup(
            settings or Settings(bpm=120),
            remembered,
            self._start,
            folder,
            lambda *kept: self.kept.append(kept),
            lambda: PreviewSound(self.sound.start),
        )
        self.window: Window = open_window(setup, Theme(application(), remembered.theme))
        if not remembered.geometry:
            self.window.resize(*FIRST)
        for timer in self.pulse.findChildren(QTimer):
            timer.stop()
        self.beat()

    def _start(self, source: str | None, sink: str | None) -> Start:
        def start(settings: Settings, ports: bool) -> Client:
            self.asked_ports.append((source, sink))
            self.started.append((settings, ports))
            self.engines.append(FakeEngine(settings, ports=ports, midi=self._midi))
            self.engine.driver.now_ns = self.now_ns
            return self.engine

        return start

    @property
    def engine(self) -> FakeEngine:
        return self.engines[-1]

    @property
    def pulse(self):
        return self.window.pulse

    @property
    def furniture(self):
        return self.window.furniture

    @property
    def shown(self) -> State:
        return self.pulse.shown

    def said(self, kind: type[Message]) -> list[Message]:
        """What the engine that runs now was told, of one kind."""
        return [message for message in self.engine.said if isinstance(message, kind)]

    def beat(self, passing_ns: int = S) -> None:
        """Time passes, a frame at a time: not less than one."""
        end_ns = self.now_ns + passing_ns
        while self.now_ns < end_ns:
            self.now_ns += FRAME_NS
            self.engine.run(self.now_ns)
            self.pulse.beat(self.now_ns)

    def play(self, *pitches: int, velocity: int = 80) -> None:
        """A quarter note for each pitch, at 120 bpm."""
        for pitch in pitches:
            self.engine.feed(Midi(midi.note_on(0, pitch, velocity)))
            self.beat(480 * MS)
            self.engine.feed(Midi(midi.note_off(0, pitch)))

    def exchange(self, *pitches: int) -> None:
        """Play a phrase, have it answered, and wait until all is over."""
        listed = len(self.furniture.phrases.model.entries)
        self.play(*pitches)
        self.pulse.desk.command("end_phrase")
        self.settle(listed + 1)

    def settle(self, listed: int) -> None:
        """Wait until so many exchanges are over, and a little longer."""
        end_ns = self.now_ns + 60 * S
        while len(self.furniture.phrases.model.entries) < listed and self.now_ns < end_ns:
            self.beat(FRAME_NS)
        self.beat(S)
