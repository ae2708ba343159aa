"""A tune in ABC as a song, as if it had been read from a MIDI file: repeats written out, tempo and meters told.

The tempo is that of the header's `Q:` (ABC standard 2.1, section 3.1.8), 120 quarter notes a minute where it has none.
A pickup is a bar of its own, as MIDI files have it. The end is where the tune ends, even within a bar: there its
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
from bachbridge.engine.session_log import TICKS_PER_BEAT
from bachbridge.errors import TuneError
from bachbridge.files.abc_reader import read_abc
from bachbridge.files.midi_reader import MAX_BEATS, MidiSong
from bachbridge.files.smf import TEMPO, TIME_SIGNATURE, TRACK_NAME, encode_file, meta_event, part_body, track_body
from bachbridge.music.general_midi import PIANO_PROGRAM
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase
from bachbridge.music.timeline import DEFAULT_BPM, Meter, Tempo, TickNote, Timeline, meter_from_steps, phrase_from_ticks
from bachbridge.settings import range_of

ABC_SUFFIX = ".abc"
_VELOCITY = 80


@dataclass(frozen=True, slots=True)
class AbcSong:
    """The first tune of a file: as a song, as text, and what of its header holds at the end."""

    song: MidiSong
    text: str
    title: str
    final_header: TuneHeader
    tune_count: int = 1
    """How many the file holds."""


def read_song(path: Path, bpm: float | None = None) -> AbcSong:
    """The first tune of the file at `path`; at `bpm` quarter notes a minute, if they are given. Raises `TuneError`."""
    tunes = read_abc(path)
    return replace(song_from_tune(tunes[0], path, bpm), tune_count=len(tunes))


def song_from_tune(tune: str, path: Path, bpm: float | None = None) -> AbcSong:
    """The same of a tune that stands in the file at `path`, or is to stand there."""
    text = normal_form.drop_tied_accidentals(tune)
    try:
        played = unroll_tune(text)
    except TuneError as error:
        raise TuneError(f"{path} cannot be read as ABC: {error}") from error
    if not played.notes:
        raise TuneError(f"{path} holds no notes: give a tune with notes.")
    if played.end > MAX_BEATS * STEPS_PER_BEAT:
        raise TuneError(f"{path} is over {MAX_BEATS} quarter notes long: cut it into shorter tunes.")
    title = _header_field("T", text) or path.stem
    song = _build_song(path, played, title, bpm or tempo_bpm(text, played.first_header))
    return AbcSong(song, tune, title, played.last_header)


def concatenate_songs(songs: Sequence[MidiSong], title: str, program: int) -> bytes:
    """A MIDI file of songs in ABC, one after another with a bar's rest between two, at the tempo of the first."""
    told: list[tuple[int, bytes]] = []
    rows: list[tuple[int, int, int, int]] = []
    at = 0
    for song in songs:
        told += ((at + meter.tick, _meter_event(meter)) for meter in song.timeline.meters)
        rows += ((at + note.start, at + note.end, note.pitch, note.velocity) for note in song.notes)
        at += song.timeline.tick_at_step(song.phrase.steps + song.phrase.steps_per_bar)
    tempo = meta_event(TEMPO, songs[0].timeline.beat_us_at(0).to_bytes(3))
    conductor = track_body([(0, meta_event(TRACK_NAME, title.encode())), (0, tempo), *told])
    return encode_file(TICKS_PER_BEAT, [conductor, part_body(title, 0, program, rows)])


def _header_field(letter: str, tune: str) -> str:
    """What a line of the header says; "" if there is none."""
    head = re.split(r"^K:", tune, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.search(rf"^{letter}:([^%\n]*)", head, re.MULTILINE)
    return found[1].strip() if found else ""


def tempo_bpm(tune: str, header: TuneHeader) -> float:
    """The quarter notes a minute that `Q:` tells: "1/4=120", "3/8 = 60", "120" or `"Slow" 1/4=60`."""
    told = re.sub(r'"[^"]*"', "", _header_field("Q", tune))
    beats, equals, number = told.rpartition("=")
    lengths = re.findall(r"(\d+)/(\d+)", beats)
    if not re.fullmatch(r"\s*\d{1,4}\s*", number) or any(int(under) == 0 for _, under in lengths):
        return DEFAULT_BPM
    beat = sum((Fraction(int(over), int(under)) for over, under in lengths), Fraction(0))
    if not lengths:
        times = re.search(r"\d+", beats)
        beat = header.unit * (int(times[0]) if equals and times else 1)
    bpm = float(4 * beat * int(number))
    low, high = range_of("bpm")
    return bpm if low <= bpm <= high else DEFAULT_BPM


def _build_song(path: Path, played: UnrolledTune, title: str, bpm: float) -> MidiSong:
    beat_us = round(60e6 / bpm)
    time = Timeline(TICKS_PER_BEAT, (Tempo(0, beat_us),), _meters(played))
    notes = tuple(
        TickNote(_tick_at(note.start), _tick_at(note.end), note.pitch, _VELOCITY, 1, 0) for note in played.notes
    )
    meters = ((meter.tick, _meter_event(meter)) for meter in time.meters)
    told = [(0, meta_event(TRACK_NAME, title.encode())), (0, meta_event(TEMPO, beat_us.to_bytes(3))), *meters]
    part = part_body(title, 0, PIANO_PROGRAM, [(note.start, note.end, note.pitch, note.velocity) for note in notes])
    names = (title, title)
    chunks = (track_body(told), part)
    return MidiSong(path, notes, _quantized_phrase(notes, names, time, played), time, names, TICKS_PER_BEAT, chunks)


def _quantized_phrase(notes: Sequence[TickNote], names: Sequence[str], time: Timeline, played: UnrolledTune) -> Phrase:
    """The tune to its end on the grid of 16ths; a note too short for it is left out."""
    bar, end = round(played.last_header.meter * STEPS_PER_WHOLE_NOTE), round(played.end)
    lasting = [note for note in notes if time.step_at_tick(note.end) > time.step_at_tick(note.start)]
    position = (round(played.last_bar_steps) - end) % bar
    return replace(phrase_from_ticks(lasting, names, time), steps=end, steps_per_bar=bar, position=position)


def _meters(played: UnrolledTune) -> tuple[Meter, ...]:
    """The meters by tick, the pickup's own before the others."""
    found = {_tick_at(at): Meter(_tick_at(at), *map(int, word.split("/"))) for at, word in played.meters}
    if played.pickup and played.pickup.denominator == 1:
        after = _tick_at(played.pickup)
        found[after] = replace(found[0], tick=after)
        found[0] = meter_from_steps(int(played.pickup))
    return tuple(found[tick] for tick in sorted(found))


def _meter_event(meter: Meter) -> bytes:
    return meta_event(TIME_SIGNATURE, bytes((meter.numerator, meter.denominator.bit_length() - 1, 24, 8)))


def _tick_at(steps: Fraction) -> int:
    return round(steps * TICKS_PER_BEAT / STEPS_PER_BEAT)
