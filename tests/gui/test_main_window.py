"""The main window: its views, its compact form, its drawers, and its first size."""

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Midi
from bachbridge_gui.main_window import COMPACT_HEIGHT_PX
from bachbridge_gui.state.activity import LiveState
from bachbridge_gui.views.top_bar import VIEWS
from tests.gui.opened_window import menu_action, native_window, top_bar_button
from tests.support.assembled_window import WindowHarness


@pytest.mark.parametrize("name", VIEWS)
def test_view_is_shown_by_button_and_by_key(opened: WindowHarness, qtbot: QtBot, name: str) -> None:
    wanted = opened.parts.views[VIEWS.index(name)]
    for device in ("button", "key"):
        opened.window.show_view("monitor" if name == "roll" else "roll")
        assert not wanted.isVisible()
        if device == "button":
            qtbot.mouseClick(top_bar_button(opened, name.capitalize()), Qt.MouseButton.LeftButton)
        else:
            key = Qt.Key(Qt.Key.Key_1 + VIEWS.index(name))
            qtbot.keyClick(native_window(opened), key, Qt.KeyboardModifier.ControlModifier)
        assert wanted.isVisible()
        assert top_bar_button(opened, name.capitalize()).isChecked()
        assert opened.state.view == name


def test_welcome_page_opens_from_menu_and_leads_on(opened: WindowHarness, qtbot: QtBot) -> None:
    menu_action(opened, "Welcome page").trigger()
    assert opened.parts.welcome_page.isVisible()
    for text, view in (("Connect my DAW", "connect"), ("Start playing", "roll"), ("Play without a keyboard", "roll")):
        opened.window.show_view("welcome")
        (found,) = [b for b in opened.parts.welcome_page.findChildren(QAbstractButton) if b.text() == text]
        qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        assert opened.state.view == view
    assert opened.parts.keyboard.isVisible()


def test_status_bar_opens_monitor_and_its_button_closes_it(opened: WindowHarness, qtbot: QtBot) -> None:
    qtbot.mouseClick(opened.parts.status_bar, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert opened.parts.monitor.isVisible()
    opened.parts.monitor.closed.emit()
    assert opened.parts.roll.isVisible()


def test_compact_window_is_low_and_restores_height(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.resize(1100, 700)
    qtbot.mouseClick(opened.parts.top_bar.compact_button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert opened.window.height() == COMPACT_HEIGHT_PX
    assert opened.parts.roll.isVisible()
    assert opened.parts.top_bar.panic_button.isVisible()
    assert opened.parts.compact_bar.end_phrase.isVisible()
    assert opened.parts.hearing_strip.isVisible()
    assert opened.parts.roll.height() >= 60
    assert not opened.parts.phrases.isVisible()
    qtbot.mouseClick(opened.parts.top_bar.compact_button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert (opened.window.width(), opened.window.height()) == (1100, 700)
    assert opened.parts.phrases.isVisible()
    assert not opened.parts.compact_bar.isVisible()


def test_narrow_window_has_drawers(opened: WindowHarness, qtbot: QtBot) -> None:
    """In a window with room for one panel, its button opens each of them, and the other one closes."""
    parts, panels = opened.parts, (opened.parts.controls, opened.parts.phrases)
    for width, shown in ((1200, [True, True]), (900, [True, False]), (1200, [True, True])):
        opened.window.resize(width, 700)
        assert [panel.isVisible() for panel in panels] == shown
    opened.window.resize(900, 600)
    for name, shown in (("Phrases", [False, True]), ("Controls", [True, False]), ("Controls", [False, False])):
        qtbot.mouseClick(top_bar_button(opened, name), Qt.MouseButton.LeftButton)
        assert [panel.isVisible() for panel in panels] == shown
        assert [top_bar_button(opened, label).isChecked() for label in ("Controls", "Phrases")] == shown
    opened.window.show_view("connect")
    assert not top_bar_button(opened, "Phrases").isVisible()
    assert not parts.controls.isVisible()


def test_wide_window_remembers_closed_panels(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.resize(1200, 700)
    qtbot.mouseClick(top_bar_button(opened, "Phrases"), Qt.MouseButton.LeftButton)
    assert not opened.parts.phrases.isVisible()
    assert (opened.state.prefs.controls_open, opened.state.prefs.phrases_open) == (True, False)
    opened.window.show_view("connect")
    opened.window.show_view("roll")
    assert opened.parts.controls.isVisible()
    assert not opened.parts.phrases.isVisible()


def test_top_bar_shows_live_state(opened: WindowHarness) -> None:
    light = opened.parts.top_bar.activity
    opened.advance()
    assert light.state is LiveState.LISTENING
    opened.engine.feed(Midi(midi.note_on(0, 62, 80)))
    opened.advance()
    assert light.state is LiveState.PLAYER
    assert light.accessibleName() == "Now: You play"
    opened.store.set("mode", "off")
    opened.engine.feed(Midi(midi.note_off(0, 62)))
    opened.advance()
    assert light.state is LiveState.OFF


def test_notice_does_not_change_compact_height(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_compact(on=True)
    opened.frame_loop.show_notice("The engine has ended unexpectedly and is started again")
    opened.advance()
    QApplication.processEvents()
    assert opened.window.notice.isVisible()
    assert opened.window.height() == COMPACT_HEIGHT_PX


def test_compact_button_ends_phrase(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.window.show_compact(on=True)
    opened.play(60, 62)
    qtbot.mouseClick(opened.parts.compact_bar.end_phrase, Qt.MouseButton.LeftButton)
    opened.wait_for_exchanges(1)
    assert len(opened.parts.phrases.model.entries) == 1


def test_always_on_top_can_be_switched_on_and_off(opened: WindowHarness) -> None:
    for on in (True, False):
        menu_action(opened, "Always on top").trigger()
        assert bool(opened.window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint) is on
        assert opened.window.isVisible()
        assert opened.state.prefs.always_on_top is on


def test_initial_size_fits_screen(opened: WindowHarness) -> None:
    screen = opened.window.screen()
    assert screen
    width, height = opened.window._initial_size()
    assert width <= screen.availableGeometry().width()
    assert height <= screen.availableGeometry().height()
