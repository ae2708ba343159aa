"""The window's shortcuts at work: `help.shortcut_table` lists them, this module makes them and performs them."""

import time
from pathlib import Path

from PyQt6.QtCore import QMetaObject, QMimeData, QObject, QUrl, pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from bachbridge_gui.app_core import AppCore
from bachbridge_gui.frame_loop import FrameLoop
from bachbridge_gui.help.shortcut_table import WINDOW_SHORTCUTS, Reach
from bachbridge_gui.settings.history import SettingsHistory
from bachbridge_gui.translation import tr
from bachbridge_gui.window_parts import WindowParts

_TEXT_WIDGETS = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)
_KEY_USERS = (*_TEXT_WIDGETS, QAbstractButton, QAbstractItemView, QAbstractSlider, QComboBox, QTabBar)
"""Widgets that use the space bar themselves."""


class WindowShortcuts(QObject):
    """Lives in the window's thread."""

    view_wanted = pyqtSignal(str)
    escape_pressed = pyqtSignal()

    def __init__(self, window: QMainWindow, core: AppCore, parts: WindowParts, frame_loop: FrameLoop) -> None:
        super().__init__(window)
        self._window, self._core, self._parts, self._frame_loop = window, core, parts, frame_loop
        self.history = SettingsHistory(core.store, time.monotonic_ns)
        self._focus_connection: QMetaObject.Connection | None = None
        self._made: list[tuple[Reach, QShortcut]] = []
        for row in WINDOW_SHORTCUTS:
            for keys in row.keys:
                shortcut = QShortcut(QKeySequence(keys), window)
                shortcut.activated.connect(lambda command=row.command: self.perform(command))
                self._made.append((row.reach, shortcut))
        app = QApplication.instance()
        if isinstance(app, QApplication):
            self._focus_connection = app.focusChanged.connect(self._follow_focus)

    def stop(self) -> None:
        """Follow the focus no longer: the window closes, and its widgets are deleted."""
        if self._focus_connection:
            QObject.disconnect(self._focus_connection)
            self._focus_connection = None

    def perform(self, command: str) -> None:
        """Perform a command of `WINDOW_SHORTCUTS`."""
        match command.split():
            case ["view", name]:
                self.view_wanted.emit(name)
            case ["escape"]:
                self.escape_pressed.emit()
            case ["space"]:
                self._core.store.give_command(self._space_command())
            case ["open"]:
                self._choose_file()
            case ["save"]:
                self._save_session()
            case ["undo"]:
                self._move_in_history(undo=True)
            case ["redo"]:
                self._move_in_history(undo=False)
            case _:
                self._window.close()

    def open_file(self, path: Path) -> None:
        """Answer the MIDI file as if it had been dropped on the window."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        self._parts.phrases.accept_drop(data)

    def _space_command(self) -> str:
        """Return what a musician expects of the space bar: stop what sounds, end what is played, or play again."""
        activity, now_ns = self._core.state.activity, time.monotonic_ns()
        if activity.is_answering(now_ns):
            return "reset"
        return "end_phrase" if activity.has_open_phrase else "play_again"

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, tr("Open a MIDI file"), "", tr("MIDI files (*.mid *.midi)"))
        if name:
            self.open_file(Path(name))

    def _save_session(self) -> None:
        action = self._parts.phrases.phrase_actions["session"]
        if action.isEnabled():
            action.trigger()
        else:
            self._frame_loop.show_notice(
                tr("There is nothing to save: {reason}", reason=action.toolTip()), "info", "shortcut"
            )

    def _move_in_history(self, *, undo: bool) -> None:
        history = self.history
        if not (history.can_undo if undo else history.can_redo):
            text = tr("There is no change to undo") if undo else tr("There is nothing to redo")
            self._frame_loop.show_notice(text, "info", "shortcut")
        elif undo:
            history.undo()
        else:
            history.redo()

    def _follow_focus(self, _: QWidget | None, widget: QWidget | None) -> None:
        """Leave keys to the widget that uses them itself."""
        phrases, keyboard = self._parts.phrases, self._parts.keyboard
        is_text = isinstance(widget, _TEXT_WIDGETS) or (widget is not None and phrases.isAncestorOf(widget))
        uses_space = isinstance(widget, _KEY_USERS) or widget in (keyboard, self._parts.status_bar)
        for reach, shortcut in self._made:
            match reach:
                case "outside text":
                    shortcut.setEnabled(not is_text)
                case "outside buttons":
                    shortcut.setEnabled(not uses_space)
                case "everywhere":
                    pass
