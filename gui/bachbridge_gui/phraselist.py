"""The list of exchanges on the window: play again, another answer, keep, name, delete with undo, files out and in.

Every action has a button, a place in the context menu and a key that works while the list has the focus. What cannot
be done now is disabled, and its tooltip says why. The window plays and asks; this widget says what is wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QItemSelectionModel, QMimeData, QPoint, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction, QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeySequence, QMouseEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bachbridge.errors import BachBridgeError, MidiFileError
from bachbridge_gui.entries import Entry, file_stem, merged, title
from bachbridge_gui.phrasemodel import PhraseModel
from bachbridge_gui.phraserow import PhraseRow
from bachbridge_gui.prompts import phrase_from_files
from bachbridge_gui.shelf import MidiShelf

_NOTHING = "Choose a phrase first."
_EMPTY = "Nothing has been played yet."
_ONE = "Choose one phrase only."
_BAR_MS = 15_000
"""How long the bar with "Undo" stays; the key works after that too."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An action: its words, its key, its place among the buttons, and what one will hear."""

    name: str
    text: str
    key: str
    place: tuple[int, int]
    tip: str


DEEDS = (
    Deed("play", "Play again", "Return", (0, 0), "Play the phrase and its answer once more"),
    Deed("another", "Another answer", "A", (0, 1), "Hear a different answer to the same phrase"),
    Deed("keep", "Keep", "K", (0, 2), "Keep the phrase when older ones make room for new ones"),
    Deed("rename", "Rename", "F2", (0, 3), "Give the phrase a name of your own"),
    Deed("delete", "Delete", "Del", (1, 0), "Take the phrase off the list; Undo brings it back"),
    Deed("export", "Export…", "Ctrl+E", (1, 1), "Save the phrase and its answer as a MIDI file"),
    Deed("session", "Whole session…", "Ctrl+Shift+E", (1, 2), "Save all phrases as one MIDI file, or drag this button"),
)


