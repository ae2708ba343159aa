"""MIDI learn: which controller moves which target. Pure: it gets the player's messages and returns actions.

While a target is armed, the first controller that moves is bound to it, on the channel of its message. Otherwise a
bound controller sets new values of its targets, gives a command when it rises above 63, and a program change calls a
preset. Panic, end of phrase, cadence and begin again are bound in the engine's own settings instead, so that they work
without the window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bachbridge.midi.messages import SUSTAIN, SWITCH_THRESHOLD, ControlChange, OtherChannelMessage, decode
from bachbridge.protocol.field_types import SettingValue
from bachbridge.settings import Settings
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.settings.targets import ENGINE_COMMAND_SETTINGS, target_label, value_from_controller
from bachbridge_gui.translation import tr

_FIRST_CHANNEL_MODE = 120
"""Controller numbers from here on are channel mode messages (all notes off …), not knobs."""
_PROGRAM_CHANGE = 0xC0


@dataclass(frozen=True, slots=True)
class Binding:
    """Controller `controller` on `channel` (0-based; None: any) moves `target`."""

    target: str
    controller: int
    channel: int | None = None

    @property
    def badge(self) -> str:
        """Text that is shown on the control."""
        return f"CC {self.controller}"

    def matches(self, channel: int, controller: int) -> bool:
        return controller == self.controller and self.channel in (None, channel)


@dataclass(frozen=True, slots=True)
class SetTarget:
    """Set a setting, or a part of one, to a new value (see `targets.setting_change`)."""

    target: str
    value: SettingValue


@dataclass(frozen=True, slots=True)
class GiveCommand:
    """Give a command."""

    command: str


@dataclass(frozen=True, slots=True)
class RecallPreset:
    """Apply the preset that a program change called."""

    preset: str


@dataclass(frozen=True, slots=True)
class TargetBound:
    """The armed target has been bound to a controller."""

    target: str
    controller: int


MidiLearnAction = SetTarget | GiveCommand | RecallPreset | TargetBound


@dataclass(slots=True)
class MidiBindings:
    """Used on the window's thread."""

    bindings: tuple[Binding, ...] = ()
    presets_by_program: Mapping[int, str] = field(default_factory=dict[int, str])
    """Preset that each program (0-based) calls."""
    model_names: tuple[str, ...] = ()
    """Models that a controller steps through."""
    armed_target: str | None = None
    """Target that waits for a controller."""
    _last_values: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def arm(self, target: str | None) -> None:
        """Bind `target` to the next controller that moves; None: wait for no controller."""
        self.armed_target = target

    def unbind(self, target: str) -> None:
        """Remove the bindings of a target."""
        self.bindings = tuple(binding for binding in self.bindings if binding.target != target)

    def binding_of(self, target: str) -> Binding | None:
        """Return the target's binding, without the engine's own controllers."""
        return next((binding for binding in self.bindings if binding.target == target), None)

    def handle_midi(self, data: bytes) -> list[MidiLearnAction]:
        """Apply one message of the player; return what should be done."""
        match decode(data):
            case ControlChange(channel, controller, value):
                previous = self._last_values.get((channel, controller), 0)
                self._last_values[channel, controller] = value
                if self.armed_target is None:
                    return self._controller_moved(channel, controller, previous, value)
                return self._bind(self.armed_target, channel, controller)
            case OtherChannelMessage(message) if (
                message[0] & 0xF0 == _PROGRAM_CHANGE and message[1] in self.presets_by_program
            ):
                return [RecallPreset(self.presets_by_program[message[1]])]
            case _:
                return []

    def _bind(self, target: str, channel: int, controller: int) -> list[MidiLearnAction]:
        if controller >= _FIRST_CHANNEL_MODE:
            return []
        self.armed_target = None
        if target in ENGINE_COMMAND_SETTINGS:
            return [SetTarget(ENGINE_COMMAND_SETTINGS[target], controller), TargetBound(target, controller)]
        self.unbind(target)
        self.bindings = (*self.bindings, Binding(target, controller, channel))
        return [TargetBound(target, controller)]

    def _controller_moved(self, channel: int, controller: int, previous: int, value: int) -> list[MidiLearnAction]:
        actions: list[MidiLearnAction] = []
        for binding in self.bindings:
            if not binding.matches(channel, controller):
                continue
            if binding.target in COMMANDS:
                actions += [GiveCommand(binding.target)] if previous < SWITCH_THRESHOLD <= value else []
            else:
                new_value = value_from_controller(binding.target, value, self.model_names)
                actions += [] if new_value is None else [SetTarget(binding.target, new_value)]
        return actions

    def conflicts(self, settings: Settings) -> list[str]:
        """Return a sentence for each binding that does not do what it seems to do."""
        return [*self._double_bindings(), *self._reserved_bindings(settings), *_engine_controller_conflicts(settings)]

    def _double_bindings(self) -> list[str]:
        found: list[str] = []
        for index, first in enumerate(self.bindings):
            for other in self.bindings[index + 1 :]:
                channels = {first.channel, other.channel}
                if first.controller == other.controller and (len(channels) == 1 or None in channels):
                    pair = tr("{one} and {other}", one=target_label(first.target), other=target_label(other.target))
                    found.append(tr("{badge} moves both {pair}: remove one of them.", badge=first.badge, pair=pair))
        return found

    def _reserved_bindings(self, settings: Settings) -> list[str]:
        own = {getattr(settings, setting): command for command, setting in ENGINE_COMMAND_SETTINGS.items()}
        found: list[str] = []
        for binding in self.bindings:
            other_use = _reserved_use(binding.controller) or (
                target_label(own[binding.controller]) if binding.controller in own else ""
            )
            if other_use:
                found.append(
                    tr(
                        "{badge} moves {target}, but it is also {other_use}: learn another one.",
                        badge=binding.badge,
                        target=target_label(binding.target),
                        other_use=other_use,
                    )
                )
        return found


def _reserved_use(controller: int) -> str:
    if controller == SUSTAIN:
        return tr("the sustain pedal")
    return tr("a channel mode message") if controller >= _FIRST_CHANNEL_MODE else ""


def _engine_controller_conflicts(settings: Settings) -> list[str]:
    """Return the conflicts of the engine's own controllers with each other and with reserved ones."""
    found: list[str] = []
    seen: dict[int, str] = {}
    for command, setting in ENGINE_COMMAND_SETTINGS.items():
        number = getattr(settings, setting)
        other_use = _reserved_use(number) or seen.get(number, "")
        if number >= 0 and other_use:
            found.append(
                tr(
                    "CC {number} is both {other_use} and {command}: learn another controller for one of them.",
                    number=number,
                    other_use=other_use,
                    command=target_label(command),
                )
            )
        seen.setdefault(number, target_label(command))
    return found
