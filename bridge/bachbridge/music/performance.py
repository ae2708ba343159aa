"""Music in real time: parts of notes in nanoseconds, to be exported, rendered and drawn.

A part is one player of the piece: the person or one answering voice. Its notes come either from MIDI messages with
their times, as they were received or sent, or from notes on the grid.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bachbridge.music.notes import VOICES, Note

PLAYER = -1
"""The `voice` of the person's part; 0 to 3 are soprano, alto, tenor and bass."""
_NOTE_OFF, _NOTE_ON, _CONTROL_CHANGE = 0x80, 0x90, 0xB0
_SILENCING_CONTROLS = (120, 123)


@dataclass(frozen=True, slots=True)
class TimedNote:
    """One note from `start_ns` to `end_ns`."""

    start_ns: int
    end_ns: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Part:
    """One part's notes by start; `voice` is `PLAYER` or an index into `VOICES`, `title` replaces the voice's name."""

    voice: int
    notes: tuple[TimedNote, ...]
    title: str = ""

    @property
    def name(self) -> str:
        if self.title:
            return self.title
        return "Player" if self.voice == PLAYER else VOICES[self.voice].capitalize()


def last_note_end_ns(parts: Iterable[Part]) -> int:
    """Return the time at which the last note ends; 0 without notes."""
    return max((note.end_ns for part in parts for note in part.notes), default=0)


def notes_from_messages(timed_messages: Iterable[tuple[int, bytes]], until_ns: int) -> dict[int, tuple[TimedNote, ...]]:
    """Return the notes of each channel in messages with their times; notes that still sound end at `until_ns`."""
    sounding: defaultdict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)
    done: defaultdict[int, list[TimedNote]] = defaultdict(list)

    def end(channel: int, pitch: int, at_ns: int) -> None:
        start_ns, velocity = sounding[channel, pitch].popleft()
        done[channel].append(TimedNote(start_ns, max(at_ns, start_ns), pitch, velocity))

    def end_all(channels: Iterable[int], at_ns: int) -> None:
        for (channel, pitch), onsets in sounding.items():
            for _ in range(len(onsets) if channel in channels else 0):
                end(channel, pitch, at_ns)

    for at_ns, data in timed_messages:
        if len(data) != 3:
            continue
        kind, channel = data[0] & 0xF0, data[0] & 0x0F
        if kind == _NOTE_ON and data[2]:
            sounding[channel, data[1]].append((at_ns, data[2]))
        elif kind in {_NOTE_ON, _NOTE_OFF} and sounding[channel, data[1]]:
            end(channel, data[1], at_ns)
        elif kind == _CONTROL_CHANGE and data[1] in _SILENCING_CONTROLS:
            end_all({channel}, at_ns)
    end_all(range(16), until_ns)
    return {channel: _sorted_notes(notes) for channel, notes in sorted(done.items())}


def notes_from_grid(notes: Iterable[Note], step_ns: int, origin_ns: int = 0) -> tuple[TimedNote, ...]:
    """Return grid notes in real time, with step 0 at `origin_ns`.

    Micro-timing moves a note's start; its end stays on the grid line.
    """
    return _sorted_notes(_timed_note(note, step_ns, origin_ns) for note in notes)


def shift_part(part: Part, by_ns: int) -> Part:
    """Return the part moved in time by `by_ns`."""
    moved = (TimedNote(note.start_ns + by_ns, note.end_ns + by_ns, note.pitch, note.velocity) for note in part.notes)
    return replace(part, notes=tuple(moved))


def _timed_note(note: Note, step_ns: int, origin_ns: int) -> TimedNote:
    start_ns = origin_ns + note.start * step_ns + note.offset_ns
    return TimedNote(start_ns, max(start_ns + 1, origin_ns + note.end * step_ns), note.pitch, note.velocity)


def _sorted_notes(notes: Iterable[TimedNote]) -> tuple[TimedNote, ...]:
    return tuple(sorted(notes, key=lambda note: (note.start_ns, note.pitch)))
