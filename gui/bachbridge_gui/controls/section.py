"""Parts of the side panel: sections under a short heading, and the levels that hold them and can be closed.

If all controls of a section are disabled, it shows the reason once.
"""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.widgets.icons import make_icon
from bachbridge_gui.widgets.style import set_role
from bachbridge_gui.widgets.tokens import HEADING_SCALE, SPACE_M_PX, SPACE_S_PX, SPACE_XS_PX, TARGET_HEIGHT_PX
from bachbridge_gui.widgets.typography import caption_label, scaled_font


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
    """A level of the panel: sections that a button shows and hides."""

    toggled = pyqtSignal(bool)
    """Emitted when a person opens or closes it."""

    def __init__(self, heading: str, tooltip: str, widgets: Sequence[QWidget]) -> None:
        super().__init__()
        self.button, self.body = QToolButton(), QWidget()
        self.button.setText(heading)
        self.button.setFont(scaled_font(self.button.font(), HEADING_SCALE, bold=True))
        self.button.setCheckable(True)
        set_role(self.button, "heading")
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.button.setMinimumHeight(TARGET_HEIGHT_PX)
        self.button.setAccessibleName(heading)
        self.button.setToolTip(tooltip)
        self.button.toggled.connect(self._show_body)
        self.button.clicked.connect(self.toggled)
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(0, 0, 0, SPACE_S_PX)
        inner.setSpacing(SPACE_M_PX)
        for widget in widgets:
            inner.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS_PX)
        column.addWidget(self.button)
        column.addWidget(self.body)
        self._show_body(shown=False)

    def set_open(self, *, is_open: bool) -> None:
        """Open or close it without emitting `toggled`."""
        self.button.setChecked(is_open)

    def _show_body(self, shown: bool) -> None:
        self.button.setIcon(make_icon("expand" if shown else "collapse", on_tint="text"))
        self.body.setVisible(shown)
