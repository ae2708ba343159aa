"""The bar that says what was deleted and offers to bring it back; it goes by itself, the key works after that too."""

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

_STAYS_MS = 15_000


class UndoBar(QWidget):
    """Hidden until something is deleted."""

    def __init__(self, undo: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setAccessibleName("What was deleted")
        button = QToolButton()
        button.setDefaultAction(undo)
        button.setAccessibleName(undo.text())
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(button)
        self._time = QTimer(self)
        self._time.setSingleShot(True)
        self._time.timeout.connect(self.hide)
        self.setAccessibleName("Deleted")
        self.hide()

    def tell(self, what: str) -> None:
        """Say that `what` is gone, for a while."""
        self.words.setText(f"Deleted {what}")
        self.show()
        self._time.start(_STAYS_MS)
