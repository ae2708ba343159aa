"""A list of named things with what can be done to them, all in one line: choose, save, new, rename, delete, undo.

A name is typed in place of the list; Esc leaves it as it was. No dialogs.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeyEvent
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from bachbridge_gui.widgets.styling import calm


class NamedBox(QWidget):
    """The list and its menu; the owner does what the signals say and calls `set_names` afterwards."""

    chosen = pyqtSignal(str)
    saved = pyqtSignal(str)
    """Keep what there is now under this name, new or not."""
    renamed = pyqtSignal(str, str)
    deleted = pyqtSignal(str)
    restored = pyqtSignal(str, bytes)
    """Undo a deletion."""

    def __init__(self, kind: str, hears: str, *, renames: bool = False) -> None:
        super().__init__()
        self._kind, self._renaming, self._current = kind, "", ""
        self._deleted: tuple[str, bytes] | None = None
        self.box, self.edit, self.more = QComboBox(), QLineEdit(), QToolButton()
        self._dress(hears)
        self.save, self.new, self.rename, self.delete, self.undo = (
            self._action(text) for text in ("Save", "Save as …", "Rename …", "Delete", "Undo delete")
        )
        self.rename.setVisible(renames)
        self._lay_out()
        self._connect()
        self._refresh()

    def _dress(self, hears: str) -> None:
        self.box.setPlaceholderText(f"No {self._kind}")
        self.box.setAccessibleName(self._kind.capitalize())
        self.box.setToolTip(hears)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        calm(self.box)
        self.edit.setAccessibleName(f"Name of the {self._kind}")
        self.edit.setToolTip("Enter keeps the name, Esc leaves everything as it was.")
        self.edit.setPlaceholderText(f"Name of the {self._kind}")
        self.edit.hide()
        self.edit.installEventFilter(self)
        self.more.setText("⋯")
        self.more.setAccessibleName(f"More for the {self._kind}")
        self.more.setToolTip(f"Save, name or delete the {self._kind}.")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _action(self, text: str) -> QAction:
        return QAction(text, self)

    def _lay_out(self) -> None:
        menu = QMenu(self.more)
        menu.setAccessibleName(self.more.accessibleName())
        menu.addActions([self.save, self.new, self.rename, self.delete, self.undo])
        self.more.setMenu(menu)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.box, 1)
        line.addWidget(self.edit, 1)
        line.addWidget(self.more)

    def _connect(self) -> None:
        self.box.textActivated.connect(self._choose)
        self.save.triggered.connect(lambda: self.saved.emit(self._current))
        self.new.triggered.connect(lambda: self._name(""))
        self.rename.triggered.connect(lambda: self._name(self._current))
        self.delete.triggered.connect(lambda: self.deleted.emit(self._current))
        self.undo.triggered.connect(self._restore)
        self.edit.returnPressed.connect(self._named)

    @property
    def current(self) -> str:
        """The name that is chosen; empty: none."""
        return self._current

    def show_current(self, name: str) -> None:
        """Show `name` as chosen, without a signal."""
        self._current = name
        self._refresh()

    def recall(self, name: str) -> None:
        """Show the one that was chosen the last time, if it is still there."""
        if self.box.findText(name) >= 0:
            self.show_current(name)

    def set_names(self, names: Sequence[str]) -> None:
        """What there is now."""
        self.box.clear()
        self.box.addItems(list(names))
        if self._current not in names:
            self._current = ""
        self._refresh()

    def keep(self, name: str, was: bytes) -> None:
        """What was deleted, for undo."""
        self._deleted = (name, was)
        self._refresh()

    def _choose(self, name: str) -> None:
        self._current = name
        self._refresh()
        self.chosen.emit(name)

    def _name(self, old: str) -> None:
        self._renaming = old
        self.edit.setText(old)
        self.edit.selectAll()
        self._show_edit(shown=True)

    def _named(self) -> None:
        name, old = self.edit.text().strip(), self._renaming
        self._show_edit(shown=False)
        if not name or name == old:
            return
        before, self._current = self._current, name
        if old:
            self.renamed.emit(old, name)
        else:
            self.saved.emit(name)
        if self._current != name:  # it was refused
            self.show_current(before)

    def _restore(self) -> None:
        if self._deleted:
            (name, was), self._deleted = self._deleted, None
            self._current = name
            self.restored.emit(name, was)
            self._refresh()

    def _show_edit(self, *, shown: bool) -> None:
        self.edit.setVisible(shown)
        self.box.setVisible(not shown)
        (self.edit if shown else self.box).setFocus()

    def _refresh(self) -> None:
        self.box.setCurrentIndex(self.box.findText(self._current) if self._current else -1)
        for action in (self.save, self.rename, self.delete):
            action.setEnabled(bool(self._current))
        self.undo.setEnabled(self._deleted is not None)
        self.undo.setText(f'Undo delete "{self._deleted[0]}"' if self._deleted else "Undo delete")

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 # Qt's name
        if a0 is self.edit and isinstance(a1, QKeyEvent) and a1.key() == Qt.Key.Key_Escape:
            if a1.type() == QEvent.Type.ShortcutOverride:
                a1.accept()
                return True
            if a1.type() == QEvent.Type.KeyPress:
                self._show_edit(shown=False)
                return True
        return super().eventFilter(a0, a1)
