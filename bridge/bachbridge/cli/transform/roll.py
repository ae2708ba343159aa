"""`bachbridge roll IN.mid -o OUT.png`: a picture of a MIDI file, as a piano roll.

The time axis is the file's bars and beats, whatever their tempo. Four voices have their own colours; in other files
the first part has the player's colour, unless it is the only part.
"""

from collections.abc import Sequence
from itertools import chain, cycle
from pathlib import Path

from bachbridge.atomic_files import check_output_path
from bachbridge.cli.transform.inputs import read_source
from bachbridge.errors import ConfigError
from bachbridge.files.midi_reader import MidiSong
from bachbridge.files.piano_roll_png import write_png
from bachbridge.music.notes import VOICES
from bachbridge.music.performance import PLAYER, Part, TimedNote
from bachbridge.music.timeline import TickNote, meter_from_steps, notes_by_part, part_voices

_DRAWING_BPM = 60
_BEAT_NS = 60_000_000_000 // _DRAWING_BPM


def draw_piano_roll(source: Path, target: Path, *, title: str) -> None:
    """Draw the music of `source` into `target`, under `title` or else its file name."""
    if target.suffix.lower() not in ("", ".png"):
        raise ConfigError(f"cannot draw {target}: give it a name that ends in .png.")
    check_output_path(target)
    song = read_source(source).song
    parts = _song_parts(song)
    meter = meter_from_steps(song.phrase.steps_per_bar)
    write_png(target, parts, bpm=_DRAWING_BPM, meter=meter, title=title or source.stem)
    print(f"wrote {target}: {len(song.notes)} notes in {song.phrase.steps // song.phrase.steps_per_bar} bars")


def _song_parts(song: MidiSong) -> list[Part]:
    """Return the file's parts, each one channel of one track, with their voices if known, else in their order."""
    notes = notes_by_part(song.notes)
    voices = part_voices(song.notes, song.track_names, song.timeline)
    places = sorted(notes)
    in_order = chain([PLAYER] if len(places) > 1 else [], cycle(range(len(VOICES))))
    voice_of = voices or dict(zip(places, in_order, strict=False))
    ticks = song.timeline.ticks_per_beat
    return [Part(voice_of[place], _timed_notes(notes[place], ticks), song.track_names[place[0]]) for place in places]


def _timed_notes(notes: Sequence[TickNote], ticks_per_beat: int) -> tuple[TimedNote, ...]:
    """Return the notes in time at `_DRAWING_BPM`, whatever the file's tempo."""

    def at_ns(tick: int) -> int:
        return tick * _BEAT_NS // ticks_per_beat

    return tuple(TimedNote(at_ns(note.start), at_ns(note.end), note.pitch, note.velocity) for note in notes)
