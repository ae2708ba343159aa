"""The melody of a file: which track it is, one note at a time, in ticks and on the grid.

Where notes sound at once the top one is the melody. A higher note that comes in under way takes over; a lower one is
passed over, unless the greater part of it comes after the end of the melody's note: then it follows there. Players'
legato, an overlap of less than a 16th, is no chord.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bachbridge.errors import MidiFileError
from bachbridge.files.midi_reader import MidiSong
from bachbridge.music.notes import STEPS_PER_BEAT, Note
from bachbridge.music.timeline import TickNote


@dataclass(frozen=True, slots=True)
class ExtractedMelody:
    """The melody's track, its notes on the grid, and the step of every note that was not taken or not to its end."""

    track: int
    notes: tuple[Note, ...]
    dropped_steps: tuple[int, ...]


def extract_melody(song: MidiSong, track_name: str | None) -> ExtractedMelody:
    """The melody of the track with that name or number; raises `MidiFileError`."""
    track = _find_track(song, track_name)
    notes, below = _skyline([note for note in song.notes if note.track == track], song.timeline.ticks_per_beat)
    return ExtractedMelody(
        track, tuple(_quantize_melody(song, notes)), tuple(song.timeline.step_at_tick(tick) for tick in below)
    )


def _find_track(song: MidiSong, track_name: str | None) -> int:
    """The track with that name or number (from 1), or the only one that holds notes."""
    sounding = sorted({note.track for note in song.notes})
    told = ", ".join(f"{track + 1} ({song.track_names[track] or 'no name'})" for track in sounding)
    if track_name is None:
        if len(sounding) > 1:
            raise MidiFileError(f"{song.path} has several tracks with notes: choose one with --track: {told}.")
        return sounding[0]
    named = [track for track in sounding if song.track_names[track].lower() == track_name.strip().lower()]
    numbered = [track for track in sounding if str(track + 1) == track_name.strip()]
    found = named or numbered
    if len(found) != 1:
        many = "several tracks named" if found else "no track with notes named or numbered"
        raise MidiFileError(f'{song.path} has {many} "{track_name}": choose one by its number: {told}.')
    return found[0]


def _skyline(notes: Sequence[TickNote], ticks_per_beat: int) -> tuple[list[TickNote], list[int]]:
    """The top notes one after another, and the ticks at which others begin that are left out or cut short."""
    slack = ticks_per_beat / STEPS_PER_BEAT
    top: list[TickNote] = []
    below: list[int] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch, -note.end)):
        if top and (top[-1].start == note.start or top[-1].end - note.start >= slack):
            below.append(note.start)
            if note.pitch <= top[-1].pitch:
                top += _remainder_after(note, top[-1])
                continue
            under = top.pop()
            if note.start - under.start >= slack:
                top.append(replace(under, end=note.start))
        top.append(note)
    return top, below


def _remainder_after(lower: TickNote, top: TickNote) -> list[TickNote]:
    """What the melody has of a lower note that begins while the top one sounds."""
    follows = lower.start > top.start and lower.end - top.end > top.end - lower.start
    return [replace(lower, start=top.end)] if follows else []


def _quantize_melody(song: MidiSong, melody: Sequence[TickNote]) -> list[Note]:
    """The melody on the grid, one note at a time; of several that begin in one step, the longest."""
    longest: dict[int, TickNote] = {}
    for note in melody:
        start = song.timeline.step_at_tick(note.start)
        if start not in longest or longest[start].end - longest[start].start < note.end - note.start:
            longest[start] = note
    starts = sorted(longest)
    ends = [*starts[1:], song.timeline.step_at_tick(melody[-1].end) + 1]
    line: list[Note] = []
    for start, following in zip(starts, ends, strict=True):
        length = max(1, min(song.timeline.step_at_tick(longest[start].end), following) - start)
        line.append(Note(start, length, longest[start].pitch, longest[start].velocity))
    return line
