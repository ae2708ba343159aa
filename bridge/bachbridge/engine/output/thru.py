"""The player's own notes passed on to the output, counted like all others so that none is left hanging.

A key ends what it began, on the channel on which it went out, whatever was set in between.
"""

from bachbridge.engine.output.scheduler import Agenda
from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Effect, Send


class Thru:
    """Notes, controllers, bends and programs go through; clock and transport do not. On the engine's thread."""

    __slots__ = ("_agenda", "_down", "_pedals")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._down: dict[tuple[int, int], int] = {}
        """By the player's channel and pitch, the channel on which the key's note went out."""
        self._pedals: set[int] = set()
        """Channels on which a sustain pedal that is down was passed on."""

    def take(self, now_ns: int, data: bytes, meaning: midi.Meaning, channel: int | None = None) -> list[Effect]:
        """What is to be sent for a message of the player's; a note goes out on `channel` if one is given."""
        match meaning:
            case midi.NoteOn(played_on, pitch, velocity):
                to = played_on if channel is None else channel
                ended = self._up(now_ns, played_on, pitch)
                self._down[played_on, pitch] = to
                return [*ended, *self._agenda.strike(to, pitch, velocity, now_ns)]
            case midi.NoteOff(played_on, pitch):
                return self._up(now_ns, played_on, pitch)
            case midi.Control(played_on, controller, value):
                if controller == midi.SUSTAIN:
                    (self._pedals.add if value >= midi.HALF else self._pedals.discard)(played_on)
                return [Send(data, now_ns)]
            case midi.Voiced():
                return [Send(data, now_ns)]
            case _:
                return []

    def _up(self, now_ns: int, played_on: int, pitch: int) -> list[Effect]:
        to = self._down.pop((played_on, pitch), None)
        return [] if to is None else [*self._agenda.release(to, pitch, now_ns)]

    def lift(self, now_ns: int) -> list[Effect]:
        """Pedals up; the notes were the agenda's to end."""
        sends = [Send(midi.control(channel, midi.SUSTAIN, 0), now_ns) for channel in sorted(self._pedals)]
        self._pedals.clear()
        self._down.clear()
        return list(sends)
