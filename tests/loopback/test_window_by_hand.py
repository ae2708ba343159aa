"""The program on real ports, used as people use it: by mouse in a small window, and by keys alone.

All tests share one window, which takes some seconds to be ready; each leaves it silent.
"""

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import QDeadlineTimer, QEventLoop, QPoint, Qt
from PyQt6.QtGui import QWindow
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer
from bachbridge.music.notes import VOICES
from bachbridge_gui.presets.midi_learn_overlay import LearnOverlay
from bachbridge_gui.state.exchanges import exchange_phrase
from tests.loopback.window_program import PATIENCE_MS, Program, played_pitches, receive_until
from tests.support.port_daw import Daw, daw

LEFT = Qt.MouseButton.LeftButton
SIZE = 900, 600


@pytest.fixture(scope="module")
def program(jack: DummyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    opened = Program(tmp_path_factory.mktemp("window"))
    opened.window.resize(*SIZE)
    yield opened
    opened.window.close()


@pytest.fixture(scope="module")
def player(program: Program) -> Iterator[Daw]:
    deadline = QDeadlineTimer(PATIENCE_MS)
    while not program.window.core.is_ready:
        assert not deadline.hasExpired()
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    with daw() as opened:
        yield opened


def handle(program: Program) -> QWindow:
    found = program.window.windowHandle()
    assert found
    return found


def tab_to(program: Program, qtbot: QtBot, wanted: QWidget) -> None:
    for _ in range(200):
        if QApplication.focusWidget() is wanted:
            return
        qtbot.keyClick(handle(program), Qt.Key.Key_Tab)
    raise AssertionError(f"Tab does not reach {wanted.accessibleName()}")


def test_small_window_has_room_for_what_playing_needs(program: Program, player: Daw) -> None:
    window, parts = program.window, program.window.parts
    assert (window.width(), window.height()) == SIZE
    needed = (parts.top_bar.panic_button, parts.keyboard, parts.controls.learn_bar.learn_button, parts.roll)
    for widget in needed:
        corner = widget.mapTo(window, QPoint(0, 0))
        assert window.rect().contains(corner)
        assert window.rect().contains(corner + QPoint(widget.width() - 1, widget.height() - 1))


def test_click_on_a_piano_key_sounds_through_the_port(program: Program, player: Daw, qtbot: QtBot) -> None:
    keyboard = program.window.parts.keyboard
    place = QPoint(keyboard.width() // 2, keyboard.height() - 6)
    known = len(player.received)
    qtbot.mousePress(keyboard, LEFT, pos=place)
    (pitch,) = keyboard.held_pitches
    receive_until(qtbot, player, lambda: len(player.sounding) == 1)
    qtbot.mouseRelease(keyboard, LEFT, pos=place)
    receive_until(qtbot, player, lambda: not player.sounding)
    assert played_pitches(player, known) == [pitch]


def test_knob_is_learnt_by_clicks_and_moves_its_control(program: Program, player: Daw, qtbot: QtBot) -> None:
    core, controls = program.window.core, program.window.parts.controls
    qtbot.mouseClick(controls.learn_bar.learn_button, LEFT)
    (overlay,) = [made for made in controls.findChildren(LearnOverlay) if made.accessibleName() == "Learn temperature"]
    qtbot.mouseClick(overlay, LEFT)
    player.send(midi.control_change(2, 21, 5))
    qtbot.waitUntil(lambda: core.midi_learn.armed_target is None, timeout=PATIENCE_MS)
    qtbot.mouseClick(controls.learn_bar.learn_button, LEFT)
    assert not core.midi_learn.active
    for value, temperature in ((127, 2.0), (0, 0.1)):
        player.send(midi.control_change(2, 21, value))
        qtbot.waitUntil(lambda wanted=temperature: core.store.settings.temperature == wanted, timeout=PATIENCE_MS)


def test_panic_button_silences_a_held_key_and_all_channels(program: Program, player: Daw, qtbot: QtBot) -> None:
    qtbot.keyPress(handle(program), Qt.Key.Key_X)
    receive_until(qtbot, player, lambda: len(player.sounding) == 1)
    known = len(player.received)
    qtbot.mouseClick(program.window.parts.top_bar.panic_button, LEFT)
    wanted = {bytes((0xB0 | channel, number, 0)) for channel in range(16) for number in (64, 120, 123)}
    receive_until(qtbot, player, lambda: wanted <= {data for _, data in player.received[known:]})
    assert not player.sounding
    qtbot.keyRelease(handle(program), Qt.Key.Key_X)


def test_keys_alone_play_a_phrase_and_hear_it_again(program: Program, player: Daw, qtbot: QtBot) -> None:
    """Letters play, Space ends the phrase, Esc ends the answer, and Enter on the score plays from the second step.

    The letters may follow one another within a 16th, which is one step of the score. So the answer sounds until its
    second step, which is the fifth note of its four voices.
    """
    parts, state = program.window.parts, program.window.core.state
    qtbot.keyClick(handle(program), Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    tab_to(program, qtbot, parts.roll)
    known = len(player.received)
    for key, pitch in ((Qt.Key.Key_Z, 48), (Qt.Key.Key_X, 50), (Qt.Key.Key_C, 52)):
        qtbot.keyClick(handle(program), key)
        receive_until(
            qtbot, player, lambda wanted=pitch: wanted in played_pitches(player, known) and not player.sounding
        )
    qtbot.waitUntil(lambda: state.activity.has_open_phrase, timeout=PATIENCE_MS)
    played = len(player.received)
    qtbot.keyClick(handle(program), Qt.Key.Key_Space)
    receive_until(qtbot, player, lambda: len(played_pitches(player, played)) > len(VOICES))
    qtbot.keyClick(handle(program), Qt.Key.Key_Escape)
    receive_until(qtbot, player, lambda: not player.sounding and bool(parts.phrases.model.entries))
    with qtbot.waitSignal(parts.score.shown, timeout=PATIENCE_MS):
        qtbot.keyClick(handle(program), Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    (entry,) = parts.phrases.selected_entries()
    notes = exchange_phrase(entry).notes
    second_step = sorted({note.start for note in notes})[1]
    tab_to(program, qtbot, parts.score.page)
    known = len(player.received)
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(parts.score.page, key)
    receive_until(qtbot, player, lambda: bool(played_pitches(player, known)))
    assert played_pitches(player, known)[0] in {note.pitch for note in notes if note.start == second_step}
    qtbot.keyClick(handle(program), Qt.Key.Key_Escape)
    receive_until(qtbot, player, lambda: not player.sounding)
