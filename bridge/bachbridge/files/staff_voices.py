"""Hymns as people have them: soprano and alto on one staff, tenor and bass on the other, or all four on one.

The notes of a part (a channel of a track) are divided into its voices from above. Where fewer notes begin than the part
has voices, each goes to the free voice that it is nearest to; a single note near to both voices of a staff is sung by
both. The song that comes out has a track for each voice: the upper voice of a part keeps its channel, the lower ones
get channels of their own with the same instrument. All other events stay in their tracks.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, groupby
from statistics import fmean

from bachbridge.files.midi_notes import PERCUSSION_CHANNEL
from bachbridge.files.midi_reader import MidiSong, parse_midi
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file, replace_notes, track_events
from bachbridge.music.general_midi import PIANO_PROGRAM
from bachbridge.music.notes import STEPS_PER_BEAT, VOICE_RANGES, VOICES
from bachbridge.music.timeline import TickNote, notes_by_part, part_voices

_MIN_FULL_SHARE = 0.5
"""Share of the onsets at which all voices of a part must sound."""
_MAX_CROWDED_SHARE = 0.1
"""Share of the onsets at which more notes may sound than the part has voices."""
_MAX_UNISON_SEMITONES = 5
_CROSSING_COST = 24
_PROGRAM_CHANGE = 0xC0

Part = tuple[int, int]
"""Track and channel."""


def split_into_voices(song: MidiSong) -> MidiSong | None:
    """Return the song with a track for each of four voices; None if it is not in four voices.

    A song that has its four voices in parts of their own is returned as it is.
    """
    if part_voices(song.notes, song.track_names, song.timeline):
        return song
    parts = notes_by_part(song.notes)
    counts = _voices_of_parts(parts, song.timeline.ticks_per_beat)
    if not counts:
        return None
    voices: list[tuple[Part, list[TickNote]]] = []
    for part in sorted(parts, key=lambda part: -fmean(note.pitch for note in parts[part])):
        first = len(voices)
        centres = [sum(low_high) / 2 for low_high in VOICE_RANGES[first : first + counts[part]]]
        lines = _split_part(parts[part], centres, song.timeline.ticks_per_beat)
        voices += ((part, line) for line in lines)
    if not all(line for _, line in voices):
        return None
    return _with_voice_tracks(song, voices)


def _voices_of_parts(parts: dict[Part, list[TickNote]], ticks_per_beat: int) -> dict[Part, int]:
    """Return the number of voices in each part, four in all; empty if the parts do not add up to four voices."""
    if not 1 <= len(parts) <= len(VOICES):
        return {}
    counts = {part: _voice_count(notes, ticks_per_beat) for part, notes in parts.items()}
    return counts if sum(counts.values()) == len(VOICES) and all(counts.values()) else {}


def _voice_count(notes: Sequence[TickNote], ticks_per_beat: int) -> int:
    """Return the number of notes that mostly sound together in a part, 0 if no number fits well."""
    sounding = _sounding_counts(notes, ticks_per_beat)
    for count in range(1, len(VOICES) + 1):
        full = sum(number >= count for number in sounding)
        crowded = sum(number > count for number in sounding)
        if crowded <= _MAX_CROWDED_SHARE * len(sounding) and full >= _MIN_FULL_SHARE * len(sounding):
            return count
    return 0


def _sounding_counts(notes: Sequence[TickNote], ticks_per_beat: int) -> list[int]:
    """Return how many notes sound at each onset, without the overlaps of legato playing."""
    slack = ticks_per_beat // STEPS_PER_BEAT
    counts: list[int] = []
    held: list[TickNote] = []
    for _, chord in groupby(sorted(notes, key=lambda note: note.start), key=lambda note: note.start):
        begun = list(chord)
        held = [note for note in held if note.end > begun[0].start + slack] + begun
        counts.append(len({note.pitch for note in held}))
    return counts


# ---------------------------------------------------------------- one part


def _split_part(notes: Sequence[TickNote], centres: Sequence[float], ticks_per_beat: int) -> list[list[TickNote]]:
    """Divide a part's notes into voices, of which `centres` are the pitches in the middle."""
    lines: list[list[TickNote]] = [[] for _ in centres]
    slack = ticks_per_beat // STEPS_PER_BEAT
    ordered = sorted(notes, key=lambda note: (note.start, -note.pitch))
    for start, group in groupby(ordered, key=lambda note: note.start):
        chord = list(group)
        last = [line[-1].pitch if line else centre for line, centre in zip(lines, centres, strict=True)]
        held = [bool(line) and line[-1].end > start + slack for line in lines]
        if len(chord) > len(lines):
            extra, chord = chord[len(lines) - 1 : -1], [*chord[: len(lines) - 1], chord[-1]]
            lines[0] += extra
        places = _choose_voices([note.pitch for note in chord], last, held)
        for note, voice in zip(chord, places, strict=True):
            lines[voice].append(note)
        if len(lines) == 2 and len(chord) == 1 and not any(held):
            other = lines[1 - places[0]]
            if other and abs(chord[0].pitch - other[-1].pitch) <= _MAX_UNISON_SEMITONES:
                other.append(chord[0])
    return [sorted(line, key=lambda note: (note.start, note.pitch)) for line in lines]


def _choose_voices(pitches: Sequence[int], last: Sequence[float], held: Sequence[bool]) -> tuple[int, ...]:
    """Return the voice of each pitch, from above: free voices, in the order of pitch, near to their last notes."""
    free = [voice for voice, is_held in enumerate(held) if not is_held]
    choices = combinations(free if len(free) >= len(pitches) else range(len(held)), len(pitches))

    def cost(places: Sequence[int]) -> float:
        total = 0.0
        for voice, pitch in zip(places, pitches, strict=True):
            crossings = sum(
                held[other] and ((other < voice and last[other] < pitch) or (other > voice and last[other] > pitch))
                for other in range(len(held))
                if other != voice
            )
            total += abs(pitch - last[voice]) + _CROSSING_COST * crossings
        return total

    return min(choices, key=cost)


# ---------------------------------------------------------------- the song in four tracks


def _with_voice_tracks(song: MidiSong, voices: Sequence[tuple[Part, list[TickNote]]]) -> MidiSong:
    """Return the song with its notes in new tracks, one for each voice from the soprano down."""
    removed: defaultdict[int, set[tuple[int, int, int]]] = defaultdict(set)
    for note in song.notes:
        removed[note.track].add((note.start, note.channel, note.pitch))
    bodies = [
        replace_notes(body, removed[track], []) if removed[track] else body
        for track, body in enumerate(song.track_bodies)
    ]
    used = {note.channel for note in song.notes} | song.reserved_channels | {PERCUSSION_CHANNEL}
    free = iter([channel for channel in range(16) if channel not in used] or range(9))
    named: set[Part] = set()
    for name, (part, line) in zip(VOICES, voices, strict=True):
        channel = next(free, part[1]) if part in named else part[1]
        named.add(part)
        rows = [(note.start, note.end, note.pitch, note.velocity) for note in line]
        bodies.append(part_body(name.capitalize(), channel, _program_of(song, part), rows))
    split = parse_midi(song.path, encode_file(song.division, bodies))
    return replace(split, warning=song.warning, phrase_marks=song.phrase_marks)


def _program_of(song: MidiSong, part: Part) -> int:
    """Return the first program of a part's channel."""
    track, channel = part
    events = [*track_events(song.track_bodies[track])]
    programs = (event.data[0] for event in events if event.status == _PROGRAM_CHANGE | channel)
    return next(programs, PIANO_PROGRAM)
