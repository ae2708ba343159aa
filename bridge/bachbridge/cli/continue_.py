"""`bachbridge continue IN.mid -o OUT.mid`: the file's music, and after its last bar line what a model makes of it.

The original's tracks are copied byte for byte, so that every event keeps its tick, and with them the tempo and the
meter; the answer comes in four tracks more, on channels that the file does not use while there are such.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bachbridge import library
from bachbridge.cli.infilling import CODEC
from bachbridge.config import Settings
from bachbridge.errors import ConfigError, MidiFileError
from bachbridge.events import Ask
from bachbridge.midifile import MAX_TRACKS, MidiSong, read_midi
from bachbridge.modelhost import Model, build
from bachbridge.music import VOICES, Note, Phrase, longest
from bachbridge.record import ANSWER_PROGRAM
from bachbridge.smf import file_bytes, part_chunk
from bachbridge.wholefile import check_place, whole_file

_PROMPT_BARS = 32
"""What a model is shown of a long file: its end. It is also the longest answer that nobody asked for in bars."""
_MAX_BARS = 1000
_AT_ONCE_BARS = 32
"""What an infilling model is asked for at once: it looks at all steps together."""
_PERCUSSION = 9


def continue_file(source: Path, target: Path, *, bars: int | None, temperature: float, seed: int, model: str) -> None:
    """Write to `target` the music of `source` and its continuation by `bars` bars, or by as many as it was shown."""
    if bars is not None and not 1 <= bars <= _MAX_BARS:
        raise ConfigError(f"cannot continue by {bars} bars: choose from 1 to {_MAX_BARS}.")
    check_place(target)
    song = read_midi(source)
    if len(song.chunks) + len(VOICES) > MAX_TRACKS:
        raise MidiFileError(f"{source} has no room for {len(VOICES)} more tracks: remove some of its tracks.")
    prompt = prompt_of(song.phrase)
    ask = Ask(
        ask=1,
        task="continue",
        model=model,
        prompt=prompt,
        steps=bars * prompt.steps_per_bar if bars else prompt.steps,
        temperature=temperature,
        top_p=Settings().top_p,
        seed=seed,
    )
    notes = _answer(build(model), ask, at_once=_AT_ONCE_BARS if library.find(model).codec == CODEC else _MAX_BARS)
    with whole_file(target) as scratch:
        scratch.write_bytes(continued(song, notes))
    answered = ask.steps // prompt.steps_per_bar
    print(f"wrote {target}: {len(song.notes)} notes and {answered} bars of answer with {len(notes)} notes")


def _answer(model: Model, ask: Ask, at_once: int) -> tuple[Note, ...]:
    """The answer's notes; of one longer than `at_once` bars every part continues the part before."""
    notes: list[Note] = []
    prompt, done, most = ask.prompt, 0, at_once * ask.prompt.steps_per_bar
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("continuing", total=None)
        while done < ask.steps:
            part = replace(ask, prompt=prompt, steps=min(most, ask.steps - done), seed=ask.seed + done // most)
            told: list[Note] = []
            for answer in model.generate(part):
                progress.advance(task)
                told += answer.notes if answer is not None else ()
            prompt = replace(prompt, notes=longest(told), steps=part.steps)
            notes += [replace(note, start=note.start + done) for note in prompt.notes]
            done += part.steps
    return tuple(notes)


def prompt_of(phrase: Phrase) -> Phrase:
    """The last bars of the phrase, from the bar in which its music begins."""
    bar = phrase.steps_per_bar
    first = min((note.start for note in phrase.notes), default=0)
    # Bars are counted back from the end, which is a bar line in whatever meter the music ends.
    skipped = max(phrase.steps - _PROMPT_BARS * bar, first - (first - phrase.steps) % bar, 0)
    kept = [note for note in phrase.notes if note.start >= skipped]
    return Phrase(tuple(replace(note, start=note.start - skipped) for note in kept), phrase.steps - skipped, bar, 0)


def continued(song: MidiSong, notes: Sequence[Note]) -> bytes:
    """The file's bytes with the answer's tracks appended; step 0 of `notes` is the phrase's end."""
    channels = free_channels(song, len(VOICES))
    tracks: list[bytes] = []
    for voice, name in enumerate(VOICES):
        rows = [_row(song, note) for note in notes if note.voice == voice]
        tracks.append(part_chunk(f"BachBridge {name}", channels[voice], ANSWER_PROGRAM, rows))
    return file_bytes(song.division, [*song.chunks, *tracks])


def free_channels(song: MidiSong, count: int) -> list[int]:
    """Channels that the file does not use, and then others, never the percussion's."""
    used = {note.channel for note in song.notes} | {_PERCUSSION}
    channels = [channel for channel in range(16) if channel not in used][:count]
    return channels + [channel for channel in range(16) if channel != _PERCUSSION][: count - len(channels)]


def _row(song: MidiSong, note: Note) -> tuple[int, int, int, int]:
    """Start and end in ticks, pitch and velocity of a note of the answer."""
    time, origin = song.time, song.phrase.steps
    line = time.tick(origin + note.start)
    away = note.offset_ns * time.ticks_per_beat / (time.beat_us(line) * 1000)
    return max(0, round(line + away)), time.tick(origin + note.end), note.pitch, note.velocity
