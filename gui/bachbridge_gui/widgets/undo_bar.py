"""The bar that says what was deleted and offers Undo. It hides after a while; the shortcut still works then."""

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.translation import tr

_SHOWN_MS = 15_000


class UndoBar(QWidget):
    """Hidden until something is deleted."""

    def __init__(self, undo: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self.label = QLabel()
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.label.setAccessibleName(tr("What was deleted"))
        button = QToolButton()
        button.setDefaultAction(undo)
        button.setAccessibleName(undo.text())
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(self.label, 1)
        row.addWidget(button)
        self._hide_timer = QTimer(self)
        self._hide_timer.setSingleShot(True)
        self._hide_timer.timeout.connect(self.hide)
        self.setAccessibleName(tr("Deleted"))
        self.hide()

    def show_deleted(self, description: str) -> None:
        """Show for 15 seconds that `description` was deleted."""
        self.label.setText(tr("Deleted {name}", name=description))
        self.show()
        self._hide_timer.start(_SHOWN_MS)
