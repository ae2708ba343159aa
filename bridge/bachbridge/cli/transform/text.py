"""`bachbridge text IN.mid -o OUT.txt`, and back: a MIDI file's notes as text that a person can read and edit.

The format is that of `codecs.keys88`. Notes go to the nearest line of a grid with a given number of steps to a quarter
note (`--grid`), their ends to the nearest line after that. The text states neither its grid nor a tempo: both are given
on the way back.

A name that ends in `.abc` is a tune in ABC, which states both itself: it becomes MIDI or text, or is written from MIDI
(see `abc_output`).
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from bachbridge.atomic_files import atomic_output, check_output_path, read_limited_bytes
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.inputs import MIDI_SUFFIXES, SourceMusic, is_abc, read_midi_or_warn
from bachbridge.codecs import keys88
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError
from bachbridge.files.abc_song import ABC_SUFFIX, read_song
from bachbridge.files.midi_reader import MAX_BEATS, MAX_BYTES, MidiSong
from bachbridge.files.midi_writer import TICKS_PER_BEAT, conductor_track, part_track, write_tracks
from bachbridge.files.smf import encode_file
from bachbridge.music.general_midi import PIANO_PROGRAM
from bachbridge.music.notes import NS_PER_MINUTE, STEPS_PER_BEAT, Note, Phrase
from bachbridge.music.timeline import DEFAULT_BPM, TickNote
from bachbridge.settings import range_of

MAX_STEPS_PER_BEAT = 24


def convert_file(source: Path, target: Path | None, *, steps_per_beat: int, bpm: float | None = None) -> None:
    """Write a MIDI file as text to `target` (None: to standard output), or text as a MIDI file.

    `bpm` is the tempo of a MIDI file that is written; None stands for the source's tempo, or 120 if it states none.
    """
    if not 1 <= steps_per_beat <= MAX_STEPS_PER_BEAT:
        raise ConfigError(
            f"cannot write {steps_per_beat} steps to a quarter note: "
            f"give --grid a number from 1 to {MAX_STEPS_PER_BEAT}."
        )
    low, high = range_of("bpm")
    if bpm is not None and not low <= bpm <= high:
        raise ConfigError(f"cannot play at {bpm:g} bpm: give --bpm a number from {low:g} to {high:g}.")
    if target is not None:
        check_output_path(target)
    if target is not None and ABC_SUFFIX in (source.suffix.lower(), target.suffix.lower()):
        _check_abc_conversion(source, target, steps_per_beat)
    if is_abc(source):
        song = read_song(source, bpm).song
        if target is not None and _is_midi(target):
            _write_abc_as_midi(song, target)
        else:
            _write_keys_text(song, target, steps_per_beat)
        return
    data = b"" if _is_midi(source) else read_limited_bytes(source, MAX_BYTES, BachBridgeError)
    if _is_midi(source) or data.startswith(b"MThd"):
        _convert_midi(source, target, steps_per_beat)
    else:
        _write_text_as_midi(source, data, target, steps_per_beat, bpm or DEFAULT_BPM)


def _is_midi(path: Path) -> bool:
    return path.suffix.lower() in MIDI_SUFFIXES


# ---------------------------------------------------------------- tunes in ABC


def _check_abc_conversion(source: Path, target: Path, steps_per_beat: int) -> None:
    """Raise `ConfigError` if the source cannot become the target, one of which is ABC."""
    if is_abc(source) and is_abc(target):
        raise ConfigError(f"{source} is ABC already: give -o the name of a MIDI file, such as OUT.mid.")
    if steps_per_beat != STEPS_PER_BEAT and (is_abc(target) or _is_midi(target)):
        raise ConfigError("ABC states the lengths of its notes itself, down to 16ths: leave --grid out.")


def _write_abc_as_midi(song: MidiSong, target: Path) -> None:
    with atomic_output(target) as scratch:
        scratch.write_bytes(encode_file(song.division, song.track_bodies))
    print(f"wrote {target}: {len(song.notes)} notes at {60e6 / song.timeline.beat_us_at(0):.4g} bpm")


def _write_midi_as_abc(song: MidiSong, target: Path) -> None:
    with atomic_output(target) as scratch:
        scratch.write_text(abc_output.song_as_abc(SourceMusic(song)), encoding="utf-8", newline="\n")
    print(f"wrote {target}: {len(song.notes)} notes in 16ths")


# ---------------------------------------------------------------- MIDI to text


def _convert_midi(source: Path, target: Path | None, steps_per_beat: int) -> None:
    if target is not None and _is_midi(target):
        raise ConfigError(f"{source} is MIDI already and becomes text: give -o the name of a text, such as OUT.txt.")
    if target is not None and is_abc(target):
        _write_midi_as_abc(read_midi_or_warn(source), target)
    else:
        _write_keys_text(read_midi_or_warn(source), target, steps_per_beat)


def _write_keys_text(song: MidiSong, target: Path | None, steps_per_beat: int) -> None:
    phrase = quantize_notes(song.notes, song.timeline.ticks_per_beat, steps_per_beat)
    text = keys88.phrase_to_text(phrase)
    if target is None:
        sys.stdout.write(text)
        return
    with atomic_output(target) as scratch:
        scratch.write_text(text, encoding="ascii", newline="\n")
    print(f"wrote {target}: {phrase.steps} lines, {steps_per_beat} to a quarter note{_loss_text(phrase, text)}")


def quantize_notes(notes: Iterable[TickNote], ticks_per_beat: int, steps_per_beat: int) -> Phrase:
    """Put the notes on a grid of `steps_per_beat` steps to a quarter note, from tick 0 to the end of the last note."""

    def step(tick: int) -> int:
        return (2 * tick * steps_per_beat + ticks_per_beat) // (2 * ticks_per_beat)

    placed = [
        Note(step(note.start), max(1, step(note.end) - step(note.start)), note.pitch, note.velocity) for note in notes
    ]
    return Phrase(tuple(placed), max(note.end for note in placed))


def _loss_text(phrase: Phrase, text: str) -> str:
    """Say which notes the text does not keep, as the end of a sentence; empty if it keeps all."""
    merged = len(phrase.notes) - len(keys88.text_to_phrase(text).notes)
    beyond = sum(not keys88.LOWEST_PITCH <= note.pitch <= keys88.HIGHEST_PITCH for note in phrase.notes)
    merged_text = f"; notes merged with another that begins on the same key: {merged}" if merged else ""
    return merged_text + (f"; notes beyond the piano, moved to its nearest octave: {beyond}" if beyond else "")


# ---------------------------------------------------------------- text to MIDI


def _write_text_as_midi(source: Path, data: bytes, target: Path | None, steps_per_beat: int, bpm: float) -> None:
    phrase = _parse_keys_text(source, data)
    if phrase.steps > MAX_BEATS * steps_per_beat:
        raise BachBridgeError(f"{source} is over {MAX_BEATS} quarter notes long: cut it into shorter texts.")
    if target is None or not _is_midi(target):
        raise ConfigError(f"{source} is text and becomes MIDI: give -o the name of a MIDI file, such as OUT.mid.")
    rows = [
        (_tick_at_step(n.start, steps_per_beat), _tick_at_step(n.end, steps_per_beat), n.pitch, n.velocity)
        for n in phrase.notes
    ]
    conductor = conductor_track("", round(NS_PER_MINUTE / 1000 / bpm))
    write_tracks(target, [conductor, part_track("Piano", 0, PIANO_PROGRAM, rows)])
    print(f"wrote {target}: {len(phrase.notes)} notes, {phrase.steps} steps, {steps_per_beat} to a quarter note")


def _parse_keys_text(source: Path, data: bytes) -> Phrase:
    try:
        # Editors on other systems end lines differently.
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        phrase = keys88.text_to_phrase(text)
    except UnicodeDecodeError as error:
        raise BachBridgeError(
            f"{source} is neither MIDI nor text: give a MIDI file, or a text that `bachbridge text` wrote."
        ) from error
    except ConfigError as error:
        raise BachBridgeError(f"{source}, {error}") from error
    if not phrase.notes:
        raise MidiFileError(f"{source} holds no notes: write the characters of keys into its lines.")
    return phrase


def _tick_at_step(step: int, steps_per_beat: int) -> int:
    return (2 * step * TICKS_PER_BEAT + steps_per_beat) // (2 * steps_per_beat)
