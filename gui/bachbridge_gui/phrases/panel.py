"""The list of exchanges on the window: play again, another answer, keep, name, delete with undo, files out and in.

Every action has a button, a place in the context menu and a key that works while the list has the focus. What cannot
be done now is disabled, and its tooltip says why. The window plays and asks; this widget says what is wanted.
"""

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QMimeData, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeySequence
from PyQt6.QtWidgets import QFileDialog, QGridLayout, QLabel, QMenu, QVBoxLayout, QWidget

from bachbridge.errors import BachBridgeError, MidiFileError
from bachbridge_gui.phrases.actions import PHRASE_ACTIONS, PhraseAction, action_tooltip, all_kept, find_obstacle
from bachbridge_gui.phrases.list_view import PhraseListView, SessionButton, action_button
from bachbridge_gui.phrases.model import PhraseListModel
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.exchanges import Exchange, exchange_title, file_stem, midi_export
from bachbridge_gui.state.midi_drop import phrase_from_files
from bachbridge_gui.widgets.undo_bar import UndoBar

_COPY = Qt.DropAction.CopyAction


class PhrasePanel(QWidget):
    """Used on the window's thread."""

    playRequested = pyqtSignal(Exchange)
    anotherAnswerRequested = pyqtSignal(Exchange)
    promptDropped = pyqtSignal(object, object)
    """A phrase from a file, and its step in ns (Qt's own int is too small for a slow one)."""
    selected = pyqtSignal(int)
    """The number of the exchange that is chosen, -1: none, or several."""
    refused = pyqtSignal(str)
    """What cannot be done, in a sentence that says what to do."""

    def __init__(self, drag_files: DragFiles, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PhraseListModel(drag_files, self)
        self.view = PhraseListView(self.model, self)
        self.phrase_actions = {deed.name: self._make_action(deed) for deed in PHRASE_ACTIONS}
        self.undo_action = self._make_undo_action()
        self.undo_bar = UndoBar(self.undo_action, self)
        self._hint = QLabel("Play a phrase: it appears here with its answer.\n\nOr drop a MIDI file to be answered.")
        self._ask_obstacle = ""
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.setAccessibleName("Phrases")
        self._refresh()

    # ------------------------------------------------------------ for the window

    def add(self, entry: Exchange) -> None:
        """Show the exchange; it is the chosen one unless a person chose an older one."""
        follows = self.view.selected_rows in ([], [len(self.model.entries) - 1])
        row = self.model.add(entry)
        if follows and row == len(self.model.entries) - 1:
            self.view.select_rows([row])

    def select_phrase(self, number: int) -> None:
        """Choose the exchange of that number (it was clicked elsewhere)."""
        if (row := self.model.entries.row_of(number)) is not None:
            self.view.select_rows([row])

    def set_ask_obstacle(self, obstacle: str) -> None:
        """Why the model cannot be asked for another answer now; "" if it can."""
        if obstacle != self._ask_obstacle:
            self._ask_obstacle = obstacle
            self._refresh()

    def selected_entries(self) -> list[Exchange]:
        """The exchanges that are chosen, from the oldest on."""
        return [self.model.entries[row] for row in self.view.selected_rows]

    def trigger_action(self, name: str) -> None:
        """Do what the button of that name does, if it can be done now."""
        self.phrase_actions[name].trigger()

    def accept_drop(self, data: QMimeData | None) -> bool:
        """A MIDI file dropped here or elsewhere on the window becomes a prompt; False, and `refused`, if it cannot."""
        urls = data.urls() if data is not None else []
        try:
            phrase, step_ns = phrase_from_files([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        except MidiFileError as error:
            self.refused.emit(str(error))
            return False
        self.promptDropped.emit(phrase, step_ns)
        return True

    def export_to(self, path: Path, entries: Sequence[Exchange]) -> None:
        """Write the exchanges as one MIDI file; `refused` where that fails."""
        try:
            midi_export(entries).write(path if path.suffix else path.with_suffix(".mid"))
        except BachBridgeError as error:
            self.refused.emit(str(error))

    # ------------------------------------------------------------ the deeds

    def _run_action(self, name: str) -> None:
        chosen = self.selected_entries()
        match name:
            case "play":
                self.playRequested.emit(chosen[0])
            case "another":
                self.anotherAnswerRequested.emit(chosen[0])
            case "keep":
                self.model.set_kept(self.view.selected_rows, kept=not all_kept(chosen))
            case "rename":
                self.view.edit(self.view.currentIndex())
            case "delete":
                self._delete()
            case "export":
                self._export(chosen)
            case _:
                self._export(self.model.entries.items)

    def _delete(self) -> None:
        rows, gone = self.view.selected_rows, self.selected_entries()
        self.undo_bar.show_deleted(f"“{exchange_title(gone[0])}”" if len(gone) == 1 else f"{len(gone)} phrases")
        self.model.delete(rows)
        if left := len(self.model.entries):
            self.view.select_rows([min(rows[0], left - 1)])
        self._refresh()

    def _undo_delete(self) -> None:
        if rows := self.model.undo():
            self.view.select_rows(rows)
        self.undo_bar.hide()
        self._refresh()

    def _export(self, entries: Sequence[Exchange]) -> None:
        proposed = f"{file_stem(entries)}.mid"
        name, _ = QFileDialog.getSaveFileName(self, "Save as a MIDI file", proposed, "MIDI files (*.mid)")
        if name:
            self.export_to(Path(name), entries)

    def _refresh(self) -> None:
        """Enable what can be done and say why the rest cannot."""
        chosen, count = self.selected_entries(), len(self.model.entries)
        for deed in PHRASE_ACTIONS:
            obstacle = find_obstacle(deed.name, chosen, count, self._ask_obstacle)
            self.phrase_actions[deed.name].setEnabled(not obstacle)
            self.phrase_actions[deed.name].setToolTip(action_tooltip(deed, obstacle))
        _set_action_text(self.phrase_actions["keep"], "Let go" if all_kept(chosen) else "Keep")
        self.undo_action.setEnabled(bool(self.model.entries.last_deleted))
        self._hint.setVisible(not count)
        self.view.setVisible(bool(count))

    def _on_selection_changed(self) -> None:
        self._refresh()
        chosen = self.selected_entries()
        self.selected.emit(chosen[0].number if len(chosen) == 1 else -1)

    # ------------------------------------------------------------ dragging

    def _drag_session(self) -> None:
        """Carry the whole session off as one MIDI file; returns when it is dropped."""
        if data := self.model.drag_data(self.model.entries.items):
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(_COPY)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        self._accept_drag(a0)

    def dragMoveEvent(self, a0: QDragMoveEvent | None) -> None:
        self._accept_drag(a0)

    def dropEvent(self, a0: QDropEvent | None) -> None:
        if a0 is not None and self._accept_drag(a0):
            self.accept_drop(a0.mimeData())

    def _accept_drag(self, event: QDropEvent | None) -> bool:
        """Files from elsewhere may be dropped; a row that was drawn a little and let go here is no prompt."""
        data = event.mimeData() if event is not None else None
        if event is None or data is None or not data.hasUrls() or event.source() in {self, self.view}:
            return False
        event.setDropAction(_COPY)
        event.accept()
        return True

    # ------------------------------------------------------------ its parts

    def _make_action(self, phrase_action: PhraseAction) -> QAction:
        action = QAction(self)
        _set_action_text(action, phrase_action.text)
        action.setShortcuts([QKeySequence(key) for key in phrase_action.shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: self._run_action(phrase_action.name))
        self.view.addAction(action)
        return action

    def _make_undo_action(self) -> QAction:
        action = QAction("Undo", self)
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip("Bring back what was deleted last (Ctrl+Z)")
        action.triggered.connect(self._undo_delete)
        self.addAction(action)
        return action

    def _lay_out(self) -> None:
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setContentsMargins(16, 16, 16, 16)
        self._hint.setAccessibleName("How phrases get here")
        session = SessionButton()
        session.dragged.connect(self._drag_session)
        buttons = QGridLayout()
        buttons.setSpacing(4)
        for deed in PHRASE_ACTIONS:
            made = action_button(self.phrase_actions[deed.name], deed.text, session if deed.name == "session" else None)
            row, first, columns = deed.grid_cell
            buttons.addWidget(made, row, first, 1, columns)
        for sixth in range(6):
            buttons.setColumnStretch(sixth, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._hint, 1)
        column.addWidget(self.view, 1)
        column.addWidget(self.undo_bar)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.model.refused.connect(self.refused)
        self.view.selection.selectionChanged.connect(self._on_selection_changed)
        self.view.doubleClicked.connect(lambda: self.trigger_action("play"))
        self.view.customContextMenuRequested.connect(self._show_menu)
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.dataChanged):
            signal.connect(self._refresh)

    def make_menu(self) -> QMenu:
        """What a click with the other button offers."""
        menu = QMenu(self)
        menu.setAccessibleName("Phrase")
        menu.setToolTipsVisible(True)
        menu.addActions([*self.phrase_actions.values(), self.undo_action])
        return menu

    def _show_menu(self, place: QPoint) -> None:
        if viewport := self.view.viewport():
            menu = self.make_menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(viewport.mapToGlobal(place))


def _set_action_text(action: QAction, text: str) -> None:
    """The action's words, on a button too, where Qt by itself leaves the "…" out."""
    action.setText(text)
    action.setIconText(text)
