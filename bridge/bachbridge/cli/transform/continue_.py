"""`bachbridge continue IN.mid -o OUT.mid`: the file's music, followed after its last bar line by a model's answer.

The original tracks are copied byte for byte, so that every event keeps its tick, and with them tempo and meter. The
answer adds one track for each of its voices, on channels that the file does not use as long as there are any. Either
file may be a tune in ABC (see `inputs` and `abc_output`).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.formats import writers
from bachbridge.cli.transform.formats.writers import FinishedMusic
from bachbridge.cli.transform.inputs import SourceMusic, read_source, unsuitable_model_error
from bachbridge.console import make_progress
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.files.abc_song import ABC_SUFFIX
from bachbridge.files.midi_reader import MAX_TRACKS, MidiSong
from bachbridge.files.midi_writer import NoteRow, part_body
from bachbridge.files.score_layout import song_notes
from bachbridge.files.smf import encode_file
from bachbridge.files.staff_voices import split_into_voices
from bachbridge.inference.loading import load_model
from bachbridge.inference.runtime.protocols import Generator
from bachbridge.music.general_midi import ANSWER_PROGRAM
from bachbridge.music.notes import VOICES, Note, Phrase, keep_longest_notes, key_to_number
from bachbridge.music.tonality.key_names import parse_key
from bachbridge.process import limits
from bachbridge.protocol.effects import Ask
from bachbridge.settings import Settings

_MAX_PROMPT_BARS = 32
"""Bars at the end of a long file that the model is given; also the longest answer without `--bars`."""
_MAX_BARS = 1000
_PERCUSSION_CHANNEL = 9


def continue_file(
    source: Path,
    target: Path,
    *,
    bars: int | None,
    temperature: float,
    seed: int,
    model: str,
    program: int = ANSWER_PROGRAM,
    key: str = "auto",
    close: str = "cadence",
) -> None:
    """Write to `target` the music of `source` and its continuation of `bars` bars, or of the prompt's length.

    `key` "auto" is the key that the file states, or else the one that the notes show.
    """
    if bars is not None and not 1 <= bars <= _MAX_BARS:
        raise ConfigError(f"cannot continue by {bars} bars: give --bars a number from 1 to {_MAX_BARS}.")
    check_output_path(target)
    writers.check_format(target)
    music = read_source(source)
    song = music.song
    if len(song.track_bodies) + len(VOICES) > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES)} more tracks: remove some of its tracks.")
    voices = split_into_voices(song) or song
    prompt = prompt_from_phrase(voices.phrase, music.steps_into_bar)
    ask = Ask(
        ask=1,
        task="continue",
        model=model,
        prompt=prompt,
        steps=bars * prompt.steps_per_bar if bars else prompt.steps,
        temperature=temperature,
        top_p=Settings().top_p,
        seed=seed,
        key=music.key_number if key == "auto" else key_to_number(parse_key(key)),
        close=close,
    )
    notes = _generate_answer(load_continuation_model(model), ask)
    _write_with_answer(target, music, notes, ask.steps, program)
    answer_bars = ask.steps // prompt.steps_per_bar
    print(f"wrote {target}: {len(song.notes)} notes and {answer_bars} bars of answer with {len(notes)} notes")


def _write_with_answer(target: Path, music: SourceMusic, notes: Sequence[Note], steps: int, program: int) -> None:
    """Write the music and its answer of `steps` steps."""
    bars = abc_output.extended_song_bars(music.song, music.song.phrase.steps + steps)
    writers.check_length(target, bars)
    is_abc = target.suffix.lower() == ABC_SUFFIX
    finished = FinishedMusic(
        midi_with_answer(music.song, notes, program),
        song_notes(music.song, notes),
        bars,
        music.title,
        abc_text=abc_output.abc_with_answer(music, notes, steps) if is_abc else "",
    )
    with atomic_output(target) as scratch:
        scratch.write_bytes(writers.encode_music(target, finished))


def load_continuation_model(name: str) -> Generator:
    """Load a model that can continue; raises `ModelError`."""
    with limits.model_load_limits(name):
        model = load_model(name)
    if "continue" not in model.tasks:
        raise unsuitable_model_error(name, "cannot continue", lambda card: "continue" in card.tasks)
    return model


def _generate_answer(model: Generator, ask: Ask) -> tuple[Note, ...]:
    """Generate the answer's notes; shows a progress bar on standard error if the model reports progress."""
    notes: list[Note] = []
    with make_progress() as progress:
        task = progress.add_task("continuing", total=None)
        for answer in model.generate(ask):
            if answer:
                notes += answer.notes
                progress.update(task, total=ask.steps, completed=answer.until)
    return keep_longest_notes(notes)


def prompt_from_phrase(phrase: Phrase, steps_into_bar: int = 0) -> Phrase:
    """Return the last bars of the phrase, from the bar of its first note; it ends `steps_into_bar` after a bar line."""
    bar, last_bar_line = phrase.steps_per_bar, phrase.steps - steps_into_bar
    first = min((note.start for note in phrase.notes), default=0)
    # Bars are counted back from the end, because the meter may change before it.
    skipped = max(last_bar_line - _MAX_PROMPT_BARS * bar, first - (first - last_bar_line) % bar, 0)
    kept = tuple(replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return Phrase(kept, phrase.steps - skipped, bar, (skipped - last_bar_line) % bar)


def midi_with_answer(song: MidiSong, notes: Sequence[Note], program: int = ANSWER_PROGRAM) -> bytes:
    """Encode the file with the answer's tracks appended; step 0 of `notes` is the phrase's end."""
    voices = sorted({note.voice for note in notes})
    names = [f"BachBridge {VOICES[voice]}" for voice in voices] if len(voices) > 1 else ["BachBridge"]
    bodies: list[bytes] = []
    for voice, name, channel in zip(voices, names, free_channels(song, len(voices)), strict=False):
        rows = [_note_in_ticks(song, note) for note in notes if note.voice == voice]
        bodies.append(part_body(name, channel, program, rows))
    return encode_file(song.division, [*song.track_bodies, *bodies])


def free_channels(song: MidiSong, count: int) -> list[int]:
    """Return `count` channels: first those that nothing in the file uses, never the percussion channel.

    Channels of an MPE zone without notes come next, because what a controller does to its zone bends them.
    """
    used = {note.channel for note in song.notes}
    channels = [channel for channel in range(16) if channel != _PERCUSSION_CHANNEL]
    return sorted(channels, key=lambda channel: (channel in used, channel in song.reserved_channels))[:count]


def _note_in_ticks(song: MidiSong, note: Note) -> NoteRow:
    time, origin = song.timeline, song.phrase.steps
    grid_tick = time.tick_at_step(origin + note.start)
    offset = note.offset_ns * time.ticks_per_beat / (time.beat_us_at(grid_tick) * 1000)
    return max(0, round(grid_tick + offset)), time.tick_at_step(origin + note.end), note.pitch, note.velocity
