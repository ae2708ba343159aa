"""MIDI messages and their bytes (MIDI 1.0 Detailed Specification, 4.2.1, M.M.A. 1996).

`decode` never raises, because the player's bytes come from other people's programs: a message that makes no sense
becomes an `InvalidMessage`, which is counted. A note-on of velocity 0 is a note-off, as the specification says.
"""

from dataclasses import dataclass
from functools import lru_cache

SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123
SWITCH_THRESHOLD = 64
"""A switch, such as a pedal, is on from this controller value upwards."""


@dataclass(frozen=True, slots=True)
class NoteOn:
    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class NoteOff:
    channel: int
    pitch: int


@dataclass(frozen=True, slots=True)
class ControlChange:
    channel: int
    controller: int
    value: int


@dataclass(frozen=True, slots=True)
class OtherChannelMessage:
    """A channel message that only thru passes on: pitch bend, aftertouch or program change."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ClockPulse:
    """One of 24 pulses to the quarter note."""


@dataclass(frozen=True, slots=True)
class Start:
    pass


@dataclass(frozen=True, slots=True)
class Continue:
    pass


@dataclass(frozen=True, slots=True)
class Stop:
    pass


@dataclass(frozen=True, slots=True)
class SongPosition:
    """Position in 16ths since the song's start, in force from the next Start or Continue."""

    step: int


@dataclass(frozen=True, slots=True)
class OtherSystemMessage:
    """A system message that is not used: system exclusive, active sensing, tuning …"""


@dataclass(frozen=True, slots=True)
class InvalidMessage:
    """Bytes that are not exactly one complete MIDI message."""


MidiMessage = (
    NoteOn
    | NoteOff
    | ControlChange
    | OtherChannelMessage
    | ClockPulse
    | Start
    | Continue
    | Stop
    | SongPosition
    | OtherSystemMessage
    | InvalidMessage
)

_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_TRANSPORT: dict[int, MidiMessage] = {0xF8: ClockPulse(), 0xFA: Start(), 0xFB: Continue(), 0xFC: Stop()}


@lru_cache(maxsize=4096)
def decode(data: bytes) -> MidiMessage:
    """Return the message that the bytes stand for; never raises."""
    if not data or data[0] < 0x80:
        return InvalidMessage()
    return _decode_system(data) if data[0] >= 0xF0 else _decode_channel(data)


def _decode_channel(data: bytes) -> MidiMessage:
    kind, channel = data[0] & 0xF0, data[0] & 0x0F
    if len(data) != 1 + _DATA_BYTES[kind] or any(byte > 127 for byte in data[1:]):
        return InvalidMessage()
    match kind:
        case 0x90 if data[2] > 0:
            return NoteOn(channel, data[1], data[2])
        case 0x80 | 0x90:
            return NoteOff(channel, data[1])
        case 0xB0:
            return ControlChange(channel, data[1], data[2])
        case _:
            return OtherChannelMessage(data)


def _decode_system(data: bytes) -> MidiMessage:
    if data[0] == 0xF2:
        is_complete = len(data) == 3 and max(data[1:]) < 128
        return SongPosition(data[1] | data[2] << 7) if is_complete else InvalidMessage()
    if data[0] in _TRANSPORT:
        return _TRANSPORT[data[0]] if len(data) == 1 else InvalidMessage()
    return OtherSystemMessage()


def is_essential(data: bytes) -> bool:
    """Return True for a message that may never be left out: without it something would sound or run on for ever."""
    match decode(data):
        case NoteOff() | Start() | Continue() | Stop():
            return True
        case ControlChange(_, controller, _):
            return controller == SUSTAIN or controller >= ALL_SOUND_OFF
        case _:
            return False


CLOCK_PULSE, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
"""The bytes of the messages that run a sequencer."""
MAX_SONG_POSITION = (1 << 14) - 1


def song_position(step: int) -> bytes:
    """Return the bytes of a song position in 16ths, from 0 to `MAX_SONG_POSITION`."""
    return bytes((0xF2, step & 127, step >> 7))


def note_on(channel: int, pitch: int, velocity: int) -> bytes:
    """Return the bytes of a note-on."""
    return bytes((0x90 | channel, pitch, velocity))


def note_off(channel: int, pitch: int) -> bytes:
    """Return the bytes of a note-off with velocity 0."""
    return bytes((0x80 | channel, pitch, 0))


def control_change(channel: int, controller: int, value: int) -> bytes:
    """Return the bytes of a control change."""
    return bytes((0xB0 | channel, controller, value))


def program_change(channel: int, number: int) -> bytes:
    """Return the bytes of a program change; `number` is the General MIDI program, from 0."""
    return bytes((0xC0 | channel, number))


def panic_messages() -> list[bytes]:
    """Return the messages that release the pedal and end all notes and all sound, on every channel."""
    messages = ((SUSTAIN, 0), (ALL_NOTES_OFF, 0), (ALL_SOUND_OFF, 0))
    return [control_change(channel, number, value) for channel in range(16) for number, value in messages]
