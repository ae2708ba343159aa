"""A simulated synthesizer at the other end of the cable, for tests in virtual time and on real ports."""

from dataclasses import dataclass, field

from bachbridge.midi import messages as midi


@dataclass
class Receiver:
    """A synthesizer that tracks its sounding notes, and allows one note at a time on each (channel, pitch)."""

    sounding: set[tuple[int, int]] = field(default_factory=set)
    pedals: set[int] = field(default_factory=set)

    def receive(self, data: bytes) -> None:
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, _):
                assert (channel, pitch) not in self.sounding, "a second note-on without a note-off in between"
                self.sounding.add((channel, pitch))
            case midi.NoteOff(channel, pitch):
                self.sounding.discard((channel, pitch))
            case midi.ControlChange(channel, midi.SUSTAIN, value):
                (self.pedals.add if value >= 64 else self.pedals.discard)(channel)
            case _:
                pass
