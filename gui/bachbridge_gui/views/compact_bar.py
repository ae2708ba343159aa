"""The controls of the compact window beside the DAW: mode, end of the phrase and temperature.

What the window says is in the hearing strip below it.
"""

from dataclasses import replace

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from bachbridge_gui.controls import specs
from bachbridge_gui.controls.control import Control
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.widgets.tokens import SPACE_S_PX

_TEMPERATURE_WIDTH_PX = 160


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
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S_PX)
        for control in (self.mode, self.end_phrase, self.temperature):
            row.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        self.hide()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Leave out what there is no room for: the temperature first, then the end of the phrase."""
        super().resizeEvent(a0)
        room_px = self.width() - self.mode.sizeHint().width()
        for control, width_px in (
            (self.end_phrase, self.end_phrase.sizeHint().width()),
            (self.temperature, _TEMPERATURE_WIDTH_PX),
        ):
            room_px -= width_px + SPACE_S_PX
            control.setVisible(room_px >= 0)
