"""Reading other programs' MIDI files under limits: every file becomes a `MidiSong` or one `MidiFileError`.

Only what the grid needs is read: notes, tempo, time signature and the tracks' names. Everything else is skipped, so
that the many files with an impossible key signature or a private chunk are read like any other; mido refuses those.
The chunks are kept byte for byte, for commands that write the file out again with more tracks.

Tolerated are running status across meta events, more tracks than the header states, a missing end-of-track event, a
note-off without a note, a note without a note-off (it ends after four beats or with its track), a tempo of zero
(ignored), and frames per second instead of beats (a beat is then half a second). Refused are a chunk or an event that
ends in the middle, format 2 (separate songs in one file), and anything beyond the limits below. Percussion (channel 10)
is left out.
"""

import struct
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bachbridge.atomic_files import read_limited_bytes
from bachbridge.errors import MidiFileError
from bachbridge.files.smf import (
    NOTE_OFF,
    NOTE_ON,
    TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    SmfError,
    TrackEvent,
    read_chunks,
    track_events,
)
from bachbridge.music.notes import Phrase
from bachbridge.music.timeline import COMMON_TIME, DEFAULT_TEMPO_US, Meter, Tempo, TickNote, Timeline, phrase_from_ticks

MAX_BYTES = 4 << 20
MAX_EVENTS = 500_000
MAX_TRACKS = 256
MAX_BEATS = 50_000
MIN_BEAT_US = 60_000
"""1000 bpm; a faster tempo is taken for an error in the file and ignored."""

_PERCUSSION_CHANNEL = 9
_MAX_HANGING_BEATS = 4


@dataclass(frozen=True, slots=True)
class MidiSong:
    """A file that was read: its notes in ticks by start, the same notes on the grid, and its timeline.

    `division` is the word in the header and `track_bodies` are the bodies of the `MTrk` chunks, unchanged.
    """

    path: Path
    notes: tuple[TickNote, ...]
    phrase: Phrase
    timeline: Timeline
    track_names: tuple[str, ...]
    division: int
    track_bodies: tuple[bytes, ...]


def read_midi(path: Path) -> MidiSong:
    """Read the file at `path`; raises `MidiFileError`."""
    data = read_limited_bytes(path, MAX_BYTES, MidiFileError)
    if not data:
        raise MidiFileError(f"{path} is empty: export the MIDI file again.")
    if not data.startswith(b"MThd"):
        raise MidiFileError(f"{path} is not a MIDI file: give a Standard MIDI File (.mid).")
    try:
        division, bodies = _read_track_bodies(path, data)
        song = _parse_song(path, division, bodies)
    except SmfError as error:
        raise MidiFileError(f"{path} is truncated or damaged ({error}): export the MIDI file again.") from error
    except OverflowError as error:
        raise MidiFileError(f"{path} is too large ({error}): cut it into shorter files.") from error
    if not song.notes:
        raise MidiFileError(f"{path} holds no notes (percussion on channel 10 is left out): choose another file.")
    return song


def _read_track_bodies(path: Path, data: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Return the division and the bodies of the track chunks; chunks with other names are skipped."""
    header, *others = read_chunks(data)
    if len(header[1]) < 6:
        raise SmfError("its header is too short")
    kind, count, division = struct.unpack(">HHH", header[1][:6])
    if kind > 1:
        raise MidiFileError(f"{path} holds several songs (format {kind}): export the song as format 0 or 1.")
    if division in {0, 0x8000} or (division & 0x8000 and not division & 0xFF):
        raise SmfError("its header states no ticks per beat")
    tracks = tuple(body for name, body in others if name == b"MTrk")
    if len(tracks) > MAX_TRACKS:
        raise OverflowError(f"over {MAX_TRACKS} tracks")
    if len(tracks) < count:
        raise SmfError(f"{count - len(tracks)} of {count} tracks are missing")
    return division, tracks


def _parse_song(path: Path, division: int, bodies: tuple[bytes, ...]) -> MidiSong:
    tracks: list[list[TrackEvent]] = []
    for body in bodies:
        room = MAX_EVENTS - sum(map(len, tracks))
        tracks.append(list(islice(track_events(body), room + 1)))
        if len(tracks[-1]) > room:
            raise OverflowError(f"over {MAX_EVENTS} events")
    timeline = _parse_timeline(division, tracks)
    notes = tuple(
        sorted(
            (
                note
                for track, events in enumerate(tracks)
                for note in _pair_notes(events, track, timeline.ticks_per_beat)
            ),
            key=lambda note: (note.start, note.track, note.channel, note.pitch),
        )
    )
    if any(note.end > MAX_BEATS * timeline.ticks_per_beat for note in notes):
        raise OverflowError(f"over {MAX_BEATS} beats long")
    names = tuple(next((_decode_text(e.data) for e in events if e.status == TRACK_NAME), "") for events in tracks)
    phrase = phrase_from_ticks(notes, names, timeline)
    return MidiSong(path, notes, phrase, timeline, names, division, bodies)


def _decode_text(data: bytes) -> str:
    try:
        return data.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return data.decode("latin-1").strip("\0 ")


def _parse_timeline(division: int, tracks: list[list[TrackEvent]]) -> Timeline:
    if division & 0x8000:
        frames_per_second = 256 - (division >> 8)
        return Timeline(max(1, frames_per_second * (division & 0xFF) // 2))
    tempos = {0: Tempo(0, DEFAULT_TEMPO_US)}
    meters = {0: COMMON_TIME}
    time_events = (event for events in tracks for event in events if event.status in {TEMPO, TIME_SIGNATURE})
    for event in sorted(time_events, key=lambda event: event.tick):
        data = event.data
        if event.status == TEMPO and int.from_bytes(data[:3]) >= MIN_BEAT_US:
            tempos[event.tick] = Tempo(event.tick, int.from_bytes(data[:3]))
        elif event.status == TIME_SIGNATURE and len(data) >= 2 and data[0] and data[1] <= 6:
            meters[event.tick] = Meter(event.tick, data[0], 1 << data[1])
    return Timeline(division, tuple(tempos.values()), tuple(meters.values()))


def _pair_notes(events: list[TrackEvent], track: int, ticks_per_beat: int) -> Iterator[TickNote]:
    """Yield the notes of one track; a note-off ends the oldest note of its channel and pitch."""
    open_notes: defaultdict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)
    for event in events:
        kind, channel = event.status & 0x1F0, event.status & 0x0F
        if kind not in {NOTE_ON, NOTE_OFF} or channel == _PERCUSSION_CHANNEL or max(event.data) > 0x7F:
            continue
        pitch, velocity = event.data
        sounding = open_notes[channel, pitch]
        if kind == NOTE_ON and velocity:
            sounding.append((event.tick, velocity))
        elif sounding:
            start, onset_velocity = sounding.popleft()
            yield TickNote(start, max(event.tick, start + 1), pitch, onset_velocity, track, channel)
    last = events[-1].tick if events else 0
    for (channel, pitch), sounding in open_notes.items():
        for start, velocity in sounding:
            end = max(start + 1, min(last, start + _MAX_HANGING_BEATS * ticks_per_beat))
            yield TickNote(start, end, pitch, velocity, track, channel)
