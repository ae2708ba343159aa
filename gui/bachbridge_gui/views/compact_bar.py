"""The controls of the compact window beside the DAW: mode, end of the phrase, temperature, and the status."""

from dataclasses import replace

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from bachbridge_gui.controls import specs
from bachbridge_gui.controls.control import Control
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.settings.store import SettingsStore

_TEMPERATURE_WIDTH_PX, _WIDTH_WITH_TEMPERATURE_PX = 160, 620


class CompactBar(QWidget):
    """Part of the top bar, visible only while the window is compact."""

    def __init__(self, store: SettingsStore, learner: MidiLearn) -> None:
        super().__init__()
        end = next(row for row in specs.COMMAND_BUTTONS if row.target == "end_phrase")
        self.mode, self.end_phrase = (Control(store, learner, row, show_label=False) for row in (specs.MODE, end))
        temperature = replace(next(row for row in specs.PLAY if row.target == "temperature"), end_labels=None)
        self.temperature = Control(store, learner, temperature, show_label=False)
        self.temperature.setFixedWidth(_TEMPERATURE_WIDTH_PX)
        for control in (self.end_phrase, self.temperature):
            control.badge.setMaximumHeight(0)
        self.status_label = QLabel()
        self.status_label.setAccessibleName("Status")
        self.status_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for control in (self.mode, self.end_phrase, self.temperature):
            row.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.status_label, 1)
        self.hide()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Leave the temperature out where there is no room for it."""
        super().resizeEvent(a0)
        self.temperature.setVisible(self.width() >= _WIDTH_WITH_TEMPERATURE_PX)

    def show_status(self, text: str) -> None:
        """Show the status in one line, and in full in the tooltip."""
        if text != self.status_label.text():
            self.status_label.setText(text)
            self.status_label.setToolTip(text)
