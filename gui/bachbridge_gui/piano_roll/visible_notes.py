"""An index of a growing list of notes: which of them are visible, and which changed since the last update.

The list is only appended to and trimmed at the front, and a note changes once: when it ends. So an update costs no more
than the number of new notes, and the visible notes are found by bisection. The length of the longest note says how far
before the left edge a note may begin and still reach into view. Notes that arrived late may be slightly out of order.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter

from bachbridge_gui.state.view_types import RollNote

_ORDER_SLACK_NS = 1_000_000_000
"""Notes are out of order by at most this time."""
_start_ns = attrgetter("start_ns")


class NoteIndex:
    """The sounding notes of a list, and where to find those that have ended."""

    def __init__(self) -> None:
        self.sounding: list[RollNote] = []
        self.last_end_ns: int | None = None
        """Time of the last end of a note."""
        self._longest_note_ns = 0
        self._last_seen: RollNote | None = None

    def update(self, notes: Sequence[RollNote]) -> list[RollNote] | None:
        """Return the notes that have ended since the last update; None if the list has been replaced by another one."""
        new_notes: list[RollNote] = []
        for note in reversed(notes):
            if note is self._last_seen:
                break
            new_notes.append(note)
        else:
            if self._last_seen is not None:
                self.__init__()
                self.update(notes)
                return None
        if not new_notes and not self.sounding:
            return new_notes
        self._last_seen = notes[-1] if notes else None
        ended: list[RollNote] = []
        sounding: list[RollNote] = []
        for note in (*self.sounding, *reversed(new_notes)):
            (sounding if note.end_ns is None else ended).append(note)
        self.sounding = sounding
        for note in ended:
            end_ns = note.end_ns or 0
            self._longest_note_ns = max(self._longest_note_ns, end_ns - note.start_ns)
            self.last_end_ns = max(self.last_end_ns or end_ns, end_ns)
        return ended

    def ended_between(self, notes: Sequence[RollNote], from_ns: int, to_ns: int) -> list[RollNote]:
        """Return the ended notes that sounded between two times."""
        first = bisect_left(notes, from_ns - self._longest_note_ns - _ORDER_SLACK_NS, key=_start_ns)
        last = bisect_right(notes, to_ns + _ORDER_SLACK_NS, key=_start_ns)
        return [
            note
            for note in notes[first:last]
            if note.end_ns is not None and note.end_ns > from_ns and note.start_ns < to_ns
        ]
