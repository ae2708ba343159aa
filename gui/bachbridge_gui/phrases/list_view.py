"""The rows of the list, with their selection, and the button that carries the whole session off."""

from collections.abc import Sequence

from PyQt6.QtCore import QItemSelectionModel, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QMouseEvent
from PyQt6.QtWidgets import QAbstractItemView, QListView, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.phrases.delegate import PhraseRow
from bachbridge_gui.phrases.model import PhraseModel

_Flag = QItemSelectionModel.SelectionFlag


class PhraseView(QListView):
    """Rows are dragged away from it; what is dropped goes to the list around it."""

    def __init__(self, model: PhraseModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(PhraseRow(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Phrases and answers")
        self.setToolTip("What you played and what came back: drag a row into your DAW, drop a MIDI file here")

    @property
    def selection(self) -> QItemSelectionModel:
        selection = self.selectionModel()
        assert selection is not None
        return selection

    @property
    def rows(self) -> list[int]:
        """The chosen rows, from the oldest on."""
        return sorted(index.row() for index in self.selection.selectedRows())

    def choose(self, rows: Sequence[int]) -> None:
        """Choose these rows and no others, and show the last of them."""
        model, selection = self.model(), self.selection
        assert model is not None
        selection.setCurrentIndex(model.index(rows[-1], 0), _Flag.ClearAndSelect)
        for row in rows[:-1]:
            selection.select(model.index(row, 0), _Flag.Select)
        self.scrollTo(model.index(rows[-1], 0))


class SessionButton(QToolButton):
    """Pressed, it saves the session; drawn away from, it carries it off."""

    dragged = pyqtSignal()

    def mouseMoveEvent(self, e: QMouseEvent | None) -> None:  # noqa: N802
        if e is not None and self.isDown() and not self.rect().contains(e.position().toPoint()):
            self.setDown(False)
            self.dragged.emit()


def button(action: QAction, name: str, made: QToolButton | None = None) -> QToolButton:
    """A button that does the action and is reached by the keyboard."""
    made = made or QToolButton()
    made.setDefaultAction(action)
    made.setAccessibleName(name)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return made
