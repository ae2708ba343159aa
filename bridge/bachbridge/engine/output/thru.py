"""MIDI thru: the player's own notes passed on to the output, counted like all others so that none is left hanging.

A key ends the note that it began on the channel on which that went out, even if settings changed in between.
"""

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Effect, Send


class MidiThru:
    """Passes on notes, controllers, bends and programs, not clock and transport. Used on the engine's thread only."""

    __slots__ = ("_output_channels", "_pedal_channels", "_scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._output_channels: dict[tuple[int, int], int] = {}
        """Channel on which the note of a key (the player's channel, pitch) went out."""
        self._pedal_channels: set[int] = set()
        """Channels on which the sustain pedal is down at the output."""

    def handle_message(
        self, now_ns: int, data: bytes, message: midi.MidiMessage, output_channel: int | None = None
    ) -> list[Effect]:
        """Return the messages to send for one of the player's; notes go out on `output_channel` if it is given."""
        match message:
            case midi.NoteOn(channel, pitch, velocity):
                to_channel = channel if output_channel is None else output_channel
                released = self._release_key(now_ns, channel, pitch)
                self._output_channels[channel, pitch] = to_channel
                return [*released, *self._scheduler.note_on(to_channel, pitch, velocity, now_ns)]
            case midi.NoteOff(channel, pitch):
                return self._release_key(now_ns, channel, pitch)
            case midi.ControlChange(channel, midi.SUSTAIN, value) if value >= midi.SWITCH_THRESHOLD:
                self._pedal_channels.add(channel)
                return [Send(data, now_ns)]
            case midi.ControlChange(channel, midi.SUSTAIN, _):
                self._pedal_channels.discard(channel)
                return [Send(data, now_ns)]
            case midi.ControlChange(channel, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF):
                return [*self._release_keys(now_ns, channel), Send(data, now_ns)]
            case midi.ControlChange() | midi.OtherChannelMessage():
                return [Send(data, now_ns)]
            case _:
                return []

    def _release_key(self, now_ns: int, input_channel: int, pitch: int) -> list[Effect]:
        channel = self._output_channels.pop((input_channel, pitch), None)
        return [] if channel is None else [*self._scheduler.note_off(channel, pitch, now_ns)]

    def _release_keys(self, now_ns: int, input_channel: int) -> list[Effect]:
        pitches = [pitch for channel, pitch in self._output_channels if channel == input_channel]
        return [send for pitch in pitches for send in self._release_key(now_ns, input_channel, pitch)]

    def holds_pedal(self, channel: int) -> bool:
        """Return True if the player's pedal is down on this channel (from 0) of the output."""
        return channel in self._pedal_channels

    def release_pedals(self, now_ns: int) -> list[Effect]:
        """Release all pedals, and forget the keys after the scheduler has ended all notes."""
        sends = [
            Send(midi.control_change(channel, midi.SUSTAIN, 0), now_ns) for channel in sorted(self._pedal_channels)
        ]
        self._pedal_channels.clear()
        self._output_channels.clear()
        return list(sends)
