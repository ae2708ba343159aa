"""A tune in ABC as a song, like one read from a MIDI file: repeats written out, with tempo and meters.

The tempo is that of the header's `Q:` (ABC standard 2.1, section 3.1.8), or 120 quarter notes a minute without one. A
pickup is a bar of its own, as in MIDI files. The song ends where the tune ends, even within a bar: there its
continuation begins with the next pickup.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc.reader import STEPS_PER_WHOLE_NOTE, TuneHeader
from bachbridge.codecs.abc.repeats import UnrolledTune, unroll_tune
from bachbridge.errors import TuneError
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
from bachbridge.music.timeline import DEFAULT_BPM, Meter, Tempo, TickNote, Timeline, meter_from_steps, phrase_from_ticks
from bachbridge.settings import range_of

ABC_SUFFIX = ".abc"
_VELOCITY = 80


@dataclass(frozen=True, slots=True)
class AbcSong:
    """A tune as a song and as its text, with the header fields that hold at its end.

    `tune_count` is the number of tunes in the file, of which this is the first.
    """

    song: MidiSong
    text: str
    title: str
    final_header: TuneHeader
    tune_count: int = 1


def read_song(path: Path, bpm: float | None = None) -> AbcSong:
    """Read the first tune of the file at `path`, at `bpm` or else its own tempo; raises `TuneError`."""
    tunes = read_abc(path)
    return replace(song_from_tune(tunes[0], path, bpm), tune_count=len(tunes))


def song_from_tune(tune: str, path: Path, bpm: float | None = None) -> AbcSong:
    """Convert the text of a tune, at `bpm` or else its own tempo; raises `TuneError`, which names `path`."""
    text = normal_form.drop_tied_accidentals(tune)
    try:
        unrolled = unroll_tune(text)
    except TuneError as error:
        raise TuneError(f"{path} cannot be read as ABC: {error}") from error
    if not unrolled.notes:
        raise TuneError(f"{path} holds no notes: give a tune with notes.")
    if unrolled.end > MAX_BEATS * STEPS_PER_BEAT:
        raise TuneError(f"{path} is over {MAX_BEATS} quarter notes long: cut it into shorter tunes.")
    title = _header_field("T", text) or path.stem
    song = _build_song(path, unrolled, title, bpm or tempo_bpm(text, unrolled.first_header))
    return AbcSong(song, tune, title, unrolled.last_header)


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


def _header_field(letter: str, tune: str) -> str:
    """Return the content of a header line; "" if there is none."""
    header = re.split(r"^K:", tune, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.search(rf"^{letter}:([^%\n]*)", header, re.MULTILINE)
    return found[1].strip() if found else ""


def tempo_bpm(tune: str, header: TuneHeader) -> float:
    """Return the quarter notes a minute of the tune's `Q:`, such as "1/4=120", "3/8 = 60", "120" or `"Slow" 1/4=60`."""
    field = re.sub(r'"[^"]*"', "", _header_field("Q", tune))
    beats, equals, number = field.rpartition("=")
    lengths = re.findall(r"(\d+)/(\d+)", beats)
    if not re.fullmatch(r"\s*\d{1,4}\s*", number) or any(int(denominator) == 0 for _, denominator in lengths):
        return DEFAULT_BPM
    beat = sum((Fraction(int(numerator), int(denominator)) for numerator, denominator in lengths), Fraction(0))
    if not lengths:
        units = re.search(r"\d+", beats)
        beat = header.unit * (int(units[0]) if equals and units else 1)
    bpm = float(4 * beat * int(number))
    low, high = range_of("bpm")
    return bpm if low <= bpm <= high else DEFAULT_BPM


def _build_song(path: Path, tune: UnrolledTune, title: str, bpm: float) -> MidiSong:
    beat_us = round(60e6 / bpm)
    time = Timeline(TICKS_PER_BEAT, (Tempo(0, beat_us),), _meters(tune))
    notes = tuple(
        TickNote(_tick_at(note.start), _tick_at(note.end), note.pitch, _VELOCITY, 1, 0) for note in tune.notes
    )
    rows = [(note.start, note.end, note.pitch, note.velocity) for note in notes]
    conductor = encode_track(conductor_track(title, beat_us, time.meters))
    bodies = (conductor, part_body(title, 0, PIANO_PROGRAM, rows))
    names = (title, title)
    return MidiSong(path, notes, _quantized_phrase(notes, names, time, tune), time, names, TICKS_PER_BEAT, bodies)


def _quantized_phrase(notes: Sequence[TickNote], names: Sequence[str], time: Timeline, tune: UnrolledTune) -> Phrase:
    """Put the tune on the grid of 16ths up to its end; a note too short for the grid is left out."""
    bar, end = round(tune.last_header.meter * STEPS_PER_WHOLE_NOTE), round(tune.end)
    long_enough = [note for note in notes if time.step_at_tick(note.end) > time.step_at_tick(note.start)]
    position = (round(tune.last_bar_steps) - end) % bar
    return replace(phrase_from_ticks(long_enough, names, time), steps=end, steps_per_bar=bar, position=position)


def _meters(tune: UnrolledTune) -> tuple[Meter, ...]:
    """Return the meters by tick, a pickup's own meter first."""
    meters = {_tick_at(step): Meter(_tick_at(step), *map(int, word.split("/"))) for step, word in tune.meters}
    if tune.pickup and tune.pickup.denominator == 1:
        after_pickup = _tick_at(tune.pickup)
        meters[after_pickup] = replace(meters[0], tick=after_pickup)
        meters[0] = meter_from_steps(int(tune.pickup))
    return tuple(meters[tick] for tick in sorted(meters))


def _tick_at(steps: Fraction) -> int:
    return round(steps * TICKS_PER_BEAT / STEPS_PER_BEAT)
