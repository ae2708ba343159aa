"""The player's own notes passed on to the output, counted like all others so that none is left hanging.

A key ends what it began, on the channel on which it went out, whatever was set in between.
"""

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Effect, Send


class MidiThru:
    """Notes, controllers, bends and programs go through; clock and transport do not. On the engine's thread."""

    __slots__ = ("_output_channels", "_pedal_channels", "_scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._output_channels: dict[tuple[int, int], int] = {}
        """By the player's channel and pitch, the channel on which the key's note went out."""
        self._pedal_channels: set[int] = set()
        """Channels on which a sustain pedal that is down was passed on."""

    def handle_message(
        self, now_ns: int, data: bytes, message: midi.MidiMessage, output_channel: int | None = None
    ) -> list[Effect]:
        """What is to be sent for a message of the player's; a note goes out on `channel` if one is given."""
        match message:
            case midi.NoteOn(played_on, pitch, velocity):
                to = played_on if output_channel is None else output_channel
                ended = self._release_key(now_ns, played_on, pitch)
                self._output_channels[played_on, pitch] = to
                return [*ended, *self._scheduler.note_on(to, pitch, velocity, now_ns)]
            case midi.NoteOff(played_on, pitch):
                return self._release_key(now_ns, played_on, pitch)
            case midi.ControlChange(played_on, controller, value):
                if controller == midi.SUSTAIN:
                    (self._pedal_channels.add if value >= midi.SWITCH_THRESHOLD else self._pedal_channels.discard)(
                        played_on
                    )
                return [Send(data, now_ns)]
            case midi.OtherChannelMessage():
                return [Send(data, now_ns)]
            case _:
                return []

    def _release_key(self, now_ns: int, input_channel: int, pitch: int) -> list[Effect]:
        to = self._output_channels.pop((input_channel, pitch), None)
        return [] if to is None else [*self._scheduler.note_off(to, pitch, now_ns)]

    def release_pedals(self, now_ns: int) -> list[Effect]:
        """Pedals up; the notes were the agenda's to end."""
        sends = [
            Send(midi.control_change(channel, midi.SUSTAIN, 0), now_ns) for channel in sorted(self._pedal_channels)
        ]
        self._pedal_channels.clear()
        self._output_channels.clear()
        return list(sends)
