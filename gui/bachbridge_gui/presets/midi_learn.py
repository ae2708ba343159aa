"""MIDI learn in the window: between the player's messages, the controls in learn mode, and the desk.

While learn mode is on, every control can be armed by a click; the knob that is moved next is its own from then on.
What bound controllers do is done at once, in learn mode too.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.settings import Settings
from bachbridge_gui.presets.midi_bindings import Binding, Bound, Called, Learning, Pressed, Turned
from bachbridge_gui.presets.midi_profiles import Profile, own_of
from bachbridge_gui.settings.store import Desk
from bachbridge_gui.settings.targets import OWN, placed


class Learner(QObject):
    """Lives in the window's thread."""

    changed = pyqtSignal()
    """The bindings, what is armed, or whether learn mode is on."""
    bound = pyqtSignal(str)
    """A target has its controller now."""
    called = pyqtSignal(str)
    """A program change calls this preset."""

    def __init__(self, desk: Desk, learning: Learning | None = None) -> None:
        super().__init__()
        self._desk, self._learning, self._active = desk, learning or Learning(), False
        desk.changed.connect(self._told)

    @property
    def active(self) -> bool:
        """Whether learn mode is on."""
        return self._active

    @property
    def armed(self) -> str | None:
        return self._learning.armed

    @property
    def bindings(self) -> tuple[Binding, ...]:
        return self._learning.bindings

    @property
    def profile(self) -> Profile:
        """All that is bound, the engine's own controllers as well."""
        return Profile(self.bindings, own_of(self._desk.settings))

    def set_active(self, active: bool) -> None:  # connected to a button's `toggled`
        if active != self._active:
            self._active = active
            self._learning.arm(None)
            self.changed.emit()

    def arm(self, target: str | None) -> None:
        """Wait for the controller of `target`; None: wait no longer."""
        self._learning.arm(target)
        self.changed.emit()

    def cancel(self) -> None:
        """One step back: out of waiting, or out of learn mode."""
        if self.armed is not None:
            self.arm(None)
        else:
            self.set_active(active=False)

    def forget(self, target: str) -> None:
        if target in OWN:
            self._desk.set(OWN[target], -1)
        self._learning.forget(target)
        self.changed.emit()

    def take_bindings(self, bindings: Sequence[Binding]) -> None:
        """Other bindings in place of these (a preset's)."""
        self._learning.bindings = tuple(bindings)
        self.changed.emit()

    def take_profile(self, profile: Profile) -> None:
        for setting, number in profile.own:
            self._desk.set(setting, number)
        self.take_bindings(profile.bindings)

    def set_programs(self, programs: dict[int, str]) -> None:
        self._learning.programs = programs

    def set_models(self, names: Sequence[str]) -> None:
        self._learning.models = tuple(names)

    def badge(self, target: str) -> str:
        """The controller that moves the target, as it is shown on it; empty: none does."""
        if target in OWN:
            number = getattr(self._desk.settings, OWN[target])
            return f"CC {number}" if number >= 0 else ""
        binding = self._learning.of(target)
        return binding.badge if binding else ""

    def conflicts(self) -> list[str]:
        settings: Settings = self._desk.settings
        return self._learning.conflicts(settings)

    def take(self, data: bytes) -> None:
        """One message of the player's, as it came."""
        for action in self._learning.take(data):
            match action:
                case Turned(target, value):
                    self._desk.set(*placed(self._desk.settings, target, value))
                case Pressed(command):
                    self._desk.command(command)
                case Called(preset):
                    self.called.emit(preset)
                case Bound(target, _):
                    self.bound.emit(target)
                    self.changed.emit()

    def _told(self, name: str) -> None:
        if name in OWN.values():
            self.changed.emit()
