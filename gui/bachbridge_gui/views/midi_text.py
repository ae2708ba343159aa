"""The monitor's text for MIDI messages. Channels are counted from 1 here."""

from bachbridge.midi import messages as midi
from bachbridge.music.notes import pitch_name
from bachbridge_gui.translation import tr, translatable

_CONTROLLERS = {
    64: translatable("sustain pedal"),
    1: translatable("modulation wheel"),
    7: translatable("volume"),
    120: translatable("all sound off"),
    123: translatable("all notes off"),
}


def describe_midi(data: bytes) -> str | None:
    """Return the text of a MIDI message; None for clock pulses and the like."""
    match midi.decode(data):
        case midi.NoteOn(channel, pitch, velocity):
            return tr(
                "note on   {note} velocity {velocity}, channel {channel}",
                note=_pitch_column(pitch),
                velocity=velocity,
                channel=channel + 1,
            )
        case midi.NoteOff(channel, pitch):
            return tr("note off  {note} channel {channel}", note=_pitch_column(pitch), channel=channel + 1)
        case midi.ControlChange(channel, controller, value):
            return _describe_control_change(channel, controller, value)
        case midi.OtherChannelMessage(raw):
            return _describe_channel_message(raw)
        case midi.Start():
            return tr("start")
        case midi.Continue():
            return tr("continue")
        case midi.Stop():
            return tr("stop")
        case midi.SongPosition(step):
            return tr("song position {count} sixteenths", count=step)
        case midi.OtherSystemMessage() if data[0] == 0xF0:
            return tr("system exclusive, {count} bytes", count=len(data))
        case midi.ClockPulse() | midi.OtherSystemMessage():
            return None
        case midi.InvalidMessage():
            return tr("damaged message: {bytes}", bytes=data.hex(" ") or tr("no bytes"))


def _describe_control_change(channel: int, controller: int, value: int) -> str:
    name = tr("control {number}", number=controller)
    if controller in _CONTROLLERS:
        name = f"{tr(_CONTROLLERS[controller])} ({name})"
    return tr("{name} = {value}, channel {channel}", name=name, value=value, channel=channel + 1)


def _describe_channel_message(data: bytes) -> str:
    """Return the text of a complete program change, pitch bend or aftertouch."""
    from mido import Message as MidoMessage  # mido takes 60 ms to load

    message = MidoMessage.from_bytes(data)
    channel = message.channel + 1
    match message.type:
        case "program_change":
            return tr("program change {number}, channel {channel}", number=message.program + 1, channel=channel)
        case "pitchwheel":
            return tr("pitch bend {bend:+d}, channel {channel}", bend=message.pitch, channel=channel)
        case "polytouch":
            return tr(
                "aftertouch {note} = {value}, channel {channel}",
                note=_pitch_column(message.note),
                value=message.value,
                channel=channel,
            )
        case _:
            return tr("channel pressure = {value}, channel {channel}", value=message.value, channel=channel)


def _pitch_column(pitch: int) -> str:
    return f"{f'{pitch_name(pitch)} ({pitch})':<10}"
