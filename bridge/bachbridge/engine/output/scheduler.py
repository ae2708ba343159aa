"""Pending and sounding notes, with the guarantee that every note ends.

Each note is added with its end, so that no note-on is ever without a note-off to come; a later, longer version of the
note only moves that end. Sounding notes are counted per (channel, pitch). The receiver gets one note at a time on each
pair (a second one ends the first before it begins), and the note-off goes out when the last of them ends.
`stop_scheduled` drops pending notes and ends the scheduled notes that sound; `stop_all` ends everything that sounds.
"""

import heapq
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Send

_OFF, _ON = 0, 1
_MAX_LATENESS_NS = 400_000_000
"""A note that is overdue by more than this is left out: sent together, such notes would be a burst of noise."""

NoteKey = Hashable


@dataclass(frozen=True, slots=True)
class ScheduledNote:
    """A note that is pending or sounds, with its beginning and its end."""

    channel: int
    pitch: int
    on_ns: int
    off_ns: int


class Scheduler:
    """The session's part that sends due notes to one output port. Used on the engine's thread only."""

    __slots__ = (
        "_heap",
        "_notes",
        "_off_times_ns",
        "_on_times_ns",
        "_push_count",
        "_sounding_counts",
        "_sounding_keys",
    )

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, NoteKey]] = []
        self._notes: dict[NoteKey, tuple[int, int, int]] = {}
        """(channel, pitch, velocity) of every note that is pending or sounding."""
        self._on_times_ns: dict[NoteKey, int] = {}
        self._off_times_ns: dict[NoteKey, int] = {}
        self._sounding_keys: set[NoteKey] = set()
        """Keys of the scheduled notes that sound."""
        self._sounding_counts: Counter[tuple[int, int]] = Counter()
        self._push_count = 0

    @property
    def deadline(self) -> int | None:
        """When the next message is due (ns), or None."""
        return self._heap[0][0] if self._heap else None

    @property
    def is_empty(self) -> bool:
        """True if no scheduled note is pending or sounds."""
        return not self._notes

    def add_note(self, key: NoteKey, channel: int, pitch: int, velocity: int, on_ns: int, off_ns: int) -> None:
        """Play a note from `on_ns` to `off_ns`; `key` must be new."""
        self._notes[key] = (channel, pitch, velocity)
        self._on_times_ns[key] = on_ns
        self._push(on_ns, _ON, key)
        self.set_note_end(key, off_ns)

    def set_note_end(self, key: NoteKey, off_ns: int) -> None:
        """Move the end of a note, though not before its beginning; one that has ended already stays ended."""
        if key in self._notes:
            off_ns = max(off_ns, self._on_times_ns[key] + 1)
            self._off_times_ns[key] = off_ns
            self._push(off_ns, _OFF, key)

    def cancel_note(self, key: NoteKey, now_ns: int) -> list[Send]:
        """Remove a note: a pending one never begins, a sounding one ends."""
        if key in self._sounding_keys:
            return self._end_note(key, now_ns)
        if key in self._notes:
            del self._notes[key], self._on_times_ns[key], self._off_times_ns[key]
        return []

    def is_sounding(self, key: NoteKey) -> bool:
        return key in self._sounding_keys

    def has_note(self, key: NoteKey) -> bool:
        """Return True if this note is pending or sounds."""
        return key in self._notes

    def notes_between(self, from_ns: int, to_ns: int) -> list[ScheduledNote]:
        """Return the notes that begin before `to_ns` and end after `from_ns`, in no particular order."""
        off_times_ns = self._off_times_ns
        near = [
            (key, on_ns) for key, on_ns in self._on_times_ns.items() if on_ns < to_ns and off_times_ns[key] > from_ns
        ]
        return [ScheduledNote(*self._notes[key][:2], on_ns, off_times_ns[key]) for key, on_ns in near]

    def advance(self, now_ns: int) -> list[Send]:
        """Return the messages due by `now_ns`, in order of time, note-offs before note-ons; leave out late notes."""
        sends: list[Send] = []
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, kind, _, key = heapq.heappop(self._heap)
            if kind == _ON and self._on_times_ns.get(key) == due_ns and key not in self._sounding_keys:
                if now_ns - due_ns > _MAX_LATENESS_NS:
                    self.cancel_note(key, now_ns)
                    continue
                self._sounding_keys.add(key)
                sends += self.note_on(*self._notes[key], due_ns)
            elif kind == _OFF and self._off_times_ns.get(key) == due_ns:
                sends += self._end_note(key, due_ns)
        return sends

    def note_on(self, channel: int, pitch: int, velocity: int, due_ns: int) -> list[Send]:
        """Begin a note that is not scheduled: the player's, passed through, or the accompaniment's."""
        is_repeated = self._sounding_counts[channel, pitch] > 0
        self._sounding_counts[channel, pitch] += 1
        end_first = [Send(midi.note_off(channel, pitch), due_ns)] if is_repeated else []
        return [*end_first, Send(midi.note_on(channel, pitch, velocity), due_ns)]

    def note_off(self, channel: int, pitch: int, due_ns: int) -> list[Send]:
        """End a note that `note_on` began; nothing is sent while another note holds the same channel and pitch."""
        count = self._sounding_counts[channel, pitch]
        if count > 1:
            self._sounding_counts[channel, pitch] -= 1
            return []
        del self._sounding_counts[channel, pitch]
        return [Send(midi.note_off(channel, pitch), due_ns)] if count else []

    def stop_scheduled(self, now_ns: int) -> list[Send]:
        """Drop the pending notes and end the scheduled notes that sound."""
        self._heap.clear()
        ended = [key for key in self._notes if key in self._sounding_keys]
        sends = [send for key in ended for send in self._end_note(key, now_ns)]
        self._notes.clear()
        self._on_times_ns.clear()
        self._off_times_ns.clear()
        return sends

    def stop_all(self, now_ns: int) -> list[Send]:
        """Drop the pending notes and end every note that sounds, scheduled or not."""
        sends = self.stop_scheduled(now_ns)
        sends += [Send(midi.note_off(channel, pitch), now_ns) for channel, pitch in self._sounding_counts]
        self._sounding_counts.clear()
        return sends

    def _push(self, due_ns: int, kind: int, key: NoteKey) -> None:
        self._push_count += 1
        heapq.heappush(self._heap, (due_ns, kind, self._push_count, key))

    def _end_note(self, key: NoteKey, due_ns: int) -> list[Send]:
        channel, pitch, _ = self._notes.pop(key)
        del self._on_times_ns[key], self._off_times_ns[key]
        self._sounding_keys.discard(key)
        return self.note_off(channel, pitch, due_ns)
