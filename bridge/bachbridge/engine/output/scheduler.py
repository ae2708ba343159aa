"""What is still to be sent, and what sounds: the guarantee that every note ends.

Each note enters with its end, so that there is never a note-on without a note-off to come; a later, longer
version of the note only moves that end. Sounding notes are counted per (channel, pitch): the receiver is shown one
note at a time on each pair (a second one ends the first before it begins), and the note-off goes out when the last of
them ends. `hush` drops what is pending and ends what the agenda began; `silence` ends everything that sounds.
"""

import heapq
from collections import Counter
from collections.abc import Hashable

from bachbridge.midi import messages as midi
from bachbridge.protocol.events import Send

_OFF, _ON = 0, 1

Key = Hashable


class Agenda:
    """Pending and sounding notes of one output port. Used on the engine's thread only; knows no clock."""

    __slots__ = ("_begins", "_begun", "_ends", "_heap", "_notes", "_order", "_sounding")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Key]] = []
        self._notes: dict[Key, tuple[int, int, int]] = {}
        """(channel, pitch, velocity) of every note that is pending or sounding."""
        self._begins: dict[Key, int] = {}
        self._ends: dict[Key, int] = {}
        self._begun: set[Key] = set()
        """Those of them that sound."""
        self._sounding: Counter[tuple[int, int]] = Counter()
        self._order = 0

    @property
    def deadline(self) -> int | None:
        """When the next message is due (ns), or None."""
        return self._heap[0][0] if self._heap else None

    @property
    def empty(self) -> bool:
        """Whether nothing is pending or sounding on the agenda's own account."""
        return not self._notes

    def add(self, key: Key, channel: int, pitch: int, velocity: int, on_ns: int, off_ns: int) -> None:
        """Play a note from `on_ns` to `off_ns`; `key` must be new."""
        self._notes[key] = (channel, pitch, velocity)
        self._begins[key] = on_ns
        self._push(on_ns, _ON, key)
        self.end(key, off_ns)

    def end(self, key: Key, off_ns: int) -> None:
        """Move the end of a note, though not before its beginning; one that has ended already stays ended."""
        if key in self._notes:
            off_ns = max(off_ns, self._begins[key] + 1)
            self._ends[key] = off_ns
            self._push(off_ns, _OFF, key)

    def cancel(self, key: Key, now_ns: int) -> list[Send]:
        """Take a note back: what is pending never begins, what sounds ends."""
        if key in self._begun:
            return self._finish(key, now_ns)
        if key in self._notes:
            del self._notes[key], self._begins[key], self._ends[key]
        return []

    def begun(self, key: Key) -> bool:
        """Whether this note sounds."""
        return key in self._begun

    def holds(self, key: Key) -> bool:
        """Whether this note is pending or sounds."""
        return key in self._notes

    def due(self, now_ns: int) -> list[Send]:
        """Take what is due by `now_ns`, in order of time, ends before beginnings."""
        sends: list[Send] = []
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, kind, _, key = heapq.heappop(self._heap)
            if kind == _ON and self._begins.get(key) == due_ns and key not in self._begun:
                self._begun.add(key)
                sends += self.strike(*self._notes[key], due_ns)
            elif kind == _OFF and self._ends.get(key) == due_ns:
                sends += self._finish(key, due_ns)
        return sends

    def strike(self, channel: int, pitch: int, velocity: int, due_ns: int) -> list[Send]:
        """Begin a note now, outside the agenda's schedule (the player's own, passed through)."""
        again = self._sounding[channel, pitch] > 0
        self._sounding[channel, pitch] += 1
        first = [Send(midi.note_off(channel, pitch), due_ns)] if again else []
        return [*first, Send(midi.note_on(channel, pitch, velocity), due_ns)]

    def release(self, channel: int, pitch: int, due_ns: int) -> list[Send]:
        """End a note that `strike` began; nothing is sent while another one holds the same key."""
        count = self._sounding[channel, pitch]
        if count > 1:
            self._sounding[channel, pitch] -= 1
            return []
        del self._sounding[channel, pitch]
        return [Send(midi.note_off(channel, pitch), due_ns)] if count else []

    def hush(self, now_ns: int) -> list[Send]:
        """Forget what is pending and end the agenda's own sounding notes."""
        self._heap.clear()
        ended = [key for key in self._notes if key in self._begun]
        sends = [send for key in ended for send in self._finish(key, now_ns)]
        self._notes.clear()
        self._begins.clear()
        self._ends.clear()
        return sends

    def silence(self, now_ns: int) -> list[Send]:
        """Forget what is pending and end every note that sounds, whoever began it."""
        sends = self.hush(now_ns)
        sends += [Send(midi.note_off(channel, pitch), now_ns) for channel, pitch in self._sounding]
        self._sounding.clear()
        return sends

    def _push(self, due_ns: int, kind: int, key: Key) -> None:
        self._order += 1
        heapq.heappush(self._heap, (due_ns, kind, self._order, key))

    def _finish(self, key: Key, due_ns: int) -> list[Send]:
        channel, pitch, _ = self._notes.pop(key)
        del self._begins[key], self._ends[key]
        self._begun.discard(key)
        return self.release(channel, pitch, due_ns)
