"""`bachbridge text IN.mid -o OUT.txt`, and back: a MIDI file's notes as text that a person can read and edit.

The format is that of `codecs.keys88`. Notes go to the nearest line of a grid with a given number of steps to a quarter
note (`--grid`), their ends to the nearest line after that. The text states neither its grid nor a tempo: both are given
on the way back.

A name that ends in `.abc` is a tune in ABC, which states both itself: it becomes MIDI or text, or is written from MIDI
(see `abc_output`).
"""

import sys
from pathlib import Path

from bachbridge.atomic_files import atomic_output, check_output_path, read_limited_bytes
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.formats import writers
from bachbridge.cli.transform.formats.writers import MIDI_SUFFIXES, FinishedMusic, quantize_notes
from bachbridge.cli.transform.inputs import SourceMusic, is_abc, is_score, is_song_file, read_source
from bachbridge.codecs.keys88 import text as keys88_text
from bachbridge.errors import BachBridgeError, ConfigError, MidiFileError
from bachbridge.files.abc_song import ABC_SUFFIX, read_song
from bachbridge.files.midi_reader import MAX_BEATS, MAX_BYTES, MidiSong
from bachbridge.files.midi_writer import TICKS_PER_BEAT, conductor_track, part_track, write_tracks
from bachbridge.files.score_layout import song_notes
from bachbridge.files.smf import encode_file
from bachbridge.files.smf_container import MAX_NOTES, holds_midi
from bachbridge.music.general_midi import PIANO_PROGRAM
from bachbridge.music.notes import NS_PER_MINUTE, STEPS_PER_BEAT, Phrase
from bachbridge.music.timeline import DEFAULT_BPM
from bachbridge.settings import range_of

MAX_STEPS_PER_BEAT = 24
TEXT_SUFFIXES = ("", ".txt")


def convert_file(
    source: Path,
    target: Path | None,
    *,
    steps_per_beat: int,
    bpm: float | None = None,
    tune_number: int | None = None,
) -> None:
    """Write a MIDI file as text to `target` (None: to standard output), or text as a MIDI file.

    `bpm` is the tempo of a MIDI file that is written; None stands for the source's tempo, or 120 if it states none.
    `tune_number` is the `X:` of the tune to read in an ABC file; None stands for the first.
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
        tune = read_song(source, bpm, tune_number)
        _convert_song(SourceMusic(tune.song, tune), target, steps_per_beat)
        return
    is_song = is_song_file(source)
    data = b"" if is_song else read_limited_bytes(source, MAX_BYTES, BachBridgeError)
    if is_song or holds_midi(data) or is_score(source):
        _convert_song(read_source(source), target, steps_per_beat)
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


def _write_midi_as_abc(source: SourceMusic, target: Path) -> None:
    with atomic_output(target) as scratch:
        scratch.write_text(abc_output.song_as_abc(source), encoding="utf-8", newline="\n")
    print(f"wrote {target}: {len(source.song.notes)} notes in 16ths")


# ---------------------------------------------------------------- music to text and to other formats


def _convert_song(source: SourceMusic, target: Path | None, steps_per_beat: int) -> None:
    """Write the music in the format of the target's name; a name without an ending is a text's."""
    if target is None or target.suffix.lower() in TEXT_SUFFIXES:
        _write_keys_text(source.song, target, steps_per_beat)
        return
    writers.check_format(target)
    path = source.song.path
    if _is_midi(target) and _is_midi(path):
        raise ConfigError(f"{path} is MIDI already and becomes text: give -o the name of a text, such as OUT.txt.")
    if is_abc(target):
        _write_midi_as_abc(source, target)
    else:
        _write_song(source, target)


def _write_song(source: SourceMusic, target: Path) -> None:
    song = source.song
    bars = tuple(song.timeline.bars(song.phrase.steps))
    writers.check_length(target, bars)
    midi = encode_file(song.division, song.track_bodies)
    music = FinishedMusic(midi, song_notes(song), bars, source.title)
    with atomic_output(target) as scratch:
        scratch.write_bytes(writers.encode_music(target, music))
    print(f"wrote {target}: {len(song.notes)} notes at {60e6 / song.timeline.beat_us_at(0):.4g} bpm")


def _write_keys_text(song: MidiSong, target: Path | None, steps_per_beat: int) -> None:
    phrase = quantize_notes(song.notes, song.timeline.ticks_per_beat, steps_per_beat)
    text = keys88_text.phrase_to_text(phrase)
    if target is None:
        sys.stdout.write(text)
        return
    with atomic_output(target) as scratch:
        scratch.write_text(text, encoding="ascii", newline="\n")
    print(f"wrote {target}: {phrase.steps} lines, {steps_per_beat} to a quarter note{_loss_text(phrase, text)}")


def _loss_text(phrase: Phrase, text: str) -> str:
    """Say which notes the text does not keep, as the end of a sentence; empty if it keeps all."""
    merged = len(phrase.notes) - len(keys88_text.text_to_phrase(text).notes)
    beyond = sum(not keys88_text.LOWEST_PITCH <= note.pitch <= keys88_text.HIGHEST_PITCH for note in phrase.notes)
    merged_text = f"; notes merged with another that begins on the same key: {merged}" if merged else ""
    return merged_text + (f"; notes beyond the piano, moved to its nearest octave: {beyond}" if beyond else "")


# ---------------------------------------------------------------- text to MIDI


def _write_text_as_midi(source: Path, data: bytes, target: Path | None, steps_per_beat: int, bpm: float) -> None:
    if data.count(b"\n") > MAX_BEATS * steps_per_beat:
        raise BachBridgeError(f"{source} is over {MAX_BEATS} quarter notes long: cut it into shorter texts.")
    phrase = _parse_keys_text(source, data)
    if len(phrase.notes) > MAX_NOTES:
        raise BachBridgeError(f"{source} has over {MAX_NOTES:,} notes: cut it into shorter texts.")
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
        phrase = keys88_text.text_to_phrase(text)
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
