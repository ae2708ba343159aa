"""A part of the side panel under a short heading. If all its controls are disabled, it shows the reason once."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.widgets.typography import caption_label


class Section(QWidget):
    """A heading, a line for the reason, and widgets below each other."""

    def __init__(self, heading: str, widgets: Sequence[QWidget]) -> None:
        super().__init__()
        self._controls = [widget for widget in widgets if isinstance(widget, Control)]
        self._has_only_controls = len(self._controls) == len(widgets)
        self.heading, self.reason_label = QLabel(heading), caption_label("")
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.reason_label.setWordWrap(True)
        self.reason_label.hide()
        self.heading.setIndent(INSET_PX)
        self.reason_label.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self.heading, self.reason_label, *widgets):
            column.addWidget(widget)
        self.setAccessibleName(heading)

    def show_shared_reason(self) -> None:
        """Show or hide the reason; call it after the controls were enabled or disabled."""
        first = self._controls[0].disabled_reason if self._controls else ""
        shared = self._has_only_controls and first and all(control.disabled_reason for control in self._controls)
        self.reason_label.setText(first if shared else "")
        self.reason_label.setVisible(bool(shared))


class CollapsibleSection(QWidget):
    """Widgets that a button shows and hides."""

    def __init__(self, heading: str, widgets: Sequence[QWidget]) -> None:
        super().__init__()
        self.button, self.body = QToolButton(), QWidget()
        self.button.setText(heading)
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setAccessibleName(heading)
        self.button.setToolTip("Show or hide the advanced controls.")
        self.button.toggled.connect(self._set_expanded)
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        for widget in widgets:
            inner.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.button)
        column.addWidget(self.body)
        self._set_expanded(expanded=False)

    def _set_expanded(self, expanded: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow)
        self.body.setVisible(expanded)
