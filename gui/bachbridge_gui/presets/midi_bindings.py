"""MIDI learn: which controller moves what. Pure: it is fed the player's messages and says what is to be done.

While a target is armed, the first controller that moves is bound to it, on the channel that it came on. Otherwise a
bound controller gives its targets' new values, a command is given when its controller rises above 63, and a program
change calls a preset. Panic, end of phrase, cadence and begin again are bound in the engine's own settings instead, so
that they work without the window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bachbridge.midi.messages import HALF, SUSTAIN, Control, Voiced, decode
from bachbridge.protocol.events import Value
from bachbridge.settings import Settings
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.settings.targets import OWN, scaled, title

_CHANNEL_MODE = 120
"""From this controller number on they are channel mode messages (all notes off …), no knobs."""
_PROGRAM_CHANGE = 0xC0


@dataclass(frozen=True, slots=True)
class Binding:
    """Controller `controller` on `channel` (from 0; None: on any) moves `target`."""

    target: str
    controller: int
    channel: int | None = None

    @property
    def badge(self) -> str:
        """As it is shown on the control."""
        return f"CC {self.controller}"

    def hears(self, channel: int, controller: int) -> bool:
        return controller == self.controller and self.channel in (None, channel)


@dataclass(frozen=True, slots=True)
class Turned:
    """A setting, or a part of one, has a new value (`targets.placed`, `Desk.set`)."""

    target: str
    value: Value


@dataclass(frozen=True, slots=True)
class Pressed:
    """A command is given."""

    command: str


@dataclass(frozen=True, slots=True)
class Called:
    """A preset is called by its program."""

    preset: str


@dataclass(frozen=True, slots=True)
class Bound:
    """What was armed has its controller now."""

    target: str
    controller: int


Action = Turned | Pressed | Called | Bound


@dataclass(slots=True)
class Learning:
    """Used on the window's thread."""

    bindings: tuple[Binding, ...] = ()
    programs: Mapping[int, str] = field(default_factory=dict[int, str])
    """Which preset a program (from 0) calls."""
    models: tuple[str, ...] = ()
    """The models that a controller steps through."""
    armed: str | None = None
    """The target that waits for a controller."""
    _last: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def arm(self, target: str | None) -> None:
        """Bind the next controller that moves to `target`; None: to nothing."""
        self.armed = target

    def forget(self, target: str) -> None:
        """Whatever moved the target does so no longer."""
        self.bindings = tuple(binding for binding in self.bindings if binding.target != target)

    def of(self, target: str) -> Binding | None:
        """The binding of the target, the engine's own left out."""
        return next((binding for binding in self.bindings if binding.target == target), None)

    def take(self, data: bytes) -> list[Action]:
        """One message of the player's, as it came."""
        match decode(data):
            case Control(channel, controller, value):
                before = self._last.get((channel, controller), 0)
                self._last[channel, controller] = value
                if self.armed is None:
                    return self._moved(channel, controller, before, value)
                return self._bind(self.armed, channel, controller)
            case Voiced(message) if message[0] & 0xF0 == _PROGRAM_CHANGE and message[1] in self.programs:
                return [Called(self.programs[message[1]])]
            case _:
                return []

    def _bind(self, target: str, channel: int, controller: int) -> list[Action]:
        if controller >= _CHANNEL_MODE:
            return []
        self.armed = None
        if target in OWN:
            return [Turned(OWN[target], controller), Bound(target, controller)]
        self.forget(target)
        self.bindings = (*self.bindings, Binding(target, controller, channel))
        return [Bound(target, controller)]

    def _moved(self, channel: int, controller: int, before: int, value: int) -> list[Action]:
        actions: list[Action] = []
        for binding in self.bindings:
            if not binding.hears(channel, controller):
                continue
            if binding.target in COMMANDS:
                actions += [Pressed(binding.target)] if before < HALF <= value else []
            else:
                new = scaled(binding.target, value, self.models)
                actions += [] if new is None else [Turned(binding.target, new)]
        return actions

    def conflicts(self, settings: Settings) -> list[str]:
        """What will not do what one thinks, a sentence each."""
        return [*self._doubled(), *self._taken(settings), *_own_doubled(settings)]

    def _doubled(self) -> list[str]:
        found: list[str] = []
        for index, one in enumerate(self.bindings):
            for other in self.bindings[index + 1 :]:
                channels = {one.channel, other.channel}
                if one.controller == other.controller and (len(channels) == 1 or None in channels):
                    pair = f"{title(one.target)} and {title(other.target)}"
                    found.append(f"{one.badge} moves both {pair}: forget one of them.")
        return found

    def _taken(self, settings: Settings) -> list[str]:
        own = {getattr(settings, setting): command for command, setting in OWN.items()}
        found: list[str] = []
        for binding in self.bindings:
            what = _reserved(binding.controller) or (
                title(own[binding.controller]) if binding.controller in own else ""
            )
            if what:
                found.append(
                    f"{binding.badge} moves {title(binding.target)}, but it is also {what}: learn another one."
                )
        return found


def _reserved(controller: int) -> str:
    if controller == SUSTAIN:
        return "the sustain pedal"
    return "a channel mode message" if controller >= _CHANNEL_MODE else ""


def _own_doubled(settings: Settings) -> list[str]:
    """The engine's own controllers among themselves, and on the pedal."""
    found: list[str] = []
    seen: dict[int, str] = {}
    for command, setting in OWN.items():
        number = getattr(settings, setting)
        other = _reserved(number) or seen.get(number, "")
        if number >= 0 and other:
            found.append(f"CC {number} is both {other} and {title(command)}: learn another one for one of them.")
        seen.setdefault(number, title(command))
    return found
