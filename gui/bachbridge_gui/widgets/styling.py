"""Event filters that keep the panels calm: the mouse wheel changes nothing by accident."""

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QWidget


class WheelGuard(QObject):
    """An event filter that ignores the wheel over a widget without the focus, so that the panel scrolls."""

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if isinstance(a1, QWheelEvent) and isinstance(a0, QWidget) and not a0.hasFocus():
            a1.ignore()
            return True
        return False


def guard_wheel_and_menu(widget: QWidget) -> None:
    """Ignore the wheel over `widget` unless it has the focus, and leave its context menu to the control around it."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(WheelGuard(widget))
    for part in (widget, *widget.findChildren(QWidget)):
        part.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
