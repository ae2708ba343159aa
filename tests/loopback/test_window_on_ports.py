"""The whole program: the window in this process, engine and model processes, and a DAW on real ports."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer
from bachbridge.process.ipc import EngineLink
from bachbridge.settings import Settings
from bachbridge_gui.app import WindowSetup, application, open_window
from bachbridge_gui.engine.supervisor import EngineClient
from bachbridge_gui.main_window import MainWindow
from bachbridge_gui.state.window_prefs import WindowPrefs
from bachbridge_gui.widgets.theme import Theme
from tests.support.port_daw import Daw, daw

PATIENCE_MS = 20_000


class Program:
    """The window, its engines, and the preferences and settings that it saved on closing."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.engines: list[EngineLink] = []
        self.saved: list[tuple[WindowPrefs, Settings]] = []
        prefs = WindowPrefs(welcome=False, preview="off", computer_keys=True)
        setup = WindowSetup(settings, prefs, lambda *_: self._start, folder, lambda *saved: self.saved.append(saved))
        self.window: MainWindow = open_window(setup, Theme(application()))

    def _start(self, settings: Settings, ports: bool) -> EngineClient:
        self.engines.append(EngineLink(settings, ports=ports, wait_for_ports=True))
        return self.engines[-1]


@pytest.fixture
def program(jack: DummyServer, tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    opened = Program(tmp_path, Settings(bpm=120, thru=True, phrase_end="control", answer_bars=8))
    qtbot.addWidget(opened.window)
    qtbot.waitUntil(lambda: opened.window.core.is_ready, timeout=PATIENCE_MS)
    yield opened
    opened.window.close()


@pytest.fixture
def player(program: Program) -> Iterator[Daw]:
    with daw() as opened:
        yield opened


def played_pitches(player: Daw) -> list[int]:
    return [data[1] for _, data in player.received if data[0] & 0xF0 == 0x90 and data[2]]


def receive_until(qtbot: QtBot, player: Daw, condition: Callable[[], bool]) -> None:
    """Run both the window and the DAW until the condition holds."""

    def receive_and_check() -> bool:
        player.receive_pending()
        return condition()

    qtbot.waitUntil(receive_and_check, timeout=PATIENCE_MS)


def test_computer_keys_play_notes_through_the_port(program: Program, player: Daw, qtbot: QtBot) -> None:
    handle = program.window.windowHandle()
    assert handle
    qtbot.keyPress(handle, Qt.Key.Key_Z)
    receive_until(qtbot, player, lambda: len(player.sounding) == 1)
    qtbot.keyRelease(handle, Qt.Key.Key_Z)
    receive_until(qtbot, player, lambda: not player.sounding)
    assert played_pitches(player) == [48]


def test_learnt_controller_moves_its_control(program: Program, player: Daw, qtbot: QtBot) -> None:
    core = program.window.core
    core.midi_learn.set_active(active=True)
    core.midi_learn.arm("temperature")
    player.send(midi.control_change(2, 21, 5))
    qtbot.waitUntil(lambda: core.midi_learn.armed_target is None, timeout=PATIENCE_MS)
    core.midi_learn.set_active(active=False)
    player.send(midi.control_change(2, 21, 127))
    qtbot.waitUntil(lambda: core.store.settings.temperature == 2.0, timeout=PATIENCE_MS)
    player.send(midi.control_change(2, 21, 0))
    qtbot.waitUntil(lambda: core.store.settings.temperature == 0.1, timeout=PATIENCE_MS)


def sound_an_answer(program: Program, player: Daw, qtbot: QtBot) -> None:
    """Play a phrase, end it with its controller, and wait until four voices answer."""
    player.play(67, 69, 71, 72)
    qtbot.waitUntil(lambda: len(program.window.core.state.timeline.notes) >= 4, timeout=PATIENCE_MS)
    player.send(midi.control_change(0, 80, 127))
    receive_until(qtbot, player, lambda: len(player.sounding) >= 4)


def test_panic_silences_every_channel(program: Program, player: Daw, qtbot: QtBot) -> None:
    sound_an_answer(program, player, qtbot)
    known = len(player.received)
    handle = program.window.windowHandle()
    assert handle
    qtbot.keyClick(handle, Qt.Key.Key_Escape)
    receive_until(qtbot, player, lambda: not player.sounding)
    wanted = {bytes((0xB0 | channel, number, 0)) for channel in range(16) for number in (64, 120, 123)}
    receive_until(qtbot, player, lambda: wanted <= {data for _, data in player.received[known:]})


def test_answer_is_shown_as_planned_then_played_then_listed(program: Program, player: Daw, qtbot: QtBot) -> None:
    shown = program.window.core.state
    program.window.core.store.set("answer_bars", 1)
    player.play(67, 69, 71, 72)
    qtbot.waitUntil(lambda: len(shown.timeline.notes) >= 4, timeout=PATIENCE_MS)
    program.window.parts.controls.setFocus()
    program.window.core.store.give_command("end_phrase")
    qtbot.waitUntil(lambda: bool(shown.timeline.planned), timeout=PATIENCE_MS)
    phrases = program.window.parts.phrases
    qtbot.waitUntil(lambda: bool(phrases.selected_entries()), timeout=PATIENCE_MS)
    (entry,) = phrases.selected_entries()
    assert {note.voice for note in entry.answer} == {0, 1, 2, 3}
    phrases.trigger_action("play")
    known = len(player.received)
    receive_until(qtbot, player, lambda: {67, 69, 71, 72} <= {d[1] for _, d in player.received[known:] if d[0] == 0x94})


def test_window_restarts_a_killed_engine_with_its_settings(program: Program, player: Daw, qtbot: QtBot) -> None:
    core = program.window.core
    core.store.set("temperature", 1.25)
    sound_an_answer(program, player, qtbot)
    os.kill(program.engines[-1].pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: len(program.engines) == 2, timeout=PATIENCE_MS)
    assert "engine" in program.window.notice.text().lower()
    qtbot.waitUntil(lambda: core.is_ready and not program.window.notice.text(), timeout=PATIENCE_MS)
    assert core.store.settings.temperature == 1.25
    assert core.state.timeline.is_idle
    player.close()
    with daw() as again:
        again.play(60)
        receive_until(qtbot, again, lambda: 60 in played_pitches(again))


def test_closing_the_window_leaves_no_note_sounding(program: Program, player: Daw, qtbot: QtBot) -> None:
    program.window.core.store.set("temperature", 1.5)
    sound_an_answer(program, player, qtbot)
    program.window.close()
    player.wait_until_silent()
    assert program.engines[-1].close() == 0
    ((prefs, settings),) = program.saved
    assert settings.temperature == 1.5
    assert prefs.geometry


def test_command_runs_on_a_display(jack: DummyServer, tmp_path: Path, qtbot: QtBot, display: str) -> None:
    """Run `bachbridge` on an X server: a key pressed there plays a note, and a signal ends it in an orderly way."""
    environment = {**os.environ, "DISPLAY": display, "BACHBRIDGE_TELL_START": "1"}
    environment |= {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    del environment["QT_QPA_PLATFORM"]
    (tmp_path / "bachbridge").mkdir()
    saved_prefs = '{"version": 1, "welcome": false, "computer_keys": true, "preview": "off"}'
    (tmp_path / "bachbridge" / "window.json").write_text(saved_prefs)
    command = [sys.executable, "-m", "bachbridge.cli.main", "--thru"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert "visible_ns" in process.stdout.readline()
        assert "ready_ns" in process.stdout.readline()
        with daw() as player:
            search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "BachBridge"]
            subprocess.run([*search, "windowfocus", "--sync"], env=environment, check=True, capture_output=True)
            subprocess.run(["xdotool", "keydown", "z"], env=environment, check=True)
            player.wait_until(lambda: len(player.sounding) == 1)
            process.terminate()
            player.wait_until_silent()
        _, errors = process.communicate(timeout=PATIENCE_MS / 1000)
    finally:
        process.kill()
    assert process.returncode == 0
    assert errors == ""
