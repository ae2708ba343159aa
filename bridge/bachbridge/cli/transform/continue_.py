"""`bachbridge continue IN.mid -o OUT.mid`: the file's music, and after its last bar line what a model makes of it.

The original's tracks are copied byte for byte, so that every event keeps its tick, and with them the tempo and the
meter; the answer comes in a track more for each of its voices, on channels that the file does not use while there are
such. Either file may be a tune in ABC (`source`, `tuneout`).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.inputs import is_abc_output, read_source
from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.errors import ConfigError, MidiFileError, ModelError
from bachbridge.files.midi_reader import MAX_TRACKS, MidiSong
from bachbridge.files.smf import encode_file, part_body
from bachbridge.inference.host import LiveModel, load_model
from bachbridge.inference.runtime import library
from bachbridge.music.notes import VOICES, Note, Phrase, keep_longest_notes
from bachbridge.protocol.events import Ask
from bachbridge.settings import Settings

_MAX_PROMPT_BARS = 32
"""What a model is shown of a long file: its end. It is also the longest answer that nobody asked for in bars."""
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
) -> None:
    """Write to `target` the music of `source` and its continuation by `bars` bars, or by as many as it was shown."""
    if bars is not None and not 1 <= bars <= _MAX_BARS:
        raise ConfigError(f"cannot continue by {bars} bars: choose from 1 to {_MAX_BARS}.")
    check_output_path(target)
    as_tune, music = is_abc_output(target), read_source(source)
    song = music.song
    if not as_tune and len(song.track_bodies) + len(VOICES) > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES)} more tracks: remove some of its tracks.")
    prompt = prompt_from_phrase(song.phrase, music.steps_into_bar)
    ask = Ask(
        ask=1,
        task="continue",
        model=model,
        prompt=prompt,
        steps=bars * prompt.steps_per_bar if bars else prompt.steps,
        temperature=temperature,
        top_p=Settings().top_p,
        seed=seed,
        key=music.key_number,
    )
    notes = _generate_answer(load_continuation_model(model), ask)
    text = abc_output.abc_with_answer(music, notes, ask.steps).encode() if as_tune else None
    with atomic_output(target) as scratch:
        scratch.write_bytes(text or midi_with_answer(song, notes, program))
    answered = ask.steps // prompt.steps_per_bar
    print(f"wrote {target}: {len(song.notes)} notes and {answered} bars of answer with {len(notes)} notes")


def load_continuation_model(name: str) -> LiveModel:
    """The model of that name, if it is one that can continue; raises `ModelError`."""
    model = load_model(name)
    if "continue" not in model.tasks:
        others = [other for other in library.model_names() if "continue" in library.find_card(other).tasks]
        there_are = ", ".join(others) or "none is installed"
        raise ModelError(f"the model {name!r} cannot continue: choose one that can with --model ({there_are}).")
    return model


def _generate_answer(model: LiveModel, ask: Ask) -> tuple[Note, ...]:
    """The answer's notes; tells on standard error how far it is, as far as the model does."""
    notes: list[Note] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("continuing", total=None)
        for answer in model.generate(ask):
            if answer:
                notes += answer.notes
                progress.update(task, total=ask.steps, completed=answer.until)
    return keep_longest_notes(notes)


def prompt_from_phrase(phrase: Phrase, steps_into_bar: int = 0) -> Phrase:
    """The last bars of the phrase, from the bar in which its music begins; it ends `into` steps after a bar line."""
    bar, line = phrase.steps_per_bar, phrase.steps - steps_into_bar
    first = min((note.start for note in phrase.notes), default=0)
    # Bars are counted back from the end, which is where it is in a bar in whatever meter the music ends.
    skipped = max(line - _MAX_PROMPT_BARS * bar, first - (first - line) % bar, 0)
    kept = tuple(replace(note, start=note.start - skipped) for note in phrase.notes if note.start >= skipped)
    return Phrase(kept, phrase.steps - skipped, bar, (skipped - line) % bar)


def midi_with_answer(song: MidiSong, notes: Sequence[Note], program: int = ANSWER_PROGRAM) -> bytes:
    """The file's bytes with the answer's tracks appended; step 0 of `notes` is the phrase's end."""
    voices = sorted({note.voice for note in notes})
    names = [f"BachBridge {VOICES[voice]}" for voice in voices] if len(voices) > 1 else ["BachBridge"]
    tracks: list[bytes] = []
    for voice, name, channel in zip(voices, names, free_channels(song, len(voices)), strict=False):
        rows = [_note_in_ticks(song, note) for note in notes if note.voice == voice]
        tracks.append(part_body(name, channel, program, rows))
    return encode_file(song.division, [*song.track_bodies, *tracks])


def free_channels(song: MidiSong, count: int) -> list[int]:
    """Channels that the file does not use, and then others, never the percussion's."""
    used = {note.channel for note in song.notes} | {_PERCUSSION_CHANNEL}
    channels = [channel for channel in range(16) if channel not in used][:count]
    return channels + [channel for channel in range(16) if channel != _PERCUSSION_CHANNEL][: count - len(channels)]


def _note_in_ticks(song: MidiSong, note: Note) -> tuple[int, int, int, int]:
    """Start and end in ticks, pitch and velocity of a note of the answer."""
    time, origin = song.timeline, song.phrase.steps
    line = time.tick_at_step(origin + note.start)
    away = note.offset_ns * time.ticks_per_beat / (time.beat_us_at(line) * 1000)
    return max(0, round(line + away)), time.tick_at_step(origin + note.end), note.pitch, note.velocity
