"""What keeps the panel calm: a wheel that turns over a control without the focus scrolls, and captions are quiet."""

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QPalette, QWheelEvent
from PyQt6.QtWidgets import QLabel, QWidget


class WheelGuard(QObject):
    """An event filter: no wheel without the focus."""

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # Qt's name
        if isinstance(a1, QWheelEvent) and isinstance(a0, QWidget) and not a0.hasFocus():
            a1.ignore()
            return True
        return False


def guard_wheel_and_menu(widget: QWidget) -> None:
    """Let the wheel pass over it, and let its context menu be its control's."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(WheelGuard(widget))
    for part in (widget, *widget.findChildren(QWidget)):
        part.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)


def caption_label(text: str) -> QLabel:
    """A caption in small, quiet letters."""
    label = QLabel(text)
    font = label.font()
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * 0.85)
    label.setFont(font)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
