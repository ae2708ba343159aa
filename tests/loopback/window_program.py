"""The whole program for tests on real ports: the window in this process, its engine and model in theirs."""

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from bachbridge.process.ipc import EngineLink
from bachbridge.settings import Settings
from bachbridge_gui.app import WindowSetup, application, open_window
from bachbridge_gui.engine.supervisor import EngineClient
from bachbridge_gui.main_window import MainWindow
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.widgets.theme import Theme
from tests.support.port_daw import Daw

PATIENCE_MS = 60_000
SETTINGS = Settings(bpm=120, thru=True, phrase_end="control", answer_bars=8)


class Program:
    """The window, its engines, and the preferences and settings that it saved on closing."""

    def __init__(self, folder: Path, settings: Settings = SETTINGS) -> None:
        self.engines: list[EngineLink] = []
        self.saved: list[tuple[WindowPrefs, Settings]] = []
        prefs = WindowPrefs(welcome=False, preview="off", computer_keys=True)
        setup = WindowSetup(settings, prefs, lambda *_: self._start, folder, lambda *saved: self.saved.append(saved))
        self.window: MainWindow = open_window(setup, Theme(application()))

    def _start(self, settings: Settings, ports: bool) -> EngineClient:
        self.engines.append(EngineLink(settings, ports=ports, wait_for_ports=True))
        return self.engines[-1]


def played_pitches(player: Daw, since: int = 0) -> list[int]:
    """Return the pitches of the notes among the messages that the DAW has received, without the first `since`."""
    return [data[1] for _, data in player.received[since:] if data[0] & 0xF0 == 0x90 and data[2]]


def receive_until(qtbot: QtBot, player: Daw, condition: Callable[[], bool]) -> None:
    """Run both the window and the DAW until the condition holds."""

    def receive_and_check() -> bool:
        player.receive_pending()
        return condition()

    qtbot.waitUntil(receive_and_check, timeout=PATIENCE_MS)
