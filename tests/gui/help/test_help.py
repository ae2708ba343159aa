"""The help page, the shortcuts and what they do."""

import sys
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from bachbridge import __version__
from bachbridge.protocol.events import AnswerPhrase, EndPhrase, PlayPhrase, Reset
from bachbridge_gui.help import about
from bachbridge_gui.help.page import TABS
from bachbridge_gui.help.problem_report import ProblemReport
from bachbridge_gui.help.shortcut_table import WINDOW_SHORTCUTS, shortcut_groups
from bachbridge_gui.shortcuts import WindowShortcuts
from bachbridge_gui.views.top_bar import VIEWS
from tests.support.assembled_window import S, WindowHarness


def shortcuts(opened: WindowHarness) -> WindowShortcuts:
    found = opened.window.findChild(WindowShortcuts)
    assert found
    return found


def press(qtbot: QtBot, opened: WindowHarness, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    wanted = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        wanted |= modifier
    qtbot.keyClick(opened.window.windowHandle(), key, wanted)


CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_shortcut_list_holds_every_shortcut_of_the_window(opened: WindowHarness) -> None:
    listed = {QKeySequence(key).toString() for row in WINDOW_SHORTCUTS for key in row.keys}
    made = {shortcut.key().toString() for shortcut in opened.window.findChildren(QShortcut)}
    assert made == listed
    views = [row.command for row in WINDOW_SHORTCUTS if row.command.startswith("view")]
    assert views == [*(f"view {name}" for name in VIEWS), "view help"]
    text = opened.parts.help_page.shortcuts.toPlainText()
    for _, rows in shortcut_groups():
        for keys, sentence in rows:
            assert keys in text
            assert sentence in text


def test_help_opens_by_key_and_menu_and_closes(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.parts.roll.setFocus()
    press(qtbot, opened, Qt.Key.Key_F1)
    assert opened.parts.help_page.isVisible()
    assert not opened.parts.controls.isVisible()
    opened.parts.help_page.closed.emit()
    assert opened.parts.roll.isVisible()
    menu = opened.parts.top_bar.menu_button.menu()
    assert menu
    for title in TABS:
        (action,) = [action for action in menu.actions() if action.text() == title]
        action.trigger()
        assert opened.parts.help_page.tabs.tabText(opened.parts.help_page.tabs.currentIndex()) == title


def test_space_ends_phrase_stops_answer_plays_again(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.parts.roll.setFocus()
    opened.play(60, 62, 64)
    press(qtbot, opened, Qt.Key.Key_Space)
    assert len(opened.engine_received(EndPhrase)) == 1
    opened.advance(S)
    press(qtbot, opened, Qt.Key.Key_Space)
    assert len(opened.engine_received(Reset)) == 1
    opened.wait_for_exchanges(1)
    press(qtbot, opened, Qt.Key.Key_Space)
    assert len(opened.engine_received(PlayPhrase)) == 1
    assert len(opened.engine_received(Reset)) == 1


@pytest.mark.parametrize("where", ["button", "list", "piano", "learn"])
def test_space_is_left_to_the_widget_that_uses_it(opened: WindowHarness, qtbot: QtBot, where: str) -> None:
    opened.window.show_keyboard(on=True)
    opened.play_exchange(60, 62, 64)
    widgets = {
        "button": opened.parts.top_bar.compact_button,
        "list": opened.parts.phrases.view,
        "piano": opened.parts.keyboard,
        "learn": opened.parts.controls.learn_bar.learn_button,
    }
    widgets[where].setFocus()
    assert widgets[where].hasFocus()
    press(qtbot, opened, Qt.Key.Key_Space)
    assert not opened.engine_received(PlayPhrase)


def test_settings_are_undone_and_redone_by_keys(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.parts.roll.setFocus()
    opened.store.set("mode", "harmonize")
    press(qtbot, opened, Qt.Key.Key_Z, CONTROL)
    assert opened.store.settings.mode == "continue"
    press(qtbot, opened, Qt.Key.Key_Z, CONTROL, SHIFT)
    assert opened.store.settings.mode == "harmonize"
    press(qtbot, opened, Qt.Key.Key_Z, CONTROL, SHIFT)
    opened.advance()
    assert "nothing to redo" in opened.window.notice.text()


def test_undo_in_the_phrase_list_brings_back_a_phrase(opened: WindowHarness, qtbot: QtBot) -> None:
    opened.store.set("temperature", 0.5)
    opened.play_exchange(60, 62, 64)
    opened.parts.phrases.view.setFocus()
    press(qtbot, opened, Qt.Key.Key_Delete)
    assert len(opened.parts.phrases.model.entries) == 0
    opened.parts.phrases.setFocus()
    opened.parts.phrases.undo_action.trigger()
    assert len(opened.parts.phrases.model.entries) == 1
    assert opened.store.settings.temperature == 0.5


def test_midi_file_is_opened_and_answered(opened: WindowHarness, tmp_path: Path, qtbot: QtBot) -> None:
    opened.play_exchange(60, 62, 64)
    path = tmp_path / "tune.mid"
    opened.parts.phrases.export_to(path, opened.parts.phrases.model.entries.items)
    shortcuts(opened).open_file(path)
    qtbot.waitUntil(lambda: bool(opened.engine_received(AnswerPhrase)))
    shortcuts(opened).open_file(tmp_path / "missing.mid")

    def is_refused() -> bool:
        opened.advance()
        return "missing.mid" in opened.window.notice.text()

    qtbot.waitUntil(is_refused)


def test_saving_nothing_says_so_and_quit_closes(opened: WindowHarness, qtbot: QtBot) -> None:
    shortcuts(opened).perform("save")
    opened.advance(S)
    assert "nothing to save" in opened.window.notice.text()
    press(qtbot, opened, Qt.Key.Key_Q, CONTROL)
    assert opened.saved


def test_about_names_version_license_and_parts() -> None:
    text = about.about_markdown()
    for word in (__version__, "GNU General Public License", "PyQt6", "onnxruntime", "Python"):
        assert word in text
    assert set(about.documents()) == {"Settings", "Models", "Words", "Reliability"}


def test_report_holds_findings_and_notices(qtbot: QtBot) -> None:
    report = ProblemReport([sys.executable, "-c", "print('all is well')"], lambda: ["error: No port"])
    qtbot.addWidget(report)
    assert not report.copy_button.isEnabled()
    with qtbot.waitSignal(report.finished, timeout=20_000):
        report.examine()
    assert "all is well" in report.text.toPlainText()
    assert "error: No port" in report.text.toPlainText()
    assert report.copy_button.isEnabled()


def test_report_says_that_it_cannot_be_made(qtbot: QtBot) -> None:
    report = ProblemReport(["/nowhere/bachbridge"], list[str])
    qtbot.addWidget(report)
    with qtbot.waitSignal(report.finished, timeout=20_000):
        report.examine()
    assert "in a terminal" in report.text.toPlainText()
    assert all(button.isEnabled() for button in report.findChildren(QAbstractButton))
