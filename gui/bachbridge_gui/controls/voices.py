"""The four voices, a row each in the voice's colour and with its shape: on or off, channel, octave, level."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QWidget

from bachbridge.music.notes import VOICES
from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.controls.editors import Switch
from bachbridge_gui.controls.specs import voice_row
from bachbridge_gui.presets.midi_learn import Learner
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.widgets.segments import VoiceSwitch
from bachbridge_gui.widgets.styling import small

_PARTS = ("harmony", "channels", "octaves", "levels")
_HEADINGS = ("", "Channel", "Octave", "Level")


class Voices(QWidget):
    """`controls` holds all sixteen."""

    def __init__(self, desk: Desk, learner: Learner) -> None:
        super().__init__()
        self.controls: list[Control] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(4)
        for column, heading in enumerate(_HEADINGS):
            caption = small(heading)
            caption.setIndent(INSET_PX)
            grid.addWidget(caption, 0, column)
            grid.setColumnStretch(column, 4 if column == 0 else 3)
        for voice in range(len(VOICES)):
            for column, part in enumerate(_PARTS):
                editor = Switch(VoiceSwitch(voice)) if part == "harmony" else None
                control = Control(desk, learner, voice_row(part, voice), labelled=False, editor=editor)
                self.controls.append(control)
                grid.addWidget(control, voice + 1, column, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName("Voices")
