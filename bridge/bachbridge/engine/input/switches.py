"""Switch controllers: pads, pedals and knobs that give a command, once per press."""

from typing import Literal

from bachbridge.midi import messages as midi
from bachbridge.settings import Settings

_BOUNCE_NS = 50_000_000
"""A second press within this time is the first one's: a switch that bounces."""

Command = Literal["panic", "tap", "start", "end", "cadence", "reset"]
_COMMANDS: tuple[Command, ...] = ("panic", "tap", "start", "end", "cadence", "reset")
"""Each has a setting that names its controller. If two name the same one, the earlier command counts."""


class PressDetector:
    """Presses of one controller: some pads send 127 and 0, others only 127, and a knob sends every value between.

    A press begins where the value rises to `SWITCH_THRESHOLD`, or where a high value comes again: a knob that is turned
    never sends a value twice.
    """

    __slots__ = ("_last_high_ns", "_value")

    def __init__(self) -> None:
        self._last_high_ns: int | None = None
        """When the controller last had a value of a switch that is on."""
        self._value = 0

    def is_press(self, now_ns: int, value: int) -> bool:
        """Return True if this value of the controller begins a press."""
        before, self._value = self._value, value
        if value < midi.SWITCH_THRESHOLD:
            return False
        before_ns, self._last_high_ns = self._last_high_ns, now_ns
        if before >= midi.SWITCH_THRESHOLD and value != before:
            return False
        return before_ns is None or now_ns - before_ns >= _BOUNCE_NS


class Switches:
    """All controllers that give commands. Used on the engine's thread only."""

    __slots__ = ("_detectors",)

    def __init__(self) -> None:
        self._detectors: dict[int, PressDetector] = {}
        """The detector of each controller; a keyboard may send the same press on several channels."""

    def command_of(self, message: midi.ControlChange, settings: Settings) -> Command | None:
        """Return the command that the message's controller gives when it is pressed; None for any other controller."""
        controller = message.controller
        return next((name for name in _COMMANDS if getattr(settings, f"{name}_control") == controller), None)

    def is_press(self, now_ns: int, message: midi.ControlChange) -> bool:
        """Return True if the message begins a press of its controller."""
        detector = self._detectors.setdefault(message.controller, PressDetector())
        return detector.is_press(now_ns, message.value)
