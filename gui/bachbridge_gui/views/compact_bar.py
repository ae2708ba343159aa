"""What the window still offers as a strip beside the DAW: the mode, the phrase's end, and how things are in a line."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from bachbridge_gui.controls import specs
from bachbridge_gui.controls.control import Control
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.settings.store import Desk


class Strip(QWidget):
    """Stands in the bar at the top, and only while the window is a strip."""

    def __init__(self, desk: Desk, learner: Learner) -> None:
        super().__init__()
        end = next(row for row in specs.COMMANDS if row.target == "end_phrase")
        self.mode, self.end = (Control(desk, learner, row, labelled=False) for row in (specs.MODE, end))
        self.end.badge.setMaximumHeight(0)
        self.says = QLabel()
        self.says.setStyleSheet("font-weight: normal;")
        self.says.setAccessibleName("How things are")
        self.says.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for control in (self.mode, self.end):
            row.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.says, 1)
        self.hide()

    def say(self, text: str) -> None:
        """One line; what does not fit is in the tooltip."""
        if text != self.says.text():
            self.says.setText(text)
            self.says.setToolTip(text)
