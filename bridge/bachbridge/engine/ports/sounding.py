"""Notes that sound at the other end of an output port, judged by the messages that were sent."""

from bachbridge.midi import messages as midi


class SoundingNotes:
    """Notes, pedals and the clock that were begun and not ended. Used on one thread."""

    __slots__ = ("_clock_runs", "_notes", "_pedals")

    def __init__(self) -> None:
        self._notes: dict[tuple[int, int], None] = {}
        """Channel and pitch, in the order in which they began."""
        self._pedals: set[int] = set()
        self._clock_runs = False

    def add_sent(self, data: bytes) -> None:
        """Follow a message that was sent."""
        match midi.decode(data):
            case midi.NoteOn(channel, pitch):
                self._notes[channel, pitch] = None
            case midi.NoteOff(channel, pitch):
                self._notes.pop((channel, pitch), None)
            case midi.ControlChange(channel, midi.SUSTAIN, value):
                (self._pedals.add if value else self._pedals.discard)(channel)
            case midi.Start() | midi.Continue():
                self._clock_runs = True
            case midi.Stop():
                self._clock_runs = False
            case _:
                pass

    def silencing_messages(self) -> list[bytes]:
        """Return the messages that end all of it, and then All Notes Off and All Sound Off on the channels in use."""
        channels = sorted(self._pedals | {channel for channel, _ in self._notes})
        messages = [midi.note_off(channel, pitch) for channel, pitch in self._notes]
        messages += [midi.control_change(channel, midi.SUSTAIN, 0) for channel in sorted(self._pedals)]
        for controller in (midi.ALL_NOTES_OFF, midi.ALL_SOUND_OFF):
            messages += [midi.control_change(channel, controller, 0) for channel in channels]
        return messages + ([midi.STOP] if self._clock_runs else [])
