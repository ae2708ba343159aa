"""The preferences of a window: the next one is restored from them, and the first one shows the welcome page."""

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bachbridge_gui.main_window import COMPACT_HEIGHT_PX
from bachbridge_gui.state.window_prefs import WindowPrefs
from tests.gui.opened_window import menu_action, top_bar_button
from tests.support.assembled_window import WindowHarness


def test_second_window_restores_first_one(tmp_path: Path, qtbot: QtBot) -> None:
    first = WindowHarness(tmp_path)
    qtbot.addWidget(first.window)
    first.window.resize(800, 612)  # wider than the test's screen: only the height is restored exactly
    first.window.set_theme("dark")
    first.window.set_always_on_top(True)
    first.window.show_view("score")
    first.window.show_keyboard(on=True)
    first.parts.top_bar.switchToggled.emit("follow", False)
    first.parts.top_bar.switchToggled.emit("sound", False)
    first.parts.roll.zoom = 23.0
    first.parts.welcome_page.show_at_start_changed.emit(True)
    first.parts.welcome_page.show_at_start_changed.emit(False)
    first.window.close()
    ((prefs, settings),) = first.saved
    second = WindowHarness(tmp_path, settings, prefs)
    qtbot.addWidget(second.window)
    try:
        assert second.window.height() == 612
        assert second.parts.score.isVisible()
        assert second.parts.keyboard.isVisible()
        assert top_bar_button(second, "Piano").isChecked()
        assert not top_bar_button(second, "Follow").isChecked()
        assert not second.parts.roll.follow
        assert not top_bar_button(second, "Sound").isChecked()
        assert second.parts.roll.zoom == pytest.approx(23.0)
        assert menu_action(second, "Dark theme").isChecked()
        assert menu_action(second, "Always on top").isChecked()
        assert second.window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
        assert second.window.palette().window().color().lightness() < 128
    finally:
        second.window.set_theme("system")
        second.window.close()


def test_compact_window_is_restored_compact(tmp_path: Path, qtbot: QtBot) -> None:
    first = WindowHarness(tmp_path)
    qtbot.addWidget(first.window)
    first.window.show_compact(on=True)
    first.window.close()
    second = WindowHarness(tmp_path, prefs=first.saved[0][0])
    qtbot.addWidget(second.window)
    QApplication.processEvents()
    assert second.window.height() == COMPACT_HEIGHT_PX
    assert second.parts.top_bar.compact_button.isChecked()
    second.window.close()


def test_closing_compact_window_keeps_full_geometry(opened: WindowHarness) -> None:
    opened.window.resize(1100, 700)
    before = opened.state.prefs.geometry
    opened.window.show_compact(on=True)
    opened.window.close()
    assert opened.saved[0][0].geometry == before


def test_welcome_page_is_shown_first_time(tmp_path: Path, qtbot: QtBot) -> None:
    opened = WindowHarness(tmp_path, prefs=WindowPrefs())
    qtbot.addWidget(opened.window)
    assert opened.parts.welcome_page.isVisible()
    qtbot.mouseClick(opened.parts.welcome_page.example_button, Qt.MouseButton.LeftButton)
    assert opened.parts.roll.isVisible()
    opened.window.close()
