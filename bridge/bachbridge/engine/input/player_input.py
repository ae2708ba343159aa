"""The input stage: all of the player's messages pass it before a mode handles them.

A message comes out as none, one or several `RoutedMessage`s, each with the role of the hand that it belongs to. Notes
that do not count, such as those on ignored channels, come out in the role "none", for MIDI thru. Pitches are transposed
and velocities shaped. A key ends the note that it began, in its role and pitch, even if settings changed in between.
"""

from dataclasses import dataclass
from typing import Literal

from bachbridge.engine.input.held_keys import HeldKey, HeldKeys, Role
from bachbridge.engine.input.latch import Latch
from bachbridge.engine.input.note_shaping import shape_velocity, transpose_pitch
from bachbridge.engine.input.roles import InputRoles
from bachbridge.midi import messages as midi
from bachbridge.settings import Settings

Holder = Literal["key", "pedal", "latch"]
"""The thing that holds notes after their keys went up."""


@dataclass(frozen=True, slots=True)
class RoutedMessage:
    """A message of the player and the hand that it belongs to."""

    message: midi.MidiMessage
    role: Role = "melody"
    is_new: bool = True
    """False if nothing happens on the keyboard: a key that is down counts as the other hand's from now on."""


class PlayerInput:
    """The input stage. Used on the engine's thread only."""

    __slots__ = ("_channels", "_held", "_latch", "_pedals", "_roles")

    def __init__(self) -> None:
        self._roles, self._held, self._latch = InputRoles(), HeldKeys(), Latch()
        self._channels: dict[tuple[Role, int], int] = {}
        """Channel on which each note that sounds was passed on: another keyboard may release it."""
        self._pedals: set[int] = set()
        """Channels on which the sustain pedal is down."""

    @property
    def left_pitches(self) -> list[int]:
        """Pitches of the keys that the left hand holds."""
        return [*self._held.pitches("left"), *self._latch.pitches("left")]

    @property
    def is_pedal_down(self) -> bool:
        return bool(self._pedals)

    @property
    def holder(self) -> Holder | None:
        """The thing that holds notes: a key, or else the pedal or the latch; None if nothing is held."""
        if self._held.has_counted_keys:
            return "key"
        if self._pedals:
            return "pedal"
        return "latch" if self._latch.pitches("melody") or self._latch.pitches("left") else None

    def reset(self) -> None:
        """Forget the keys and pedals that are down; what was learnt of the split point stays."""
        self._held.clear()
        self._latch.release()
        self._channels.clear()
        self._pedals.clear()

    def handle_message(self, now_ns: int, message: midi.MidiMessage, settings: Settings) -> list[RoutedMessage]:
        """Return what the message comes to."""
        match message:
            case midi.NoteOn():
                return self._note_on(now_ns, message, settings)
            case midi.NoteOff(channel, pitch):
                return self._note_off(channel, pitch, settings)
            case midi.ControlChange(channel) if not _counts(channel, settings):
                return [RoutedMessage(message, "none")]
            case midi.ControlChange(_, midi.SUSTAIN, _):
                return [self._move_pedal(message)]
            case midi.ControlChange(_, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                return self._release_channel(message)
            case _:
                return [RoutedMessage(message)]

    def release_latch(self) -> list[RoutedMessage]:
        """Let go of the latched keys."""
        return [self._end_note(key) for key in self._latch.release()]

    # ------------------------------------------------------------ notes

    def _note_on(self, now_ns: int, message: midi.NoteOn, settings: Settings) -> list[RoutedMessage]:
        channel, received = message.channel, message.pitch
        pitch = transpose_pitch(received, settings.transpose)
        struck_again = self._held.release(channel, received)
        role = self._roles.role_of(channel, pitch, self._held, settings)
        key = HeldKey(pitch if role != "none" else received, role, now_ns)
        routed: list[RoutedMessage] = []
        if struck_again and (struck_again.role, struck_again.pitch) != (role, key.pitch):
            routed.append(self._end_note(struck_again))
        is_first = self._held.press(channel, received, key)
        if role == "none":
            return [*routed, RoutedMessage(message, "none")]
        if not is_first:
            return routed
        if settings.latch:
            routed += [self._end_note(kept) for kept in self._latch.press(key)]
        velocity = shape_velocity(message.velocity, settings.velocity_exponent)
        passed_on = self._channels.setdefault((role, pitch), channel)
        routed.append(RoutedMessage(midi.NoteOn(passed_on, pitch, velocity), role))
        return routed + self._move_keys(settings)

    def _move_keys(self, settings: Settings) -> list[RoutedMessage]:
        """Let keys that counted as melody belong to the left hand, if they now are among the lowest."""
        routed: list[RoutedMessage] = []
        for pitch in self._roles.keys_to_move(self._held, settings):
            self._held.change_role(pitch, "left")
            channel = self._channels.pop(("melody", pitch), 0)
            self._channels["left", pitch] = channel
            routed.append(RoutedMessage(midi.NoteOff(channel, pitch), "melody", is_new=False))
        return routed

    def _note_off(self, channel: int, received: int, settings: Settings) -> list[RoutedMessage]:
        if not self._held.is_known(channel, received):
            return self._unknown_note_off(channel, received, settings)
        key = self._held.release(channel, received)
        if key is None:
            return []
        if key.role == "none":
            return [RoutedMessage(midi.NoteOff(channel, key.pitch), "none")]
        return [] if settings.latch and self._latch.keep(key) else [self._end_note(key)]

    def _unknown_note_off(self, channel: int, received: int, settings: Settings) -> list[RoutedMessage]:
        """Pass on the end of a note that began before a reset, unless another keyboard holds it."""
        pitch = transpose_pitch(received, settings.transpose)
        if self._held.is_held(pitch, "melody") or self._held.is_held(pitch, "left"):
            return []
        is_latched = pitch in (*self._latch.pitches("melody"), *self._latch.pitches("left"))
        role: Role = "melody" if _counts(channel, settings) else "none"
        return [] if is_latched else [RoutedMessage(midi.NoteOff(channel, pitch), role)]

    def _end_note(self, key: HeldKey) -> RoutedMessage:
        channel = self._channels.pop((key.role, key.pitch), 0)
        return RoutedMessage(midi.NoteOff(channel, key.pitch), key.role)

    # ------------------------------------------------------------ pedals and All Notes Off

    def _move_pedal(self, message: midi.ControlChange) -> RoutedMessage:
        """Pass on a pedal's move, unless it is lifted while another keyboard's is down."""
        if message.value >= midi.SWITCH_THRESHOLD:
            self._pedals.add(message.channel)
            return RoutedMessage(message)
        self._pedals.discard(message.channel)
        return RoutedMessage(message, "none" if self._pedals else "melody")

    def _release_channel(self, message: midi.ControlChange) -> list[RoutedMessage]:
        """Release the keys of a channel; if none is left, the message is passed on as it is."""
        released = [key for key in self._held.release_channel(message.channel) if key.role != "none"]
        released += self._latch.release()
        ends = [self._end_note(key) for key in released]
        if not self._held.has_counted_keys:
            return [RoutedMessage(message)]
        return [*ends, RoutedMessage(message, "none")]


def _counts(channel: int, settings: Settings) -> bool:
    """Return True if controllers on the channel (from 0) count."""
    if settings.hands == "channels" and channel + 1 not in (settings.melody_channel, settings.chord_channel):
        return False
    return channel + 1 not in settings.ignored_channel_numbers
