"""A tune in ABC as a song, like one read from a MIDI file: repeats written out, with its tempos, meters and voices.

Each voice is a track on a channel of its own. The tempos are those of `Q:` in the header and in the music (ABC standard
2.1, section 3.1.8), or 120 quarter notes a minute without one. Free meter counts as 4/4. A pickup is a bar of its own,
as in MIDI files. The song ends where the tune ends, even within a bar: there its continuation begins with the next
pickup.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneHeader
from bachbridge.errors import TuneError
from bachbridge.files.abc.tune import PlayedTune, read_tune
from bachbridge.files.abc.tune_text import holds_notes
from bachbridge.files.abc_reader import read_abc
from bachbridge.files.midi_reader import MAX_BEATS, MidiSong
from bachbridge.files.midi_writer import (
    TICKS_PER_BEAT,
    NoteRow,
    conductor_track,
    encode_track,
    part_body,
    part_track,
    write_tracks,
)
from bachbridge.music.general_midi import PIANO_PROGRAM
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase
from bachbridge.music.phrasing.marks import SignedLine, phrase_marks
from bachbridge.music.timeline import (
    COMMON_TIME,
    DEFAULT_BPM,
    Meter,
    Tempo,
    TickNote,
    Timeline,
    meter_from_steps,
    phrase_from_ticks,
)
from bachbridge.settings import range_of

ABC_SUFFIX = ".abc"
_VELOCITY = 80
_CHANNELS = tuple(channel for channel in range(16) if channel != 9)
"""Channels of the voices; channel 10, counted from 1, is for percussion."""


@dataclass(frozen=True, slots=True)
class AbcSong:
    """A tune as a song and as its text, with the header fields that hold at its end.

    The key of these is empty if it has no name. `can_append` is True if music can be written after the text as it
    stands. `tune_count` is the number of tunes in the file.
    """

    song: MidiSong
    text: str
    title: str
    final_header: TuneHeader
    can_append: bool = True
    tune_count: int = 1


def read_song(path: Path, bpm: float | None = None, number: int | None = None) -> AbcSong:
    """Read the first tune of the file at `path`, or the one with this `X:` number; raises `TuneError`.

    It is played at `bpm`, or else at its own tempo.
    """
    tunes = read_abc(path)
    tune = tunes[0] if number is None else _find_tune(path, tunes, number)
    return replace(song_from_tune(tune, path, bpm), tune_count=len(tunes))


def _find_tune(path: Path, tunes: Sequence[str], number: int) -> str:
    found = (tune for tune in tunes if re.search(rf"^X: *0*{number}\b", tune, re.MULTILINE))
    tune = next(found, None)
    if tune is None:
        raise TuneError(f"{path} has no tune X:{number}: choose another number of its {len(tunes)} tunes.")
    return tune


def song_from_tune(tune: str, path: Path, bpm: float | None = None) -> AbcSong:
    """Convert the text of a tune, at `bpm` or else its own tempo; raises `TuneError`, which names `path`."""
    if not holds_notes(tune):
        raise TuneError(f"{path} holds no notes: give a tune with notes.")
    try:
        played = read_tune(tune)
    except TuneError as error:
        raise TuneError(f"{path} cannot be read as ABC: {error}") from error
    if not played.notes:
        raise TuneError(f"{path} holds no notes: give a tune with notes.")
    if played.end > MAX_BEATS * STEPS_PER_BEAT:
        raise TuneError(f"{path} is over {MAX_BEATS} quarter notes long: cut it into shorter tunes.")
    title = played.title or path.stem
    ending = played.ending
    header = TuneHeader(ending.meter, str(ending.unit), ending.key)
    return AbcSong(_build_song(path, played, title, bpm), tune, title, header, ending.can_continue)


def write_songs(path: Path, songs: Sequence[MidiSong], title: str, program: int) -> None:
    """Write songs made from ABC one after another as a MIDI file, with a bar's rest between two.

    All are at the tempo of the first. Raises `BachBridgeError`.
    """
    meters: list[Meter] = []
    rows: list[NoteRow] = []
    tick = 0
    for song in songs:
        meters += (replace(meter, tick=tick + meter.tick) for meter in song.timeline.meters)
        rows += ((tick + note.start, tick + note.end, note.pitch, note.velocity) for note in song.notes)
        tick += song.timeline.tick_at_step(song.phrase.steps + song.phrase.steps_per_bar)
    conductor = conductor_track(title, songs[0].timeline.beat_us_at(0), meters)
    write_tracks(path, [conductor, part_track(title, 0, program, rows)])


def _build_song(path: Path, tune: PlayedTune, title: str, bpm: float | None) -> MidiSong:
    time = Timeline(TICKS_PER_BEAT, _tempos(tune, bpm), _meters(tune))
    notes: list[TickNote] = []
    bodies = [encode_track(conductor_track(title, time.tempos[0].beat_us, time.meters, time.tempos[1:]))]
    names = [title]
    signed: list[SignedLine] = []
    for number, voice in enumerate(tune.voices):
        name, channel = voice.name or title, _CHANNELS[number % len(_CHANNELS)]
        rows = [(_tick_at(note.start), _tick_at(note.end), note.pitch, _VELOCITY) for note in voice.notes]
        own = [TickNote(start, end, pitch, _VELOCITY, number + 1, channel) for start, end, pitch, _ in rows]
        notes += own
        signed.append(SignedLine(own, [(_tick_at(step), sign) for step, sign in voice.signs]))
        bodies.append(part_body(name, channel, PIANO_PROGRAM, rows))
        names.append(name)
    ordered = tuple(sorted(notes, key=lambda note: (note.start, note.track, note.pitch)))
    phrase = _quantized_phrase(ordered, names, time, tune)
    marks = phrase_marks(signed, TICKS_PER_BEAT)
    return MidiSong(path, ordered, phrase, time, tuple(names), TICKS_PER_BEAT, tuple(bodies), phrase_marks=marks)


def _quantized_phrase(notes: Sequence[TickNote], names: Sequence[str], time: Timeline, tune: PlayedTune) -> Phrase:
    """Put the tune on the grid of 16ths up to its end; a note too short for the grid is left out."""
    bar, end = max(1, round(Fraction(tune.ending.meter) * STEPS_PER_WHOLE_NOTE)), round(tune.end)
    long_enough = [note for note in notes if time.step_at_tick(note.end) > time.step_at_tick(note.start)]
    position = (round(tune.last_bar_steps) - end) % bar
    return replace(phrase_from_ticks(long_enough, names, time), steps=end, steps_per_bar=bar, position=position)


def _tempos(tune: PlayedTune, bpm: float | None) -> tuple[Tempo, ...]:
    """Return the tempos by tick: `bpm` alone if it is given; a tempo beyond the program's range is left out."""
    low, high = range_of("bpm")
    stated = ((step, value) for step, value in tune.tempos if low <= value <= high)
    values = {0: DEFAULT_BPM} | {_tick_at(step): value for step, value in stated} if bpm is None else {0: bpm}
    return tuple(Tempo(tick, round(60e6 / values[tick])) for tick in sorted(values))


def _meters(tune: PlayedTune) -> tuple[Meter, ...]:
    """Return the meters by tick, a pickup's own meter first."""
    meters = {_tick_at(step): replace(_parse_meter(word), tick=_tick_at(step)) for step, word in tune.meters}
    meters.setdefault(0, COMMON_TIME)
    if tune.pickup and tune.pickup.denominator == 1:
        after_pickup = _tick_at(tune.pickup)
        meters[after_pickup] = replace(meters[0], tick=after_pickup)
        meters[0] = meter_from_steps(int(tune.pickup))
    return tuple(meters[tick] for tick in sorted(meters))


def _parse_meter(word: str) -> Meter:
    return Meter(0, *map(int, word.split("/"))) if word else COMMON_TIME


def _tick_at(steps: Fraction) -> int:
    return round(steps * TICKS_PER_BEAT / STEPS_PER_BEAT)
