"""Which notes of a growing list are visible, and which of them changed since the last look.

The list is only appended to and trimmed at the front, and a note changes once: when it ends. So a look at what is new
costs no more than what is new, and finding the visible ones is a search by bisection; `longest_ns` says how far before
the left edge a note may begin that reaches into view. Notes that came a little late may stand a little out of order.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter

from bachbridge_gui.state.view_types import RollNote

_ORDER_SLACK_NS = 1_000_000_000
_START = attrgetter("start_ns")


class NoteIndex:
    """What the roll knows of a list of notes."""

    def __init__(self) -> None:
        self.sounding: list[RollNote] = []
        """Notes that sound."""
        self.last_end_ns: int | None = None
        """When the latest note that has ended did so."""
        self._longest_note_ns = 0
        self._last_seen: RollNote | None = None

    def update(self, notes: Sequence[RollNote]) -> list[RollNote] | None:
        """Notes that are as they will be from now on; None where the list is another than it was."""
        fresh: list[RollNote] = []
        for note in reversed(notes):
            if note is self._last_seen:
                break
            fresh.append(note)
        else:
            if self._last_seen is not None:
                self.__init__()
                self.update(notes)
                return None
        if not fresh and not self.sounding:
            return fresh
        self._last_seen = notes[-1] if notes else None
        ended: list[RollNote] = []
        sounding: list[RollNote] = []
        for note in (*self.sounding, *reversed(fresh)):
            (sounding if note.end_ns is None else ended).append(note)
        self.sounding = sounding
        for note in ended:
            end_ns = note.end_ns or 0
            self._longest_note_ns = max(self._longest_note_ns, end_ns - note.start_ns)
            self.last_end_ns = max(self.last_end_ns or end_ns, end_ns)
        return ended

    def ended_between(self, notes: Sequence[RollNote], from_ns: int, to_ns: int) -> list[RollNote]:
        """Those that have ended and sounded between two times."""
        first = bisect_left(notes, from_ns - self._longest_note_ns - _ORDER_SLACK_NS, key=_START)
        last = bisect_right(notes, to_ns + _ORDER_SLACK_NS, key=_START)
        return [
            note
            for note in notes[first:last]
            if note.end_ns is not None and note.end_ns > from_ns and note.start_ns < to_ns
        ]
