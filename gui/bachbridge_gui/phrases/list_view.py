"""The list view with its selection, and the button from which the whole session can be dragged."""

from collections.abc import Sequence

from PyQt6.QtCore import QItemSelectionModel, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QMouseEvent
from PyQt6.QtWidgets import QAbstractItemView, QListView, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.phrases.delegate import PhraseDelegate
from bachbridge_gui.phrases.model import PhraseListModel
from bachbridge_gui.translation import tr

_Flag = QItemSelectionModel.SelectionFlag


class PhraseListView(QListView):
    """A list whose rows can be dragged out; drops are handled by the panel around it."""

    def __init__(self, model: PhraseListModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(PhraseDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(tr("Phrases and answers"))
        self.setToolTip(tr("Your phrases and their answers. Drag a row into your DAW, or drop a MIDI file here."))

    @property
    def selection(self) -> QItemSelectionModel:
        selection = self.selectionModel()
        assert selection is not None
        return selection

    @property
    def selected_rows(self) -> list[int]:
        """The selected rows, oldest first."""
        return sorted(index.row() for index in self.selection.selectedRows())

    def select_rows(self, rows: Sequence[int]) -> None:
        """Select exactly these rows and scroll to the last of them."""
        model, selection = self.model(), self.selection
        assert model is not None
        selection.setCurrentIndex(model.index(rows[-1], 0), _Flag.ClearAndSelect)
        for row in rows[:-1]:
            selection.select(model.index(row, 0), _Flag.Select)
        self.scrollTo(model.index(rows[-1], 0))


class SessionButton(QToolButton):
    """A click saves the session; dragging the mouse off the button emits `dragged`."""

    dragged = pyqtSignal()

    def mouseMoveEvent(self, e: QMouseEvent | None) -> None:
        if e is not None and self.isDown() and not self.rect().contains(e.position().toPoint()):
            self.setDown(False)
            self.dragged.emit()


def action_button(action: QAction, name: str, tool_button: QToolButton | None = None) -> QToolButton:
    """Return a button for the action that can get the keyboard focus; `tool_button` is used if given."""
    tool_button = tool_button or QToolButton()
    tool_button.setDefaultAction(action)
    tool_button.setAccessibleName(name)
    tool_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    tool_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return tool_button
