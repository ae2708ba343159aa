"""One control: its label, its editor and its controller's badge, tied to the desk by its target.

The desk's word counts: the editor shows what the setting became, never what was asked for. A control that cannot work
now is disabled and says why where it otherwise says what one will hear.
"""

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QAction, QContextMenuEvent
from PyQt6.QtWidgets import QBoxLayout, QLabel, QMenu, QSizePolicy, QVBoxLayout, QWidget

from bachbridge.protocol.events import Value
from bachbridge_gui.controls.editors import Editor, editor_of
from bachbridge_gui.controls.specs import Row
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.presets.midi_learn_overlay import Spot
from bachbridge_gui.settings.store import COMMANDS, Desk
from bachbridge_gui.settings.targets import placed, setting_of, value_of
from bachbridge_gui.widgets.segments import Segment
from bachbridge_gui.widgets.styling import small

INSET_PX = 4
"""Room around a control for its outline in learn mode."""


def column_px(widget: QWidget) -> int:
    """The width of the column of labels, in the widget's letters."""
    return widget.fontMetrics().horizontalAdvance("Common tones") + INSET_PX


def line_px(widget: QWidget) -> int:
    """The height of a line of controls, in the widget's letters."""
    return widget.fontMetrics().height() + 10


class Control(QWidget):
    """`row.label` stands before the editor if `labelled`; otherwise it is only the accessible name."""

    def __init__(
        self, desk: Desk, learner: Learner, row: Row, *, labelled: bool = True, editor: Editor | None = None
    ) -> None:
        super().__init__()
        self.row, self.editor = row, editor or editor_of(row)
        self._desk, self._learner, self._reason = desk, learner, ""
        self.label, self.badge = QLabel(row.label), small("")
        self.badge.setMargin(0)
        self._lay_out(labelled=labelled)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.spot = Spot(self, row.target, learner)
        self.editor.moved.connect(self._moved)
        desk.changed.connect(self._changed)
        learner.changed.connect(self._show_badge)
        self._changed(setting_of(row.target))
        self._show_badge()

    def _lay_out(self, *, labelled: bool) -> None:
        across = QBoxLayout.Direction.LeftToRight if labelled else QBoxLayout.Direction.TopToBottom
        line = QBoxLayout(across, self)
        line.setContentsMargins(INSET_PX, 0, INSET_PX, 0)
        line.setSpacing(8 if labelled else 0)
        if not labelled:
            line.addWidget(self.editor)
            line.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignHCenter)
            return
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.label)
        names.addWidget(self.badge)
        names.addStretch()
        self.label.setFixedWidth(column_px(self))
        self.label.setFixedHeight(line_px(self))
        line.addLayout(names)
        line.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignTop)

    # ------------------------------------------------------------ the desk

    def _moved(self, value: Value) -> None:
        target = self.row.target
        if target in COMMANDS:
            self._desk.command(target)
        else:
            self._desk.set(*placed(self._desk.settings, target, value))
            self._changed(setting_of(target))  # where it was refused, the editor shows what is

    def _changed(self, name: str) -> None:
        if name == setting_of(self.row.target) and name not in COMMANDS:
            self.editor.show_value(value_of(self._desk.settings, self.row.target))

    # ------------------------------------------------------------ what is possible

    @property
    def reason(self) -> str:
        return self._reason

    def forbid(self, reason: str) -> None:
        """Why it cannot work now; empty: it can."""
        if reason == self._reason:
            return
        self._reason = reason
        self.editor.setEnabled(not reason)
        self.label.setEnabled(not reason)
        self._describe()

    def _describe(self) -> None:
        badge = self._learner.badge(self.row.target)
        tip = self._reason or self.row.hears
        whole = f"{tip} Moved by {badge}." if badge else tip
        name = self.row.label[0].upper() + self.row.label[1:]
        for part in (self, *self.editor.findChildren(QWidget)):
            segment = part.text() if isinstance(part, Segment) else ""
            part.setToolTip(whole)
            part.setAccessibleName(f"{name}: {segment}" if segment else name)
            part.setAccessibleDescription(self._reason)
        self.label.setToolTip(whole)

    # ------------------------------------------------------------ learning

    def _show_badge(self) -> None:
        badge = self._learner.badge(self.row.target)
        self.badge.setText(badge)
        self.badge.setVisible(bool(badge))
        self._describe()

    def menu(self) -> QMenu:
        """Learn, forget."""
        menu, target, badge = QMenu(self), self.row.target, self._learner.badge(self.row.target)
        learn, forget = QAction("Learn a knob …", menu), QAction(f"Forget {badge}" if badge else "Forget", menu)
        learn.triggered.connect(self._learn)
        forget.triggered.connect(lambda: self._learner.forget(target))
        forget.setEnabled(bool(badge))
        menu.addActions([learn, forget])
        return menu

    def _learn(self) -> None:
        self._learner.set_active(active=True)
        self._learner.arm(self.row.target)
        self.spot.setFocus()

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:  # noqa: N802 # Qt's name
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(a0.globalPos() if a0 else self.mapToGlobal(QPoint(0, self.height())))
