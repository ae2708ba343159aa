"""The music that a command works on: a MIDI file, a score in MusicXML or a tune in ABC, and the melody of a song.

The melody is one track, one note at a time. Where notes sound together the top one is the melody. A higher note that
enters while another sounds takes over. A lower one is ignored, unless the greater part of it comes after the end of the
melody's note: then it follows there. An overlap of less than a 16th, a player's legato, is not a chord.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bachbridge.cli.transform.formats.writers import MIDI_SUFFIXES
from bachbridge.codecs.abc.tokens import parse_key
from bachbridge.errors import ConfigError, MidiFileError, ModelError
from bachbridge.files.abc_song import ABC_SUFFIX, AbcSong, read_song
from bachbridge.files.midi_reader import MidiSong, read_midi
from bachbridge.files.score_reading.score_song import SCORE_SUFFIXES, read_score
from bachbridge.inference.runtime import library
from bachbridge.music.notes import STEPS_PER_BEAT, Note, key_to_number
from bachbridge.music.timeline import Meter, TickNote

_SCORE_BEGINNINGS = (b"<?xml", b"<score", b"<!DOCTYPE", b"PK\3\4")


# ---------------------------------------------------------------- source files


@dataclass(frozen=True, slots=True)
class SourceMusic:
    """The music of a file as a song; `abc_song` is None unless the file is ABC."""

    song: MidiSong
    abc_song: AbcSong | None = None

    @property
    def steps_into_bar(self) -> int:
        """Steps from the last bar line to the end; more than 0 only for music with a pick-up."""
        phrase = self.song.phrase
        if self.abc_song:
            return ((phrase.position or 0) + phrase.steps) % phrase.steps_per_bar
        return self.song.timeline.steps_into_bar(phrase.steps)

    @property
    def key_number(self) -> int:
        """The key stated in the file, as `events.Ask` has it; -1 if none is stated and the notes must show it."""
        return key_to_number(parse_key(self.abc_key)) if self.abc_key else -1

    @property
    def abc_key(self) -> str | None:
        """The key at the end in ABC's spelling; None if the file states none."""
        return (self.abc_song.final_header.key or None) if self.abc_song else None

    @property
    def final_meter(self) -> Meter:
        """The meter at the end."""
        time, steps = self.song.timeline, self.song.phrase.steps
        return time.meter_at(max(0, time.tick_at_step(steps) - 1))

    @property
    def final_bpm(self) -> float:
        """The tempo at the end, in quarter notes a minute."""
        time = self.song.timeline
        return 60e6 / time.beat_us_at(time.tick_at_step(self.song.phrase.steps))

    @property
    def title(self) -> str:
        return self.abc_song.title if self.abc_song else self.song.path.stem


def read_source(path: Path) -> SourceMusic:
    """Read a MIDI file, a score in MusicXML or the first tune of an ABC file; prints a line if there are more tunes."""
    if not is_abc(path):
        return SourceMusic(_read_song_or_warn(path))
    tune = read_song(path)
    if tune.tune_count > 1:
        print(f"{path} holds {tune.tune_count} tunes: the first was taken")
    return SourceMusic(tune.song, tune)


def _read_song_or_warn(path: Path) -> MidiSong:
    """Read a MIDI file or a score; says on standard error what is out of order in it."""
    song = read_score(path) if is_score(path) else read_midi(path)
    if song.warning:
        print(f"bachbridge: {song.warning}", file=sys.stderr)
    return song


def is_song_file(path: Path) -> bool:
    """Return True if the name is that of a MIDI file, a score or a tune."""
    return path.suffix.lower() in (*MIDI_SUFFIXES, *SCORE_SUFFIXES, ABC_SUFFIX)


def is_score(path: Path) -> bool:
    """Return True for a score by its name, or by its beginning if the name is of no music file."""
    return path.suffix.lower() in SCORE_SUFFIXES or (not is_song_file(path) and _begins_with(path, _SCORE_BEGINNINGS))


def _begins_with(path: Path, beginnings: tuple[bytes, ...]) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(beginnings)
    except OSError:
        return False  # the reader says what is wrong


def is_abc(path: Path) -> bool:
    """Return True if the name is that of an ABC file."""
    return path.suffix.lower() == ABC_SUFFIX or (not is_song_file(path) and _begins_with(path, (b"X:", b"%abc")))


