"""`bachbridge text IN.mid -o OUT.txt`, and back: a MIDI file's notes as text that a person can read and edit.

The form is `codecs.keys88`'s. Notes go to the nearest line of a grid of so many steps to a quarter note (`--grid`),
their ends to the nearest line after that. The text does not tell its grid, nor a tempo: on the way back both are given.

A name that ends in `.abc` is a tune in ABC, which tells both itself: it becomes MIDI or such a text, or is written from
MIDI (`tuneout`).
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from bachbridge.atomic_files import bytes_of, check_place, whole_file
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.inputs import MIDI, Source, is_abc
from bachbridge.codecs import keys88
from bachbridge.engine.session_log import TICKS_PER_BEAT
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError
from bachbridge.files.abc_song import SUFFIX, read_song
from bachbridge.files.midi_reader import MAX_BEATS, MAX_BYTES, MidiSong, read_midi
from bachbridge.files.smf import TEMPO, file_bytes, meta, part_chunk, track_chunk
from bachbridge.music.general_midi import PIANO
from bachbridge.music.notes import NS_PER_MINUTE, STEPS_PER_BEAT, Note, Phrase
from bachbridge.music.timeline import DEFAULT_BPM, TickNote
from bachbridge.settings import LIMITS

MAX_GRID = 24


def convert(source: Path, target: Path | None, *, grid: int, bpm: float | None = None) -> None:
    """Write a MIDI file as text to `target` (None: to the standard output), or a text as MIDI.

    `bpm`: the tempo of what is written as MIDI, where the text does not tell another, or instead of that.
    """
    if not 1 <= grid <= MAX_GRID:
        raise ConfigError(f"cannot write {grid} steps to a quarter note: give --grid a number from 1 to {MAX_GRID}.")
    low, high = LIMITS["bpm"]
    if bpm is not None and not low <= bpm <= high:
        raise ConfigError(f"cannot play at {bpm:g} bpm: give --bpm a number from {low:g} to {high:g}.")
    if target is not None:
        check_place(target)
    if target is not None and SUFFIX in (source.suffix.lower(), target.suffix.lower()):
        _check_tune(source, target, grid)
    if is_abc(source):
        song = read_song(source, bpm).song
        if target is not None and target.suffix.lower() in MIDI:
            _write_song(song, target)
        else:
            _write_text(song, target, grid)
        return
    named = source.suffix.lower() in MIDI
    data = b"" if named else bytes_of(source, MAX_BYTES, BachBridgeError)
    if named or data.startswith(b"MThd"):
        _write_from_midi(source, target, grid)
    else:
        _write_midi(source, data, target, grid, bpm or DEFAULT_BPM)


# ---------------------------------------------------------------- tunes in ABC


def _check_tune(source: Path, target: Path, grid: int) -> None:
    """Whether the one can become the other, where one of them is a tune."""
    if is_abc(source) and is_abc(target):
        raise ConfigError(f"{source} is ABC already: give -o the name of a MIDI file, such as OUT.mid.")
    if grid != STEPS_PER_BEAT and (is_abc(target) or target.suffix.lower() in MIDI):
        raise ConfigError("a tune in ABC tells its own lengths, down to 16ths: leave --grid out.")


def _write_song(song: MidiSong, target: Path) -> None:
    with whole_file(target) as scratch:
        scratch.write_bytes(file_bytes(song.division, song.chunks))
    print(f"wrote {target}: {len(song.notes)} notes at {60e6 / song.time.beat_us(0):.4g} bpm")


def _write_tune(song: MidiSong, target: Path) -> None:
    with whole_file(target) as scratch:
        scratch.write_text(abc_output.written(Source(song)), encoding="utf-8", newline="\n")
    print(f"wrote {target}: {len(song.notes)} notes in 16ths")


# ---------------------------------------------------------------- MIDI to text


def _write_from_midi(source: Path, target: Path | None, grid: int) -> None:
    if target is not None and target.suffix.lower() in MIDI:
        raise ConfigError(f"{source} is MIDI already and becomes text: give -o the name of a text, such as OUT.txt.")
    if target is not None and is_abc(target):
        _write_tune(read_midi(source), target)
    else:
        _write_text(read_midi(source), target, grid)


def _write_text(song: MidiSong, target: Path | None, grid: int) -> None:
    """A song as the text of its keys."""
    phrase = gridded(song.notes, song.time.ticks_per_beat, grid)
    text = keys88.text(phrase)
    if target is None:
        sys.stdout.write(text)
        return
    with whole_file(target) as scratch:
        scratch.write_text(text, encoding="ascii", newline="\n")
    print(f"wrote {target}: {phrase.steps} lines, {grid} to a quarter note{_lost(phrase, text)}")


def gridded(notes: Iterable[TickNote], ticks_per_beat: int, grid: int) -> Phrase:
    """The notes on a grid of `grid` steps to a quarter note, from tick 0 to the end of the last."""

    def step(tick: int) -> int:
        return (2 * tick * grid + ticks_per_beat) // (2 * ticks_per_beat)

    placed = [
        Note(step(note.start), max(1, step(note.end) - step(note.start)), note.pitch, note.velocity) for note in notes
    ]
    return Phrase(tuple(placed), max(note.end for note in placed))


def _lost(phrase: Phrase, text: str) -> str:
    """What the text does not tell apart, in words."""
    shared = len(phrase.notes) - len(keys88.phrase(text).notes)
    beyond = sum(not keys88.LOWEST <= note.pitch <= keys88.HIGHEST for note in phrase.notes)
    told = f"; notes that begin together with another on its key: {shared}" if shared else ""
    return told + (f"; notes beyond the piano, in its nearest octave: {beyond}" if beyond else "")


# ---------------------------------------------------------------- text to MIDI


def _write_midi(source: Path, data: bytes, target: Path | None, grid: int, bpm: float) -> None:
    phrase = _read(source, data)
    if phrase.steps > MAX_BEATS * grid:
        raise BachBridgeError(f"{source} is over {MAX_BEATS} quarter notes long: cut it into shorter texts.")
    if target is None or target.suffix.lower() not in MIDI:
        raise ConfigError(f"{source} is text and becomes MIDI: give -o the name of a MIDI file, such as OUT.mid.")
    tempo = track_chunk([(0, meta(TEMPO, round(NS_PER_MINUTE / 1000 / bpm).to_bytes(3)))])
    rows = [(_tick(n.start, grid), _tick(n.end, grid), n.pitch, n.velocity) for n in phrase.notes]
    with whole_file(target) as scratch:
        scratch.write_bytes(file_bytes(TICKS_PER_BEAT, [tempo, part_chunk("Piano", 0, PIANO, rows)]))
    print(f"wrote {target}: {len(phrase.notes)} notes, {phrase.steps} steps, {grid} to a quarter note")


def _read(source: Path, data: bytes) -> Phrase:
    try:
        # Editors of other systems end lines in other ways.
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        phrase = keys88.phrase(text)
    except UnicodeDecodeError as error:
        raise BachBridgeError(
            f"{source} is neither MIDI nor text: give a MIDI file, or a text that `bachbridge text` wrote."
        ) from error
    except ConfigError as error:
        raise BachBridgeError(f"{source}, {error}") from error
    if not phrase.notes:
        raise MidiFileError(f"{source} holds no notes: write the characters of keys into its lines.")
    return phrase


def _tick(step: int, grid: int) -> int:
    return (2 * step * TICKS_PER_BEAT + grid) // (2 * grid)
