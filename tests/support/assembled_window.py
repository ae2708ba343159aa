"""The whole window with engines in virtual time: what `app.open_window` creates, with its timers stopped.

`advance` lets time pass in the engine and in the window. Nothing here starts a process.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QTimer

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Midi
from bachbridge.protocol.notices import Message
from bachbridge.settings import Settings
from bachbridge_gui.app import WindowSetup, application, open_window
from bachbridge_gui.app_core import AppCore
from bachbridge_gui.engine.supervisor import EngineClient, StartEngine
from bachbridge_gui.frame_loop import FrameLoop
from bachbridge_gui.main_window import DEFAULT_SIZE, MainWindow
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.preview.client import PreviewSound
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.widgets.theme import Theme
from bachbridge_gui.window_parts import WindowParts
from tests.support.fake_engine import FakeEngine

MS = 1_000_000
S = 1000 * MS
FRAME_NS = 50 * MS
NO_WELCOME = WindowPrefs(welcome=False)


class FakePreviewProcess:
    """A process of the preview sound that only records messages."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.stopped = False
        self.deliver: Callable[[Message | None], None] = lambda _: None

    def start(self, receive: Callable[[Message | None], None]) -> "FakePreviewProcess":
        self.deliver = receive
        return self

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def stop(self, timeout_s: float = 0.0) -> int:
        self.stopped = True
        return 0


_last_windows: deque[MainWindow] = deque(maxlen=2)
"""Windows that a test may have left open: one that is collected while Qt paints it, after the test, is a crash."""


class WindowHarness:
    """The window, its engines, and what it saved when it was closed."""

    def __init__(
        self,
        folder: Path,
        settings: Settings | None = None,
        prefs: WindowPrefs = NO_WELCOME,
        ports: Callable[[str | None, str | None], tuple[str, str]] | None = None,
        *,
        midi: bool = True,
    ) -> None:
        self._midi = midi
        self.engines: list[FakeEngine] = []
        self.started: list[tuple[Settings, bool]] = []
        self.requested_ports: list[tuple[str | None, str | None]] = []
        self.saved: list[tuple[WindowPrefs, Settings]] = []
        self.preview_process = FakePreviewProcess()
        self.now_ns = 0
        setup = WindowSetup(
            settings or Settings(bpm=120),
            prefs,
            self._engine_starter,
            folder,
            lambda *saved: self.saved.append(saved),
            lambda: PreviewSound(self.preview_process.start),
        )
        self.window: MainWindow = open_window(setup, Theme(application(), prefs.theme))
        _last_windows.append(self.window)
        if not prefs.geometry:
            self.window.resize(*DEFAULT_SIZE)
        for timer in self.frame_loop.findChildren(QTimer):
            timer.stop()
        self.advance()

    def _engine_starter(self, input_name: str | None, output_name: str | None) -> StartEngine:
        def start(settings: Settings, ports: bool) -> EngineClient:
            self.requested_ports.append((input_name, output_name))
            self.started.append((settings, ports))
            self.engines.append(FakeEngine(settings, ports=ports, midi=self._midi))
            self.engine.driver.now_ns = self.now_ns
            return self.engine

        return start

    @property
    def engine(self) -> FakeEngine:
        return self.engines[-1]

    @property
    def frame_loop(self) -> FrameLoop:
        return self.window.frame_loop

    @property
    def parts(self) -> WindowParts:
        return self.window.parts

    @property
    def core(self) -> AppCore:
        return self.window.core

    @property
    def state(self) -> AppState:
        return self.core.state

    @property
    def store(self) -> SettingsStore:
        return self.core.store

    @property
    def midi_learn(self) -> MidiLearn:
        return self.core.midi_learn

    def engine_received(self, kind: type[Message]) -> list[Message]:
        """Return the messages of one kind that the present engine received."""
        return [message for message in self.engine.received if isinstance(message, kind)]

    def advance(self, passing_ns: int = S) -> None:
        """Let time pass frame by frame, at least one frame."""
        end_ns = self.now_ns + passing_ns
        while self.now_ns < end_ns:
            self.now_ns += FRAME_NS
            self.engine.run(self.now_ns)
            self.frame_loop.run_frame(self.now_ns)

    def play(self, *pitches: int, velocity: int = 80) -> None:
        """Play a quarter note for each pitch at 120 bpm."""
        for pitch in pitches:
            self.engine.feed(Midi(midi.note_on(0, pitch, velocity)))
            self.advance(480 * MS)
            self.engine.feed(Midi(midi.note_off(0, pitch)))

    def play_exchange(self, *pitches: int) -> None:
        """Play a phrase, let it be answered, and wait for the end."""
        listed_count = len(self.parts.phrases.model.entries)
        self.play(*pitches)
        self.store.give_command("end_phrase")
        self.wait_for_exchanges(listed_count + 1)

    def wait_for_exchanges(self, count: int) -> None:
        """Wait until `count` exchanges are listed, and a second longer."""
        end_ns = self.now_ns + 60 * S
        while len(self.parts.phrases.model.entries) < count and self.now_ns < end_ns:
            self.advance(FRAME_NS)
        self.advance(S)
