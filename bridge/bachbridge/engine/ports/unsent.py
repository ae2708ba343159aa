"""Messages for which there was no room: notes are left out as wholes, and what ends something is sent later.

A pipe, or rtmidi's buffer for JACK, may be full in a flood or while the reader stands still. A note-on that finds no
room is never sent, and is counted. A note-off, a pedal or a message of the transport is kept until there is room.
"""

from bachbridge.midi import messages as midi


class UnsentMessages:
    """The messages that are kept, and the number of notes left out. Used on one thread at a time."""

    __slots__ = ("_kept", "shed_count")

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        """One message for each key, pedal and kind, in the order in which they came."""
        self.shed_count = 0
        """Number of notes left out so far."""

    def __bool__(self) -> bool:
        """Return True if a message is kept."""
        return bool(self._kept)

    def add(self, data: bytes) -> None:
        """Keep a message, or leave it out; there was no room for it."""
        if isinstance(midi.decode(data), midi.NoteOn):
            self.shed_count += 1
        elif midi.is_essential(data):
            place = data[:2]
            self._kept.pop(place, None)
            self._kept[place] = data

    def pop_all(self) -> list[bytes]:
        """Return the messages that were kept, and forget them."""
        kept, self._kept = self._kept, {}
        return [*kept.values()]
