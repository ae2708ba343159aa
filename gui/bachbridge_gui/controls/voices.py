"""The controls of the four voices: a row for each with its colour and shape, a switch, channel, octave and level."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QWidget

from bachbridge.music.notes import VOICES
from bachbridge_gui.controls.control import INSET_PX, Control
from bachbridge_gui.controls.editors import Switch
from bachbridge_gui.controls.specs import voice_spec
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.segments import VoiceToggle
from bachbridge_gui.widgets.typography import caption_label

_VOICE_SETTINGS = ("harmony", "channels", "octaves", "levels")
_HEADINGS = ("", translatable("Channel"), translatable("Octave"), translatable("Level"))


class VoiceControls(QWidget):
    """The grid of controls; `controls` holds all sixteen."""

    def __init__(self, store: SettingsStore, learner: MidiLearn) -> None:
        super().__init__()
        self.controls: list[Control] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(4)
        for column, heading in enumerate(_HEADINGS):
            caption = caption_label(tr(heading) if heading else "")
            caption.setIndent(INSET_PX)
            grid.addWidget(caption, 0, column)
            grid.setColumnStretch(column, 4 if column == 0 else 3)
        for voice in range(len(VOICES)):
            for column, part in enumerate(_VOICE_SETTINGS):
                editor = Switch(VoiceToggle(voice)) if part == "harmony" else None
                control = Control(store, learner, voice_spec(part, voice), show_label=False, editor=editor)
                self.controls.append(control)
                grid.addWidget(control, voice + 1, column, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(tr("Voices"))
