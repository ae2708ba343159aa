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
from bachbridge_gui.phrases.actions import DEEDS, Deed, all_kept, tip, why_not
from bachbridge_gui.phrases.list_view import PhraseView, SessionButton, button
from bachbridge_gui.phrases.model import PhraseModel
from bachbridge_gui.state.drag_files import MidiShelf
from bachbridge_gui.state.exchanges import Entry, file_stem, merged, title
from bachbridge_gui.state.midi_drop import phrase_from_files
from bachbridge_gui.widgets.undo_bar import UndoBar

_COPY = Qt.DropAction.CopyAction


class PhraseList(QWidget):
    """Used on the window's thread."""

    playRequested = pyqtSignal(Entry)  # noqa: N815
    anotherRequested = pyqtSignal(Entry)  # noqa: N815
    promptDropped = pyqtSignal(object, object)  # noqa: N815
    """A phrase from a file, and its step in ns (Qt's own int is too small for a slow one)."""
    selected = pyqtSignal(int)
    """The number of the exchange that is chosen, -1: none, or several."""
    refused = pyqtSignal(str)
    """What cannot be done, in a sentence that says what to do."""

    def __init__(self, shelf: MidiShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PhraseModel(shelf, self)
        self.view = PhraseView(self.model, self)
        self.deeds = {deed.name: self._action(deed) for deed in DEEDS}
        self.undo = self._undo_action()
        self.undo_bar = UndoBar(self.undo, self)
        self._hint = QLabel("Play a phrase: it appears here with its answer.\n\nOr drop a MIDI file to be answered.")
        self._cannot_ask = ""
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.setAccessibleName("Phrases")
        self._refresh()

    # ------------------------------------------------------------ for the window

    def add(self, entry: Entry) -> None:
        """Show the exchange; it is the chosen one unless a person chose an older one."""
        follows = self.view.rows in ([], [len(self.model.entries) - 1])
        row = self.model.add(entry)
        if follows and row == len(self.model.entries) - 1:
            self.view.choose([row])

    def select(self, number: int) -> None:
        """Choose the exchange of that number (it was clicked elsewhere)."""
        if (row := self.model.entries.row(number)) is not None:
            self.view.choose([row])

    def set_cannot_ask(self, sentence: str) -> None:
        """Why the model cannot be asked for another answer now; "" if it can."""
        if sentence != self._cannot_ask:
            self._cannot_ask = sentence
            self._refresh()

    def chosen(self) -> list[Entry]:
        """The exchanges that are chosen, from the oldest on."""
        return [self.model.entries[row] for row in self.view.rows]

    def perform(self, name: str) -> None:
        """Do what the button of that name does, if it can be done now."""
        self.deeds[name].trigger()

    def take_drop(self, data: QMimeData | None) -> bool:
        """A MIDI file dropped here or elsewhere on the window becomes a prompt; False, and `refused`, if it cannot."""
        urls = data.urls() if data is not None else []
        try:
            phrase, step_ns = phrase_from_files([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        except MidiFileError as error:
            self.refused.emit(str(error))
            return False
        self.promptDropped.emit(phrase, step_ns)
        return True

    def export_to(self, path: Path, entries: Sequence[Entry]) -> None:
        """Write the exchanges as one MIDI file; `refused` where that fails."""
        try:
            merged(entries).write(path if path.suffix else path.with_suffix(".mid"))
        except BachBridgeError as error:
            self.refused.emit(str(error))

    # ------------------------------------------------------------ the deeds

    def _do(self, name: str) -> None:
        chosen = self.chosen()
        match name:
            case "play":
                self.playRequested.emit(chosen[0])
            case "another":
                self.anotherRequested.emit(chosen[0])
            case "keep":
                self.model.keep(self.view.rows, kept=not all_kept(chosen))
            case "rename":
                self.view.edit(self.view.currentIndex())
            case "delete":
                self._delete()
            case "export":
                self._export(chosen)
            case _:
                self._export(self.model.entries.items)

    def _delete(self) -> None:
        rows, gone = self.view.rows, self.chosen()
        self.undo_bar.tell(f"“{title(gone[0])}”" if len(gone) == 1 else f"{len(gone)} phrases")
        self.model.delete(rows)
        if left := len(self.model.entries):
            self.view.choose([min(rows[0], left - 1)])
        self._refresh()

    def _take_back(self) -> None:
        if rows := self.model.undo():
            self.view.choose(rows)
        self.undo_bar.hide()
        self._refresh()

    def _export(self, entries: Sequence[Entry]) -> None:
        proposed = f"{file_stem(entries)}.mid"
        name, _ = QFileDialog.getSaveFileName(self, "Save as a MIDI file", proposed, "MIDI files (*.mid)")
        if name:
            self.export_to(Path(name), entries)

    def _refresh(self) -> None:
        """Enable what can be done and say why the rest cannot."""
        chosen, count = self.chosen(), len(self.model.entries)
        for deed in DEEDS:
            obstacle = why_not(deed.name, chosen, count, self._cannot_ask)
            self.deeds[deed.name].setEnabled(not obstacle)
            self.deeds[deed.name].setToolTip(tip(deed, obstacle))
        _name(self.deeds["keep"], "Let go" if all_kept(chosen) else "Keep")
        self.undo.setEnabled(bool(self.model.entries.undoable))
        self._hint.setVisible(not count)
        self.view.setVisible(bool(count))

    def _chosen(self) -> None:
        self._refresh()
        chosen = self.chosen()
        self.selected.emit(chosen[0].number if len(chosen) == 1 else -1)

    # ------------------------------------------------------------ dragging

    def _drag_session(self) -> None:
        """Carry the whole session off as one MIDI file; returns when it is dropped."""
        if data := self.model.mime(self.model.entries.items):
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(_COPY)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:  # noqa: N802
        self._welcome(a0)

    def dragMoveEvent(self, a0: QDragMoveEvent | None) -> None:  # noqa: N802
        self._welcome(a0)

    def dropEvent(self, a0: QDropEvent | None) -> None:  # noqa: N802
        if a0 is not None and self._welcome(a0):
            self.take_drop(a0.mimeData())

    def _welcome(self, event: QDropEvent | None) -> bool:
        """Files from elsewhere may be dropped; a row that was drawn a little and let go here is no prompt."""
        data = event.mimeData() if event is not None else None
        if event is None or data is None or not data.hasUrls() or event.source() in {self, self.view}:
            return False
        event.setDropAction(_COPY)
        event.accept()
        return True

    # ------------------------------------------------------------ its parts

    def _action(self, deed: Deed) -> QAction:
        action = QAction(self)
        _name(action, deed.text)
        action.setShortcuts([QKeySequence(key) for key in deed.keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: self._do(deed.name))
        self.view.addAction(action)
        return action

    def _undo_action(self) -> QAction:
        action = QAction("Undo", self)
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip("Bring back what was deleted last (Ctrl+Z)")
        action.triggered.connect(self._take_back)
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
        for deed in DEEDS:
            made = button(self.deeds[deed.name], deed.text, session if deed.name == "session" else None)
            row, first, columns = deed.place
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
        self.view.selection.selectionChanged.connect(self._chosen)
        self.view.doubleClicked.connect(lambda: self.perform("play"))
        self.view.customContextMenuRequested.connect(self._show_menu)
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.dataChanged):
            signal.connect(self._refresh)

    def menu(self) -> QMenu:
        """What a click with the other button offers."""
        menu = QMenu(self)
        menu.setAccessibleName("Phrase")
        menu.setToolTipsVisible(True)
        menu.addActions([*self.deeds.values(), self.undo])
        return menu

    def _show_menu(self, place: QPoint) -> None:
        if viewport := self.view.viewport():
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(viewport.mapToGlobal(place))


def _name(action: QAction, text: str) -> None:
    """The action's words, on a button too, where Qt by itself leaves the "…" out."""
    action.setText(text)
    action.setIconText(text)
