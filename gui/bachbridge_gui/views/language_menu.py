"""The menu in which the language of the window's words is chosen; it changes with the next start."""

from collections.abc import Callable

from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMenu, QWidget

from bachbridge_gui.state.app_state import AppState
from bachbridge_gui.state.notices import Level
from bachbridge_gui.translation import LANGUAGES, tr

ShowNotice = Callable[[str, Level, str], None]
"""Shows a sentence with its level and its topic."""


class LanguageMenu(QMenu):
    """Lists the languages by their own names; the choice is kept in the window's preferences."""

    def __init__(self, state: AppState, show_notice: ShowNotice, parent: QWidget) -> None:
        super().__init__(tr("Language"), parent)
        self._state, self._show_notice = state, show_notice
        self._group = QActionGroup(self)
        for name, label in {"system": tr("The system's language"), **LANGUAGES}.items():
            action = QAction(label, self)
            action.setCheckable(True)
            action.setChecked(name == state.prefs.language)
            action.triggered.connect(lambda _, name=name: self.choose(name))
            self._group.addAction(action)
            self.addAction(action)

    def choose(self, name: str) -> None:
        """Remember one of `translation.LANGUAGES`, or "system", for the next start."""
        self._state.update_prefs(language=name)
        self._show_notice(tr("The language changes when BachBridge is started again"), "info", "language")
