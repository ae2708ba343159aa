"""The side panel with a store whose messages are recorded, and the value that a control shows."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from bachbridge.settings import Settings
from bachbridge_gui.controls.control import Control
from bachbridge_gui.controls.editors import CommandButton, Dropdown, NumberBox, SegmentedControl, Slider, Switch
from bachbridge_gui.controls.model_picker import ModelChoice
from bachbridge_gui.controls.panel import ControlPanel
from bachbridge_gui.presets.midi_learn import MidiLearn
from bachbridge_gui.presets.midi_profiles import ProfileFolder
from bachbridge_gui.settings.store import SettingsStore


class PanelRig:
    """A store whose messages are recorded, and the panel on it."""

    def __init__(self, qtbot: QtBot, folder: Path, settings: Settings | None = None) -> None:
        self.sent: list[object] = []
        self.commands: list[str] = []
        self.refused: list[str] = []
        self.store = SettingsStore(settings or Settings(), self.sent.append)
        self.store.command_given.connect(self.commands.append)
        self.store.refused.connect(self.refused.append)
        self.learner = MidiLearn(self.store)
        self.panel = ControlPanel(self.store, self.learner, ProfileFolder(folder / "profiles"))
        self.panel.set_models([ModelChoice("chorale-lstm", "Sings."), ModelChoice("other", "Hums.")])
        qtbot.addWidget(self.panel)
        self.panel.shape.set_open(is_open=True)
        self.panel.resize(320, 800)
        self.panel.show()

    def open_levels(self) -> None:
        for level in (self.panel.shape, self.panel.setup):
            level.set_open(is_open=True)

    def control(self, target: str) -> Control:
        return next(control for control in self.panel.controls if control.spec.target == target)

    @property
    def settings(self) -> Settings:
        return self.store.settings


def shown_value(control: Control) -> object:
    """Return the value that the control's editor shows."""
    match control.editor:
        case NumberBox() | Slider():
            return control.editor.box.value()
        case Dropdown():
            return control.editor.box.currentData()
        case Switch():
            return control.editor.box.isChecked()
        case SegmentedControl():
            return next(segment.text().lower() for segment in control.editor.segments if segment.isChecked())
        case CommandButton():
            return None