def is_abc_output(target: Path) -> bool:
    """Return True if the output is to be ABC, False if MIDI; raises `ConfigError` for any other suffix."""
    if target.suffix.lower() not in ("", ABC_SUFFIX, *MIDI_SUFFIXES):
        raise ConfigError(f"cannot write {target}: give it a name that ends in .mid or .abc.")
    return target.suffix.lower() == ABC_SUFFIX


def unsuitable_model_error(model: str, problem: str, is_suitable: Callable[[library.Card], bool]) -> ModelError:
    """Build the error for a model that cannot do the work; it names the installed models that can."""
    suitable = [name for name, card in library.list_models() if not isinstance(card, ModelError) and is_suitable(card)]
    names = ", ".join(suitable) or "none is installed"
    return ModelError(f"the model {model!r} {problem}: choose one that can with --model ({names}).")


# ---------------------------------------------------------------- the melody of a file


@dataclass(frozen=True, slots=True)
class ExtractedMelody:
    """The melody's track, its notes on the grid, the start step of each note left out or cut short, and all its notes.

    `played` are the notes in ticks, as they stand in the file.
    """

    track: int
    notes: tuple[Note, ...]
    dropped_steps: tuple[int, ...]
    played: tuple[TickNote, ...] = ()


def extract_melody(song: MidiSong, track_name: str | None) -> ExtractedMelody:
    """Return the melody of the track with this name or number; raises `MidiFileError`."""
    track = _find_track(song, track_name)
    notes, dropped_ticks = _skyline([note for note in song.notes if note.track == track], song.timeline.ticks_per_beat)
    dropped_steps = tuple(song.timeline.step_at_tick(tick) for tick in dropped_ticks)
    return ExtractedMelody(track, tuple(_quantize_melody(song, notes)), dropped_steps, tuple(notes))


def _find_track(song: MidiSong, track_name: str | None) -> int:
    """Return the index of the track with this name or number (from 1), or of the only track with notes."""
    tracks = sorted({note.track for note in song.notes})
    choices = ", ".join(f"{track + 1} ({song.track_names[track] or 'no name'})" for track in tracks)
    if track_name is None:
        if len(tracks) > 1:
            raise MidiFileError(f"{song.path} has several tracks with notes: choose one with --track: {choices}.")
        return tracks[0]
    named = [track for track in tracks if song.track_names[track].lower() == track_name.strip().lower()]
    numbered = [track for track in tracks if str(track + 1) == track_name.strip()]
    found = named or numbered
    if len(found) != 1:
        problem = "several tracks with notes named" if found else "no track with notes named or numbered"
        raise MidiFileError(f'{song.path} has {problem} "{track_name}": choose one by its number: {choices}.')
    return found[0]


def _skyline(notes: Sequence[TickNote], ticks_per_beat: int) -> tuple[list[TickNote], list[int]]:
    """Return the top notes one after another, and the start ticks of the notes left out or cut short."""
    slack = ticks_per_beat / STEPS_PER_BEAT
    top: list[TickNote] = []
    dropped_ticks: list[int] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch, -note.end)):
        if top and (top[-1].start == note.start or top[-1].end - note.start >= slack):
            dropped_ticks.append(note.start)
            if note.pitch <= top[-1].pitch:
                top += _remainder_after(note, top[-1])
                continue
            covered = top.pop()
            if note.start - covered.start >= slack:
                top.append(replace(covered, end=note.start))
        top.append(note)
    return top, dropped_ticks


def _remainder_after(lower: TickNote, top: TickNote) -> list[TickNote]:
    """Return the rest of a lower note after the top one, if that is its greater part."""
    follows = lower.start > top.start and lower.end - top.end > top.end - lower.start
    return [replace(lower, start=top.end)] if follows else []


def _quantize_melody(song: MidiSong, melody: Sequence[TickNote]) -> list[Note]:
    """Put the melody on the grid, one note at a time; of several notes that begin in one step, keep the longest."""
    longest: dict[int, TickNote] = {}
    for note in melody:
        start = song.timeline.step_at_tick(note.start)
        if start not in longest or longest[start].end - longest[start].start < note.end - note.start:
            longest[start] = note
    starts = sorted(longest)
    ends = [*starts[1:], song.timeline.step_at_tick(melody[-1].end) + 1]
    notes: list[Note] = []
    for start, following in zip(starts, ends, strict=True):
        length = max(1, min(song.timeline.step_at_tick(longest[start].end), following) - start)
        notes.append(Note(start, length, longest[start].pitch, longest[start].velocity))
    return notes
