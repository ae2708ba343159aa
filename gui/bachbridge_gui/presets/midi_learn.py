"""MIDI learn in the window: it connects the player's messages, the controls in learn mode, and the settings.

While learn mode is on, a click arms a control, and the knob that moves next is bound to it. Bound controllers take
effect at once, in learn mode too.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.settings import Settings
from bachbridge_gui.presets.midi_bindings import (
    Binding,
    GiveCommand,
    MidiBindings,
    RecallPreset,
    SetTarget,
    TargetBound,
)
from bachbridge_gui.presets.midi_profiles import MidiProfile, engine_controllers
from bachbridge_gui.settings.store import SettingsStore
from bachbridge_gui.settings.targets import ENGINE_COMMAND_SETTINGS, setting_change


class MidiLearn(QObject):
    """Lives in the window's thread."""

    changed = pyqtSignal()
    """The bindings, the armed target or learn mode has changed."""
    target_bound = pyqtSignal(str)
    """This target has been bound to a controller."""
    preset_called = pyqtSignal(str)
    """A program change has called this preset."""

    def __init__(self, store: SettingsStore, midi_bindings: MidiBindings | None = None) -> None:
        super().__init__()
        self._store, self._midi_bindings, self._active = store, midi_bindings or MidiBindings(), False
        store.changed.connect(self._on_setting_changed)

    @property
    def active(self) -> bool:
        """True if learn mode is on."""
        return self._active

    @property
    def armed_target(self) -> str | None:
        return self._midi_bindings.armed_target

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return self._midi_bindings.bindings

    @property
    def profile(self) -> MidiProfile:
        """All bindings, including the engine's own controllers."""
        return MidiProfile(self.bindings, engine_controllers(self._store.settings))

    def set_active(self, active: bool) -> None:  # connected to a button's `toggled`
        if active != self._active:
            self._active = active
            self._midi_bindings.arm(None)
            self.changed.emit()

    def arm(self, target: str | None) -> None:
        """Wait for the controller of `target`; None: stop waiting."""
        self._midi_bindings.arm(target)
        self.changed.emit()

    def cancel(self) -> None:
        """Go one step back: stop waiting for a controller, or leave learn mode."""
        if self.armed_target is not None:
            self.arm(None)
        else:
            self.set_active(active=False)

    def unbind(self, target: str) -> None:
        if target in ENGINE_COMMAND_SETTINGS:
            self._store.set(ENGINE_COMMAND_SETTINGS[target], -1)
        self._midi_bindings.unbind(target)
        self.changed.emit()

    def set_bindings(self, bindings: Sequence[Binding]) -> None:
        """Replace all bindings, for example by those of a preset."""
        self._midi_bindings.bindings = tuple(bindings)
        self.changed.emit()

    def apply_profile(self, profile: MidiProfile) -> None:
        for setting, number in profile.own:
            self._store.set(setting, number)
        self.set_bindings(profile.bindings)

    def set_programs(self, programs: dict[int, str]) -> None:
        self._midi_bindings.presets_by_program = programs

    def set_models(self, names: Sequence[str]) -> None:
        self._midi_bindings.model_names = tuple(names)

    def badge(self, target: str) -> str:
        """Return the text of the controller that moves the target; empty: none does."""
        if target in ENGINE_COMMAND_SETTINGS:
            number = getattr(self._store.settings, ENGINE_COMMAND_SETTINGS[target])
            return f"CC {number}" if number >= 0 else ""
        binding = self._midi_bindings.binding_of(target)
        return binding.badge if binding else ""

    def conflicts(self) -> list[str]:
        settings: Settings = self._store.settings
        return self._midi_bindings.conflicts(settings)

    def handle_midi(self, data: bytes) -> None:
        """Apply one message of the player."""
        for action in self._midi_bindings.handle_midi(data):
            match action:
                case SetTarget(target, value):
                    self._store.set(*setting_change(self._store.settings, target, value))
                case GiveCommand(command):
                    self._store.give_command(command)
                case RecallPreset(preset):
                    self.preset_called.emit(preset)
                case TargetBound(target, _):
                    self.target_bound.emit(target)
                    self.changed.emit()

    def _on_setting_changed(self, name: str) -> None:
        if name in ENGINE_COMMAND_SETTINGS.values():
            self.changed.emit()
