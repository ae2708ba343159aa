"""Notes of the player's that are left out because too many wait: as wholes, and counted.

The engine handles some hundred to some thousand notes a second. If more come, those that have waited too long would
sound late and make all later ones later. Their note-ons are left out; a note-off counts if its key sounds. A few notes
that wait are never left out, since an ordinary moment of delay must not cost a chord; nor is anything that ends a note.
"""

from bachbridge.midi import messages as midi

_MAX_WAIT_NS = 3_000_000
"""Longest time that a note may have waited, if many messages wait."""
_MANY = 24
"""With fewer messages waiting than a full chord and the end of the one before have, no note is left out."""
_MAX_AGE_NS = 400_000_000
"""Older note-ons are left out in any case: the process was suspended."""
_TOO_MANY = 1024
"""If so many messages wait, controllers and bends are left out too."""


class FloodGate:
    """The player's messages that are to be handled. Used on the engine's thread only."""

    __slots__ = ("_down", "_shed", "shed_count")

    def __init__(self) -> None:
        self._down: set[tuple[int, int]] = set()
        """Channel and pitch of the keys that are down and counted."""
        self._shed: set[tuple[int, int]] = set()
        """Channel and pitch of the keys that are down and were left out."""
        self.shed_count = 0
        """Number of notes left out so far."""

    def admits(self, data: bytes, waited_ns: int, waiting_count: int) -> bool:
        """Return True if a message is to be handled that has waited for `waited_ns` before `waiting_count` others."""
        match midi.decode(data):
            case midi.NoteOn(channel, pitch):
                place = channel, pitch
                if waited_ns > _MAX_AGE_NS or (waited_ns > _MAX_WAIT_NS and waiting_count >= _MANY):
                    self._shed.add(place)
                    self.shed_count += 1
                    return False
                self._shed.discard(place)
                self._down.add(place)
                return True
            case midi.NoteOff(channel, pitch):
                place = channel, pitch
                was_shed = place in self._shed and place not in self._down
                self._shed.discard(place)
                self._down.discard(place)
                return not was_shed
            case midi.ControlChange() | midi.OtherChannelMessage() | midi.InvalidMessage():
                return waiting_count < _TOO_MANY or midi.is_essential(data)
            case _:
                return True
