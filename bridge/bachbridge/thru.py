"""The player's own notes passed on to the output, counted like all others so that none is left hanging."""

from bachbridge import midi
from bachbridge.agenda import Agenda
from bachbridge.events import Effect, Send


class Thru:
    """Notes, controllers, bends and programs go through; clock and transport do not. On the engine's thread."""

    __slots__ = ("_agenda", "_pedals")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._pedals: set[int] = set()
        """Channels on which a sustain pedal that is down was passed on."""

    def take(self, now_ns: int, data: bytes, meaning: midi.Meaning) -> list[Effect]:
        """What is to be sent for a message of the player's."""
        match meaning:
            case midi.NoteOn(channel, pitch, velocity):
                return list(self._agenda.strike(channel, pitch, velocity, now_ns))
            case midi.NoteOff(channel, pitch):
                return list(self._agenda.release(channel, pitch, now_ns))
            case midi.Control(channel, controller, value):
                if controller == midi.SUSTAIN:
                    (self._pedals.add if value >= midi.HALF else self._pedals.discard)(channel)
                return [Send(data, now_ns)]
            case midi.Voiced():
                return [Send(data, now_ns)]
            case _:
                return []

    def lift(self, now_ns: int) -> list[Effect]:
        """Pedals up; the notes are the agenda's to end."""
        sends = [Send(midi.control(channel, midi.SUSTAIN, 0), now_ns) for channel in sorted(self._pedals)]
        self._pedals.clear()
        return list(sends)
