"""A list of named things and the menu of its actions in one row: choose, save, save as, rename, delete, undo.

There are no dialogs: a new name is typed in place of the list, and Esc cancels it.
"""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeyEvent
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.styling import guard_wheel_and_menu


class NamePicker(QWidget):
    """The list and its menu. The owner does what the signals ask for and calls `set_names` afterwards."""

    chosen = pyqtSignal(str)
    saved = pyqtSignal(str)
    """Save the present state under this name, which may be a new one."""
    renamed = pyqtSignal(str, str)
    deleted = pyqtSignal(str)
    restored = pyqtSignal(str, bytes)
    """Undo a deletion: the name and the content that was deleted."""

    def __init__(self, kind: str, tooltip: str, *, can_rename: bool = False) -> None:
        super().__init__()
        self._kind, self._name_being_edited, self._current = kind, "", ""
        self._tooltip, self._is_changed = tooltip, False
        self._labels: dict[str, str] = {}
        self._fixed: dict[str, str] = {}
        """Names that cannot be changed, with a line about each."""
        self._deleted: tuple[str, bytes] | None = None
        self.combo, self.edit, self.menu_button = QComboBox(), QLineEdit(), QToolButton()
        self._set_up_widgets(tooltip)
        self.save, self.save_as, self.rename, self.delete, self.undo = (
            self._make_action(text)
            for text in (tr("Save"), tr("Save as …"), tr("Rename …"), tr("Delete"), tr("Undo delete"))
        )
        self.rename.setVisible(can_rename)
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up_widgets(self, tooltip: str) -> None:
        self.combo.setPlaceholderText(tr("No {kind}", kind=tr(self._kind)))
        self.combo.setAccessibleName(tr(self._kind).capitalize())
        self.combo.setToolTip(tooltip)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        guard_wheel_and_menu(self.combo)
        self.edit.setAccessibleName(tr("Name of the {kind}", kind=tr(self._kind)))
        self.edit.setToolTip(tr("Press Enter to keep the name, or Esc to cancel."))
        self.edit.setPlaceholderText(tr("Name of the {kind}", kind=tr(self._kind)))
        self.edit.hide()
        self.edit.installEventFilter(self)
        self.menu_button.setText("⋯")
        self.menu_button.setAccessibleName(tr("More actions for the {kind}", kind=tr(self._kind)))
        self.menu_button.setToolTip(tr("Save or delete the {kind}, and other actions", kind=tr(self._kind)))
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _make_action(self, text: str) -> QAction:
        return QAction(text, self)

    def _lay_out(self) -> None:
        menu = QMenu(self.menu_button)
        menu.setAccessibleName(self.menu_button.accessibleName())
        menu.addActions([self.save, self.save_as, self.rename, self.delete, self.undo])
        self.menu_button.setMenu(menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.combo, 1)
        row.addWidget(self.edit, 1)
        row.addWidget(self.menu_button)

    def _connect(self) -> None:
        self.combo.activated.connect(lambda index: self._on_chosen(self.combo.itemData(index)))
        self.save.triggered.connect(lambda: self.saved.emit(self._current))
        self.save_as.triggered.connect(lambda: self._start_naming(""))
        self.rename.triggered.connect(lambda: self._start_naming(self._current))
        self.delete.triggered.connect(lambda: self.deleted.emit(self._current))
        self.undo.triggered.connect(self._undo_delete)
        self.edit.returnPressed.connect(self._finish_naming)

    @property
    def current(self) -> str:
        """The chosen name; empty if none is chosen."""
        return self._current

    def show_current(self, name: str) -> None:
        """Show `name` as chosen without emitting a signal."""
        self._current = name
        self._refresh()

    def show_if_present(self, name: str) -> None:
        """Show `name` as chosen if it is in the list."""
        if self.combo.findData(name) >= 0:
            self.show_current(name)

    def set_names(
        self,
        names: Sequence[str],
        fixed: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Set the names in the list; after them those in `fixed`, which cannot be changed, with a line about each.

        `labels` are the names that are shown in other words.
        """
        self._fixed, self._labels = dict(fixed or {}), dict(labels or {})
        self.combo.clear()
        for name in names:
            self.combo.addItem(name, name)
        if names and self._fixed:
            self.combo.insertSeparator(len(names))
        for name, line in self._fixed.items():
            self.combo.addItem(name, name)
            self.combo.setItemData(self.combo.count() - 1, line, Qt.ItemDataRole.ToolTipRole)
        if self._current not in (*names, *self._fixed):
            self._current = ""
        self._refresh()

    def mark_changed(self, *, changed: bool) -> None:
        """Mark the chosen name with a star if what it stands for was changed since."""
        if changed != self._is_changed:
            self._is_changed = changed
            self._refresh()

    def set_deleted(self, name: str, content: bytes) -> None:
        """Remember what was deleted, so that the menu offers to undo it."""
        self._deleted = (name, content)
        self._refresh()

    def _on_chosen(self, name: str) -> None:
        self._current = name
        self._refresh()
        self.chosen.emit(name)

    def _start_naming(self, current: str) -> None:
        self._name_being_edited = current
        self.edit.setText(current)
        self.edit.selectAll()
        self._show_name_edit(shown=True)

    def _finish_naming(self) -> None:
        name, old_name = self.edit.text().strip(), self._name_being_edited
        self._show_name_edit(shown=False)
        if not name or name == old_name:
            return
        previous, self._current = self._current, name
        if old_name:
            self.renamed.emit(old_name, name)
        else:
            self.saved.emit(name)
        if self._current != name:  # the owner refused the name
            self.show_current(previous)

    def _undo_delete(self) -> None:
        if self._deleted:
            (name, content), self._deleted = self._deleted, None
            self._current = name
            self.restored.emit(name, content)
            self._refresh()

    def _show_name_edit(self, *, shown: bool) -> None:
        self.edit.setVisible(shown)
        self.combo.setVisible(not shown)
        (self.edit if shown else self.combo).setFocus()

    def _refresh(self) -> None:
        for index in range(self.combo.count()):
            if name := self.combo.itemData(index):
                star = " *" if self._is_changed and name == self._current else ""
                self.combo.setItemText(index, f"{self._labels.get(name, name)}{star}")
        self.combo.setCurrentIndex(self.combo.findData(self._current) if self._current else -1)
        self.combo.setToolTip(self._fixed.get(self._current, self._tooltip) + self._change_hint())
        for action in (self.save, self.rename, self.delete):
            action.setEnabled(bool(self._current) and self._current not in self._fixed)
        self.undo.setEnabled(self._deleted is not None)
        self.undo.setText(tr('Undo delete "{name}"', name=self._deleted[0]) if self._deleted else tr("Undo delete"))

    def _change_hint(self) -> str:
        return (
            "\n" + tr("The {kind} was changed since you chose it.", kind=tr(self._kind))
            if self._is_changed and self._current
            else ""
        )

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if a0 is self.edit and isinstance(a1, QKeyEvent) and a1.key() == Qt.Key.Key_Escape:
            if a1.type() == QEvent.Type.ShortcutOverride:
                a1.accept()
                return True
            if a1.type() == QEvent.Type.KeyPress:
                self._show_name_edit(shown=False)
                return True
        return super().eventFilter(a0, a1)