class PhraseList(QWidget):
    """Used on the window's thread."""

    playRequested = pyqtSignal(Entry)  # noqa: N815
    anotherRequested = pyqtSignal(Entry)  # noqa: N815
    promptDropped = pyqtSignal(object, int)  # noqa: N815
    """A phrase from a file, and its step in ns."""
    selected = pyqtSignal(int)
    """The number of the exchange that a person chose, -1: none."""
    refused = pyqtSignal(str)
    """What cannot be done, in a sentence that says what to do."""

    def __init__(self, shelf: MidiShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PhraseModel(shelf, self)
        self.model.refused.connect(self.refused)
        self.view = _view(self.model, self)
        self.actions_by_name = {deed.name: self._action(deed) for deed in DEEDS}
        self._undo = self._undo_action()
        self.undo_bar, self._undo_words = self._bar()
        self._bar_time = QTimer(self, singleShot=True, interval=_BAR_MS)
        self._bar_time.timeout.connect(self.undo_bar.hide)
        self._can_ask = ""
        self._lay_out()
        self.setAcceptDrops(True)
        self.setAccessibleName("Phrases")
        self._selection().selectionChanged.connect(self._chosen)
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.dataChanged):
            signal.connect(self._refresh)
        self._refresh()

    # ------------------------------------------------------------ for the window

    def add(self, entry: Entry) -> None:
        """Show the exchange; it is the chosen one unless a person chose an older one."""
        follows = self._rows() in ([], [len(self.model.entries) - 1])
        row = self.model.add(entry)
        if follows and row == len(self.model.entries) - 1:
            self._select([row])

    def select(self, number: int) -> None:
        """Choose the exchange of that number (it was clicked elsewhere)."""
        if (row := self.model.entries.row(number)) is not None:
            self._select([row])

    def set_model_ready(self, why_not: str) -> None:
        """Whether another answer can be asked for now: "", or the sentence that says why not."""
        self._can_ask = why_not
        self._refresh()

    def chosen(self) -> list[Entry]:
        """The exchanges that are chosen, from the oldest on."""
        return [self.model.entries[row] for row in self._rows()]

    def perform(self, name: str) -> None:
        """Do what the button of that name does, if it can be done now."""
        self.actions_by_name[name].trigger()

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

    # ------------------------------------------------------------ the actions

    def _do(self, name: str) -> None:
        rows, chosen = self._rows(), self.chosen()
        match name:
            case "play":
                self.playRequested.emit(chosen[0])
            case "another":
                self.anotherRequested.emit(chosen[0])
            case "keep":
                self.model.keep(rows, kept=not all(entry.kept for entry in chosen))
            case "rename":
                self.view.edit(self.model.index(rows[0]))
            case "delete":
                self._delete(rows)
            case "export":
                self._export(chosen)
            case _:
                self._export(self.model.entries.items)

    def _delete(self, rows: Sequence[int]) -> None:
        gone = self.chosen()
        what = f"“{title(gone[0])}”" if len(gone) == 1 else f"{len(gone)} phrases"
        self.model.delete(rows)
        self._undo_words.setText(f"Deleted {what}")
        self.undo_bar.show()
        self._bar_time.start()
        if len(self.model.entries):
            self._select([min(rows[0], len(self.model.entries) - 1)])
        self._refresh()

    def _take_back(self) -> None:
        if rows := self.model.undo():
            self._select(rows)
        self.undo_bar.hide()
        self._refresh()

    def _export(self, entries: Sequence[Entry]) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Save as a MIDI file", f"{file_stem(entries)}.mid", "MIDI files (*.mid)"
        )
        if name:
            self.export_to(Path(name), entries)

    def export_to(self, path: Path, entries: Sequence[Entry]) -> None:
        """Write the exchanges as one MIDI file; `refused` where that fails."""
        try:
            merged(entries).write(path if path.suffix else path.with_suffix(".mid"))
        except BachBridgeError as error:
            self.refused.emit(str(error))

    def _why_not(self, name: str) -> str:
        """Why the action cannot work now; "" if it can."""
        chosen = self.chosen()
        if name == "session":
            return "" if len(self.model.entries) else _EMPTY
        if not chosen:
            return _NOTHING if len(self.model.entries) else _EMPTY
        if name in {"play", "another", "rename"} and len(chosen) > 1:
            return _ONE
        if name == "another":
            if chosen[0].mode == "harmonize":
                return "It was harmonised while you played; another answer is for phrases that were continued."
            return self._can_ask
        return ""

    def _refresh(self) -> None:
        """Enable what can be done and say why the rest cannot."""
        for deed in DEEDS:
            action, why_not = self.actions_by_name[deed.name], self._why_not(deed.name)
            action.setEnabled(not why_not)
            action.setToolTip(why_not or f"{deed.tip} ({_key_words(deed.key)})")
        keep = self.actions_by_name["keep"]
        chosen = self.chosen()
        text = "Let go" if chosen and all(entry.kept for entry in chosen) else "Keep"
        keep.setText(text)
        keep.setIconText(text)
        self._undo.setEnabled(bool(self.model.entries.undoable))
        self._hint.setVisible(not len(self.model.entries))
        self.view.setVisible(bool(len(self.model.entries)))

    def _chosen(self) -> None:
        self._refresh()
        chosen = self.chosen()
        self.selected.emit(chosen[0].number if len(chosen) == 1 else -1)

    # ------------------------------------------------------------ dragging

    def start_session_drag(self) -> None:
        """Carry the whole session off as one MIDI file; returns when it is dropped."""
        if data := self.model.mime(self.model.entries.items):
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:  # noqa: N802
        _welcome(a0)

    def dragMoveEvent(self, a0: QDragMoveEvent | None) -> None:  # noqa: N802
        _welcome(a0)

    def dropEvent(self, a0: QDropEvent | None) -> None:  # noqa: N802
        if a0 is not None:
            a0.setDropAction(Qt.DropAction.CopyAction)
            a0.accept()
            self.take_drop(a0.mimeData())

    # ------------------------------------------------------------ its parts

    def _action(self, deed: Deed) -> QAction:
        action = QAction(deed.text, self)
        action.setIconText(deed.text)  # a button's words: Qt's own choice leaves the "…" out
        action.setShortcuts([QKeySequence(deed.key), *([QKeySequence("Enter")] if deed.key == "Return" else [])])
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

    def _bar(self) -> tuple[QWidget, QLabel]:
        bar, words = QWidget(self), QLabel()
        words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        words.setAccessibleName("What was deleted")
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(words, 1)
        row.addWidget(_button(self._undo, "Undo"))
        bar.setAccessibleName("Deleted")
        bar.hide()
        return bar, words

    def _lay_out(self) -> None:
        self._hint = QLabel("Play a phrase: it appears here with its answer.\nOr drop a MIDI file to have it answered.")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setAccessibleName("How phrases get here")
        buttons = QGridLayout()
        buttons.setSpacing(4)
        for deed in DEEDS:
            kind = _SessionButton if deed.name == "session" else QToolButton
            button = _button(self.actions_by_name[deed.name], deed.text, kind(self))
            row, column = deed.place
            buttons.addWidget(button, row, column, 1, 2 if deed.name == "session" else 1)
        for column in range(4):
            buttons.setColumnStretch(column, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._hint, 1)
        column.addWidget(self.view, 1)
        column.addWidget(self.undo_bar)
        column.addLayout(buttons)
        self.view.customContextMenuRequested.connect(self._show_menu)

    def menu(self) -> QMenu:
        """What a click with the other button offers."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addActions([*self.actions_by_name.values(), self._undo])
        return menu

    def _show_menu(self, place: QPoint) -> None:
        if viewport := self.view.viewport():
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(viewport.mapToGlobal(place))

    # ------------------------------------------------------------ the selection

    def _selection(self) -> QItemSelectionModel:
        selection = self.view.selectionModel()
        assert selection is not None
        return selection

    def _rows(self) -> list[int]:
        return sorted(index.row() for index in self._selection().selectedRows())

    def _select(self, rows: Sequence[int]) -> None:
        flag = QItemSelectionModel.SelectionFlag
        selection = self._selection()
        selection.setCurrentIndex(self.model.index(rows[-1]), flag.ClearAndSelect)
        for row in rows:
            selection.select(self.model.index(row), flag.Select)
        self.view.scrollTo(self.model.index(rows[-1]))


class _SessionButton(QToolButton):
    """Pressed, it saves the session; dragged, it carries it off."""

    def mouseMoveEvent(self, e: QMouseEvent | None) -> None:  # noqa: N802
        phrases = self.parent()
        if e is None or not self.isDown() or not isinstance(phrases, PhraseList):
            return
        if self.rect().contains(e.position().toPoint()):
            return
        self.setDown(False)
        phrases.start_session_drag()


def _view(model: PhraseModel, parent: QWidget) -> QListView:
    view = QListView(parent)
    view.setModel(model)
    view.setItemDelegate(PhraseRow(view))
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setUniformItemSizes(True)
    view.setDragEnabled(True)
    view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    view.setAccessibleName("Phrases and answers")
    view.setToolTip(
        "What you played and what came back; drag a row into your DAW, drop a MIDI file to have it answered"
    )
    return view


def _button(action: QAction, name: str, button: QToolButton | None = None) -> QToolButton:
    button = button or QToolButton()
    button.setDefaultAction(action)
    button.setAccessibleName(name)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button


def _key_words(key: str) -> str:
    return {"Return": "Enter", "Del": "Delete"}.get(key, key)


def _welcome(event: QDragEnterEvent | QDragMoveEvent | None) -> None:
    """Files may be dropped; whether they hold music is seen afterwards, with a sentence."""
    data = event.mimeData() if event is not None else None
    if event is not None and data is not None and data.hasUrls():
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
