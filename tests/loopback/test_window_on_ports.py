"""The whole program: the window in this process, engine and model processes, and a DAW on real ports."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import OUTPUT_NAME
from bachbridge_gui.state.app_state import MIDI_FOUND_TEXT
from bachbridge_gui.state.health import NO_PORTS_NAME
from tests.loopback.conftest import SCREEN_SIZE
from tests.loopback.window_program import PATIENCE_MS, Program, played_pitches, receive_until
from tests.support.port_daw import Daw, daw

ABOVE_STATUS_BAR_PX = 48
"""A place this far from the window's lower edge is on a key of the piano."""


@pytest.fixture
def program(jack: DummyServer, tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    opened = Program(tmp_path)
    qtbot.addWidget(opened.window)
    qtbot.waitUntil(lambda: opened.window.core.is_ready, timeout=PATIENCE_MS)
    yield opened
    opened.window.close()


@pytest.fixture
def player(program: Program) -> Iterator[Daw]:
    with daw() as opened:
        yield opened


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


def test_window_takes_a_midi_system_that_comes_late(jack: DummyServer, tmp_path: Path, qtbot: QtBot) -> None:
    """Open the window while JACK is down: it says so, and plays through its ports once JACK is there."""
    jack.stop()
    try:
        late = Program(tmp_path)
        state = late.window.core.state
        qtbot.waitUntil(lambda: state.health.output_name == NO_PORTS_NAME, timeout=PATIENCE_MS)
    finally:
        jack.start()
    try:
        qtbot.waitUntil(lambda: state.health.output_name == OUTPUT_NAME, timeout=PATIENCE_MS)
        assert MIDI_FOUND_TEXT in [notice.text for _, notice in state.notices.history]
        with daw() as player:
            keyboard = late.window.parts.keyboard
            qtbot.mousePress(keyboard, Qt.MouseButton.LeftButton, pos=QPoint(20, keyboard.height() - 6))
            receive_until(qtbot, player, lambda: len(player.sounding) == 1)
            qtbot.mouseRelease(keyboard, Qt.MouseButton.LeftButton, pos=QPoint(20, keyboard.height() - 6))
            receive_until(qtbot, player, lambda: not player.sounding)
    finally:
        late.window.close()


@pytest.mark.parametrize("scale", [1, 2])
def test_command_runs_on_a_display(jack: DummyServer, tmp_path: Path, qtbot: QtBot, display: str, scale: int) -> None:
    """Run `bachbridge` on an X server: a key and a click play notes, and a signal ends it in an orderly way."""
    environment = {**os.environ, "DISPLAY": display, "BACHBRIDGE_TELL_START": "1", "QT_SCALE_FACTOR": str(scale)}
    environment |= {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    del environment["QT_QPA_PLATFORM"]
    (tmp_path / "bachbridge").mkdir()
    saved_prefs = '{"version": 1, "welcome": false, "computer_keys": true, "preview": "off"}'
    (tmp_path / "bachbridge" / "window.json").write_text(saved_prefs)
    command = [sys.executable, "-m", "bachbridge.cli.main", "--thru"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def xdotool(*words: str) -> str:
        return subprocess.run(["xdotool", *words], env=environment, check=True, capture_output=True, text=True).stdout

    try:
        assert process.stdout
        assert "visible_ns" in process.stdout.readline()
        assert "ready_ns" in process.stdout.readline()
        with daw() as player:
            search = ("search", "--sync", "--onlyvisible", "--name", "BachBridge")
            xdotool(*search, "windowfocus", "--sync")
            found = xdotool(*search, "getwindowgeometry", "--shell")
            place = {name: int(number) for name, number in (line.split("=") for line in found.split())}
            assert place["WIDTH"] <= SCREEN_SIZE[0]
            assert place["HEIGHT"] <= SCREEN_SIZE[1]
            x, y = place["X"] + place["WIDTH"] // 2, place["Y"] + place["HEIGHT"] - ABOVE_STATUS_BAR_PX * scale
            xdotool("mousemove", str(x), str(y), "mousedown", "1")
            player.wait_until(lambda: len(player.sounding) == 1)
            xdotool("mouseup", "1")
            player.wait_until_silent()
            xdotool("keydown", "z")
            player.wait_until(lambda: len(player.sounding) == 1)
            process.terminate()
            player.wait_until_silent()
        _, errors = process.communicate(timeout=PATIENCE_MS / 1000)
    finally:
        process.kill()
    assert process.returncode == 0
    assert errors == ""
