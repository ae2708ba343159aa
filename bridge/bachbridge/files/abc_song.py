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
from bachbridge.codecs.abc.reader import STEPS, Header
from bachbridge.codecs.abc.repeats import Playing, playing
from bachbridge.engine.session_log import TICKS_PER_BEAT
from bachbridge.errors import TuneError
from bachbridge.files.abc_reader import read_abc
from bachbridge.files.midi_reader import MAX_BEATS, MidiSong
from bachbridge.files.smf import METER, TEMPO, TRACK_NAME, file_bytes, meta, part_chunk, track_chunk
from bachbridge.music.general_midi import PIANO
from bachbridge.music.notes import STEPS_PER_BEAT, Phrase
from bachbridge.music.timeline import DEFAULT_BPM, Meter, Tempo, TickNote, Timeline, phrase, plain_meter
from bachbridge.settings import LIMITS

SUFFIX = ".abc"
_VELOCITY = 80


@dataclass(frozen=True, slots=True)
class AbcSong:
    """The first tune of a file: as a song, as text, and what of its header holds at the end."""

    song: MidiSong
    text: str
    title: str
    closing: Header
    tunes: int = 1
    """How many the file holds."""


def read_song(path: Path, bpm: float | None = None) -> AbcSong:
    """The first tune of the file at `path`; at `bpm` quarter notes a minute, if they are given. Raises `TuneError`."""
    tunes = read_abc(path)
    return replace(song_of(tunes[0], path, bpm), tunes=len(tunes))


def song_of(tune: str, path: Path, bpm: float | None = None) -> AbcSong:
    """The same of a tune that stands in the file at `path`, or is to stand there."""
    text = normal_form.with_plain_ties(tune)
    try:
        played = playing(text)
    except TuneError as error:
        raise TuneError(f"{path} cannot be read as ABC: {error}") from error
    if not played.notes:
        raise TuneError(f"{path} holds no notes: give a tune with notes.")
    if played.end > MAX_BEATS * STEPS_PER_BEAT:
        raise TuneError(f"{path} is over {MAX_BEATS} quarter notes long: cut it into shorter tunes.")
    title = _field("T", text) or path.stem
    song = _song(path, played, title, bpm or tempo_of(text, played.opening))
    return AbcSong(song, tune, title, played.closing)


def medley(songs: Sequence[MidiSong], title: str, program: int) -> bytes:
    """A MIDI file of songs in ABC, one after another with a bar's rest between two, at the tempo of the first."""
    told: list[tuple[int, bytes]] = []
    rows: list[tuple[int, int, int, int]] = []
    at = 0
    for song in songs:
        told += ((at + meter.tick, _event(meter)) for meter in song.time.meters)
        rows += ((at + note.start, at + note.end, note.pitch, note.velocity) for note in song.notes)
        at += song.time.tick(song.phrase.steps + song.phrase.steps_per_bar)
    tempo = meta(TEMPO, songs[0].time.beat_us(0).to_bytes(3))
    conductor = track_chunk([(0, meta(TRACK_NAME, title.encode())), (0, tempo), *told])
    return file_bytes(TICKS_PER_BEAT, [conductor, part_chunk(title, 0, program, rows)])


def _field(letter: str, tune: str) -> str:
    """What a line of the header says; "" if there is none."""
    head = re.split(r"^K:", tune, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.search(rf"^{letter}:([^%\n]*)", head, re.MULTILINE)
    return found[1].strip() if found else ""


def tempo_of(tune: str, header: Header) -> float:
    """The quarter notes a minute that `Q:` tells: "1/4=120", "3/8 = 60", "120" or `"Slow" 1/4=60`."""
    told = re.sub(r'"[^"]*"', "", _field("Q", tune))
    beats, equals, number = told.rpartition("=")
    lengths = re.findall(r"(\d+)/(\d+)", beats)
    if not re.fullmatch(r"\s*\d{1,4}\s*", number) or any(int(under) == 0 for _, under in lengths):
        return DEFAULT_BPM
    beat = sum((Fraction(int(over), int(under)) for over, under in lengths), Fraction(0))
    if not lengths:
        times = re.search(r"\d+", beats)
        beat = header.unit * (int(times[0]) if equals and times else 1)
    bpm = float(4 * beat * int(number))
    low, high = LIMITS["bpm"]
    return bpm if low <= bpm <= high else DEFAULT_BPM


def _song(path: Path, played: Playing, title: str, bpm: float) -> MidiSong:
    beat_us = round(60e6 / bpm)
    time = Timeline(TICKS_PER_BEAT, (Tempo(0, beat_us),), _meters(played))
    notes = tuple(TickNote(_tick(note.start), _tick(note.end), note.pitch, _VELOCITY, 1, 0) for note in played.notes)
    meters = ((meter.tick, _event(meter)) for meter in time.meters)
    told = [(0, meta(TRACK_NAME, title.encode())), (0, meta(TEMPO, beat_us.to_bytes(3))), *meters]
    part = part_chunk(title, 0, PIANO, [(note.start, note.end, note.pitch, note.velocity) for note in notes])
    names = (title, title)
    chunks = (track_chunk(told), part)
    return MidiSong(path, notes, _gridded(notes, names, time, played), time, names, TICKS_PER_BEAT, chunks)


def _gridded(notes: Sequence[TickNote], names: Sequence[str], time: Timeline, played: Playing) -> Phrase:
    """The tune to its end on the grid of 16ths; a note too short for it is left out."""
    bar, end = round(played.closing.meter * STEPS), round(played.end)
    lasting = [note for note in notes if time.step(note.end) > time.step(note.start)]
    position = (round(played.into) - end) % bar
    return replace(phrase(lasting, names, time), steps=end, steps_per_bar=bar, position=position)


def _meters(played: Playing) -> tuple[Meter, ...]:
    """The meters by tick, the pickup's own before the others."""
    found = {_tick(at): Meter(_tick(at), *map(int, word.split("/"))) for at, word in played.meters}
    if played.pickup and played.pickup.denominator == 1:
        after = _tick(played.pickup)
        found[after] = replace(found[0], tick=after)
        found[0] = plain_meter(int(played.pickup))
    return tuple(found[tick] for tick in sorted(found))


def _event(meter: Meter) -> bytes:
    return meta(METER, bytes((meter.numerator, meter.denominator.bit_length() - 1, 24, 8)))


def _tick(steps: Fraction) -> int:
    return round(steps * TICKS_PER_BEAT / STEPS_PER_BEAT)
