"""Reading other programs' MIDI files under limits: every file becomes a `MidiSong` or one `MidiFileError`.

Only what the grid needs is read: notes, pedals, tempo, time signature and the tracks' names. Everything else is
skipped, so that the many files with an impossible key signature or a private chunk are read like any other; mido
refuses those. The chunks are kept byte for byte, for commands that write the file out again with more tracks, unless
something in them is damaged or left open: then the track is made whole.

What is out of order is read as far as it goes, and each oddity becomes a clause of `MidiSong.warning` (see
`smf_container` and `midi_notes`). With frames per second instead of beats a beat is half a second. Of separate songs in
one file (format 2) the first is read. Refused are files without notes and anything beyond the limits.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bachbridge.atomic_files import read_limited_bytes
from bachbridge.errors import MidiFileError
from bachbridge.files.midi_lyrics import marks_from_words
from bachbridge.files.midi_notes import CONTROL, PairedNotes, pair_notes
from bachbridge.files.smf import (
    NOTE_OFF,
    NOTE_ON,
    TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    SmfError,
    TrackEvent,
    mend_track,
)
from bachbridge.files.smf_container import MAX_BEATS as MAX_BEATS  # noqa: PLC0414 # part of this module's interface
from bachbridge.files.smf_container import MAX_TRACKS as MAX_TRACKS  # noqa: PLC0414 # the same
from bachbridge.files.smf_container import SmfContents, SmfTrack, holds_midi, parse_smf, ticks_per_beat
from bachbridge.music.notes import Phrase
from bachbridge.music.phrasing.marks import PhraseMark
from bachbridge.music.timeline import COMMON_TIME, DEFAULT_TEMPO_US, Meter, Tempo, TickNote, Timeline, phrase_from_ticks

MAX_BYTES = 4 << 20
MIN_BEAT_US = 60_000
"""1000 bpm; a faster tempo is taken for an error in the file and ignored."""


@dataclass(frozen=True, slots=True)
class MidiSong:
    """A file that was read: its notes in ticks by start, the same notes on the grid, and its timeline.

    `division` is the word in the header and `track_bodies` are the bodies of the `MTrk` chunks, unchanged. `warning` is
    a sentence about what was out of order, or empty. `reserved_channels` are those of a controller's MPE zone.
    """

    path: Path
    notes: tuple[TickNote, ...]
    phrase: Phrase
    timeline: Timeline
    track_names: tuple[str, ...]
    division: int
    track_bodies: tuple[bytes, ...]
    warning: str = ""
    reserved_channels: frozenset[int] = frozenset()
    phrase_marks: tuple[PhraseMark, ...] = ()
    """Written signs of the ends of phrases."""


def read_midi(path: Path) -> MidiSong:
    """Read the file at `path`; raises `MidiFileError`."""
    data = read_limited_bytes(path, MAX_BYTES, MidiFileError)
    if not data:
        raise MidiFileError(f"{path} is empty: export the MIDI file again.")
    if not holds_midi(data):
        raise MidiFileError(f"{path} is not a MIDI file: give a Standard MIDI File (.mid).")
    return parse_midi(path, data)


def parse_midi(path: Path, data: bytes) -> MidiSong:
    """Read the bytes of the file at `path`; raises `MidiFileError`."""
    try:
        contents = parse_smf(data)
        song = _parse_song(path, contents)
    except SmfError as error:
        raise MidiFileError(f"{path} is truncated or damaged ({error}): export the MIDI file again.") from error
    except OverflowError as error:
        raise MidiFileError(f"{path} is too large ({error}): cut it into shorter files.") from error
    if not song.notes:
        if contents.oddities:
            raise MidiFileError(
                f"{path} is truncated or damaged ({contents.oddities[0]}) and holds no notes: "
                "export the MIDI file again."
            )
        raise MidiFileError(f"{path} holds no notes (percussion on channel 10 is left out): choose another file.")
    return song


def _parse_song(path: Path, contents: SmfContents) -> MidiSong:
    tracks, oddities = contents.tracks, list(contents.oddities)
    if contents.format == 2:
        songs = [number for number, track in enumerate(tracks) if _has_notes(track.events)]
        if len(songs) > 1:
            oddities.append(f"it holds {len(songs)} songs (format 2), of which the first was taken")
            tracks = tracks[: songs[0] + 1]
    if contents.division & 0x8000:
        oddities.append("its times are frames per second, and half a second was taken for a beat")
    events = [track.events for track in tracks]
    timeline = _parse_timeline(contents.division, events)
    paired = pair_notes(events, timeline.ticks_per_beat)
    if any(note.end > MAX_BEATS * timeline.ticks_per_beat for note in paired.notes):
        raise OverflowError(f"over {MAX_BEATS} beats long")
    names = tuple(next((_decode_text(e.data) for e in track if e.status == TRACK_NAME), "") for track in events)
    return MidiSong(
        path=path,
        notes=paired.notes,
        phrase=phrase_from_ticks(_with_zone_as_one_part(paired), names, timeline),
        timeline=timeline,
        track_names=names,
        division=contents.division,
        track_bodies=_closed_bodies(tracks, paired),
        warning=_warning(path, [*oddities, *_note_oddities(paired)]),
        reserved_channels=paired.mpe_channels,
        phrase_marks=marks_from_words(events, paired.notes, timeline.ticks_per_beat),
    )


def _has_notes(events: Sequence[TrackEvent]) -> bool:
    return any(event.status & 0x1F0 == NOTE_ON and event.data[1] for event in events)


def _with_zone_as_one_part(paired: PairedNotes) -> tuple[TickNote, ...]:
    """Return the notes with one channel for a whole MPE zone, whose notes are one part."""
    zone = paired.mpe_channels
    if not zone:
        return paired.notes
    return tuple(replace(note, channel=min(zone)) if note.channel in zone else note for note in paired.notes)


def _note_oddities(paired: PairedNotes) -> list[str]:
    oddities: list[str] = []
    if paired.hanging:
        have, end = ("note has", "ends") if len(paired.hanging) == 1 else ("notes have", "end")
        oddities.append(f"{len(paired.hanging)} {have} no end, and {end} with the track or where the pitch comes again")
    if paired.without_length:
        notes = "note without length was" if paired.without_length == 1 else "notes without length were"
        oddities.append(f"{paired.without_length} {notes} left out")
    return oddities


def _warning(path: Path, oddities: Sequence[str]) -> str:
    shown = [*oddities[:4], f"{len(oddities) - 4} more oddities"] if len(oddities) > 5 else oddities
    return f"{path} is out of order and was read as far as it goes: {'; '.join(shown)}." if oddities else ""


def _closed_bodies(tracks: Sequence[SmfTrack], paired: PairedNotes) -> tuple[bytes, ...]:
    """Return the tracks' bodies; notes that nothing ends get an end, and a pedal left down comes up at the end."""
    added: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for note in paired.hanging:
        added[note.track].append((note.end, bytes((NOTE_OFF | note.channel, note.pitch, 64))))
    end = max((note.end for note in paired.notes), default=0)
    for track, channel, pedal in sorted(paired.open_pedals):
        added[track].append((max(tracks[track].events[-1].tick, end), bytes((CONTROL | channel, pedal, 0))))
    return tuple(
        mend_track(track.body, added[number]) if added[number] else track.body for number, track in enumerate(tracks)
    )


def _decode_text(data: bytes) -> str:
    try:
        return data.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return data.decode("latin-1").strip("\0 ")


def _parse_timeline(division: int, tracks: Sequence[Sequence[TrackEvent]]) -> Timeline:
    if division & 0x8000:
        return Timeline(ticks_per_beat(division))
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
