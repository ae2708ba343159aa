"""The panel with the list of exchanges: play again, another answer, keep, rename, delete, undo, files out and in.

Every action has a button, an entry in the context menu and a shortcut that works while the list has the focus. An
action that is not possible now is disabled, and its tooltip says why. This widget only emits what the user wants; the
window plays and asks the model.
"""

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QMimeData, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeySequence
from PyQt6.QtWidgets import QFileDialog, QGridLayout, QLabel, QMenu, QVBoxLayout, QWidget

from bachbridge.errors import BachBridgeError, MidiFileError
from bachbridge_gui.phrases.actions import PHRASE_ACTIONS, PhraseAction, action_tooltip, all_kept, find_obstacle
from bachbridge_gui.phrases.file_reader import DroppedFileReader
from bachbridge_gui.phrases.list_view import PhraseListView, SessionButton, action_button
from bachbridge_gui.phrases.model import PhraseListModel
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.exchanges import Exchange, ExchangeClose, exchange_title, file_stem, midi_export
from bachbridge_gui.state.midi_drop import droppable_file
from bachbridge_gui.translation import tr, tr_count
from bachbridge_gui.widgets.undo_bar import UndoBar

_COPY = Qt.DropAction.CopyAction


class PhrasePanel(QWidget):
    """The list with its buttons; used in the window's thread."""

    playRequested = pyqtSignal(Exchange)
    anotherAnswerRequested = pyqtSignal(Exchange)
    promptDropped = pyqtSignal(object, object)
    """A phrase from a file and the length of its step in ns (an `object`: Qt's int is too small for slow tempos)."""
    selected = pyqtSignal(int)
    """Number of the selected exchange; -1 if none or several are selected."""
    refused = pyqtSignal(str)
    """A sentence that says what was not possible and what to do about it."""

    def __init__(self, drag_files: DragFiles, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PhraseListModel(drag_files, self)
        self.view = PhraseListView(self.model, self)
        self.phrase_actions = {action.name: self._make_action(action) for action in PHRASE_ACTIONS}
        self.undo_action = self._make_undo_action()
        self.undo_bar = UndoBar(self.undo_action, self)
        self._hint = QLabel(
            tr("Play a phrase. It appears here with its answer.\n\nOr drop a MIDI file here to have it answered.")
        )
        self._ask_obstacle = ""
        self._file_reader = DroppedFileReader(self)
        self._file_reader.promptRead.connect(self.promptDropped)
        self._file_reader.refused.connect(self.refused)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.setAccessibleName(tr("Phrases"))
        self._refresh()

    # ------------------------------------------------------------ for the window

    def add(self, exchange: Exchange) -> None:
        """Show the exchange and select it, unless the user has selected an older one."""
        selects_newest = self.view.selected_rows in ([], [len(self.model.entries) - 1])
        row = self.model.add(exchange)
        if selects_newest and row == len(self.model.entries) - 1:
            self.view.select_rows([row])

    def show_closes(self, closes: Sequence[tuple[int, ExchangeClose]]) -> None:
        """Show how exchanges close, by their numbers: the engine says so a moment after their end."""
        for number, close in closes:
            self.model.set_close(number, close)

    def select_phrase(self, number: int) -> None:
        """Select the exchange with this number, which was clicked elsewhere."""
        if (row := self.model.entries.row_of(number)) is not None:
            self.view.select_rows([row])

    def set_ask_obstacle(self, obstacle: str) -> None:
        """Set why the model cannot be asked for another answer now; empty if it can."""
        if obstacle != self._ask_obstacle:
            self._ask_obstacle = obstacle
            self._refresh()

    def selected_entries(self) -> list[Exchange]:
        """Return the selected exchanges, oldest first."""
        return [self.model.entries[row] for row in self.view.selected_rows]

    def trigger_action(self, name: str) -> None:
        """Trigger the action of this name if it is enabled."""
        self.phrase_actions[name].trigger()

    def accept_drop(self, data: QMimeData | None) -> bool:
        """Make a prompt of a MIDI file that was dropped here or elsewhere on the window.

        If that is not possible, emit `refused` and return False. The file is read in the background; if it is damaged
        or out of order, `refused` is emitted later.
        """
        urls = data.urls() if data is not None else []
        try:
            path = droppable_file([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        except MidiFileError as error:
            self.refused.emit(str(error))
            return False
        self._file_reader.start_reading(path)
        return True

    def export_to(self, path: Path, entries: Sequence[Exchange]) -> None:
        """Write the exchanges as one MIDI file; emit `refused` if that fails."""
        try:
            midi_export(entries).write(path if path.suffix else path.with_suffix(".mid"))
        except BachBridgeError as error:
            self.refused.emit(str(error))

    # ------------------------------------------------------------ actions

    def _run_action(self, name: str) -> None:
        selected = self.selected_entries()
        match name:
            case "play":
                self.playRequested.emit(selected[0])
            case "another":
                self.anotherAnswerRequested.emit(selected[0])
            case "keep":
                self.model.set_kept(self.view.selected_rows, kept=not all_kept(selected))
            case "rename":
                self.view.edit(self.view.currentIndex())
            case "delete":
                self._delete()
            case "export":
                self._export(selected)
            case _:
                self._export(self.model.entries.items)

    def _delete(self) -> None:
        rows, deleted = self.view.selected_rows, self.selected_entries()
        title = (
            f"“{exchange_title(deleted[0])}”"
            if len(deleted) == 1
            else tr_count("{count} phrase", "{count} phrases", len(deleted))
        )
        self.undo_bar.show_deleted(title)
        self.model.delete(rows)
        if remaining := len(self.model.entries):
            self.view.select_rows([min(rows[0], remaining - 1)])
        self._refresh()

    def _undo_delete(self) -> None:
        if rows := self.model.undo():
            self.view.select_rows(rows)
        self.undo_bar.hide()
        self._refresh()

    def _export(self, entries: Sequence[Exchange]) -> None:
        proposed = f"{file_stem(entries)}.mid"
        name, _ = QFileDialog.getSaveFileName(self, tr("Save as a MIDI file"), proposed, tr("MIDI files (*.mid)"))
        if name:
            self.export_to(Path(name), entries)

    def _refresh(self) -> None:
        """Enable the possible actions and say in the tooltips of the others why they are not possible."""
        selected, count = self.selected_entries(), len(self.model.entries)
        for action in PHRASE_ACTIONS:
            obstacle = find_obstacle(action.name, selected, count, self._ask_obstacle)
            self.phrase_actions[action.name].setEnabled(not obstacle)
            self.phrase_actions[action.name].setToolTip(action_tooltip(action, obstacle))
        _set_action_text(self.phrase_actions["keep"], tr("Don't keep") if all_kept(selected) else tr("Keep"))
        self.undo_action.setEnabled(bool(self.model.entries.last_deleted))
        self._hint.setVisible(not count)
        self.view.setVisible(bool(count))

    def _on_selection_changed(self) -> None:
        self._refresh()
        selected = self.selected_entries()
        self.selected.emit(selected[0].number if len(selected) == 1 else -1)

    # ------------------------------------------------------------ dragging

    def _drag_session(self) -> None:
        """Drag the whole session as one MIDI file; return after the drop."""
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
        """Accept files from other programs, but not a row of this list that is dropped on the list itself."""
        data = event.mimeData() if event is not None else None
        if event is None or data is None or not data.hasUrls() or event.source() in {self, self.view}:
            return False
        event.setDropAction(_COPY)
        event.accept()
        return True

    # ------------------------------------------------------------ layout

    def _make_action(self, phrase_action: PhraseAction) -> QAction:
        action = QAction(self)
        _set_action_text(action, tr(phrase_action.text))
        action.setShortcuts([QKeySequence(key) for key in phrase_action.shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: self._run_action(phrase_action.name))
        self.view.addAction(action)
        return action

    def _make_undo_action(self) -> QAction:
        action = QAction(tr("Undo"), self)
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(tr("Bring back what was deleted last (Ctrl+Z)"))
        action.triggered.connect(self._undo_delete)
        self.addAction(action)
        return action

    def _lay_out(self) -> None:
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setContentsMargins(16, 16, 16, 16)
        self._hint.setAccessibleName(tr("How phrases get here"))
        session = SessionButton()
        session.dragged.connect(self._drag_session)
        buttons = QGridLayout()
        buttons.setSpacing(4)
        for action in PHRASE_ACTIONS:
            tool_button = session if action.name == "session" else None
            button = action_button(self.phrase_actions[action.name], tr(action.text), tool_button)
            row, first_column, column_span = action.grid_cell
            buttons.addWidget(button, row, first_column, 1, column_span)
        for column_index in range(6):
            buttons.setColumnStretch(column_index, 1)
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
        """Return the context menu."""
        menu = QMenu(self)
        menu.setAccessibleName(tr("Phrase"))
        menu.setToolTipsVisible(True)
        menu.addActions([*self.phrase_actions.values(), self.undo_action])
        return menu

    def _show_menu(self, position: QPoint) -> None:
        if viewport := self.view.viewport():
            menu = self.make_menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(viewport.mapToGlobal(position))


def _set_action_text(action: QAction, text: str) -> None:
    """Set the action's text, for buttons too, where Qt would leave out the "…"."""
    action.setText(text)
    action.setIconText(text)
