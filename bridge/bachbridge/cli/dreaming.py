"""`bachbridge dream -o OUT.mid`: music without end from a seed phrase, written down for as many minutes as are wished.

Part after part goes on from what came before it (see `dream`) and on to the tape, so the length costs time and disk
but no memory. The phrase itself is not written, only what was dreamt after it; where it ends within a bar, the file
begins with the rest of that bar.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bachbridge import dream
from bachbridge.cli.continue_ import able, prompt_of
from bachbridge.config import Settings
from bachbridge.errors import ConfigError
from bachbridge.events import Ask
from bachbridge.melody import bundled
from bachbridge.midifile import read_midi
from bachbridge.modelhost import Model
from bachbridge.music import STEPS_PER_BEAT, Note, Phrase, bpm_of, longest, step_ns_of
from bachbridge.tape import Tape
from bachbridge.wholefile import check_place

MAX_MINUTES = 24 * 60
_PART_BARS = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """How long a dream by which model, in which manner; `bpm` 0: the phrase's own tempo."""

    model: str
    minutes: float
    temperature: float
    seed: int
    program: int
    bpm: float = 0.0
    phrase: Path | None = None


def dream_file(target: Path, wish: Wish) -> None:
    """Write a dream to `target`."""
    if not 0 < wish.minutes <= MAX_MINUTES:
        raise ConfigError(f"cannot dream for {wish.minutes:g} minutes: choose up to {MAX_MINUTES}.")
    check_place(target)
    phrase, bpm = seed_phrase(wish.phrase)
    step_ns = step_ns_of(wish.bpm or bpm)
    model = able(wish.model)
    bar = phrase.steps_per_bar
    steps = ceil(wish.minutes * bpm_of(step_ns) * STEPS_PER_BEAT / bar) * bar
    ask = Ask(1, "continue", wish.model, phrase, steps, wish.temperature, Settings().top_p, wish.seed)
    at, count = ((phrase.position or 0) + phrase.steps) % bar, 0
    with Tape(step_ns) as tape:
        for notes, part in _told(model, ask):
            tape.add(notes, at)
            at, count = at + part, count + len(notes)
        tape.save(target, title=f"A dream of {wish.model}", steps_per_bar=bar, program=wish.program)
    print(f"wrote {target}: {steps // bar} bars of dream with {count} notes at {bpm_of(step_ns):.4g} bpm")


def seed_phrase(path: Path | None) -> tuple[Phrase, float]:
    """The phrase that the dream begins with, and its tempo: the end of a file's music, or the bundled melody."""
    if path is None:
        melody = bundled()
        return melody.phrase, melody.bpm
    song = read_midi(path)
    return prompt_of(song.phrase), 60e6 / song.time.beat_us(song.time.tick(song.phrase.steps))


def _told(model: Model, ask: Ask) -> Iterator[tuple[tuple[Note, ...], int]]:
    """The dream part by part, told on standard error as it goes: notes, and over how many steps."""
    columns = (TextColumn("dreaming"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("dreaming", total=ask.steps)
        done = 0
        for notes, steps in dreamt(model, ask):
            done += steps
            progress.update(task, completed=done)
            yield notes, steps


def dreamt(model: Model, ask: Ask) -> Iterator[tuple[tuple[Note, ...], int]]:
    """`ask.steps` steps of a dream, a part at a time: its notes from its own beginning, and over how many steps."""
    prompt, left, seed = ask.prompt, ask.steps, ask.seed
    while left > 0:
        steps = min(left, _PART_BARS * prompt.steps_per_bar)
        told: list[Note] = []
        for answer in model.generate(replace(ask, prompt=prompt, steps=steps, seed=seed)):
            told += answer.notes if answer else ()
        notes = tuple(_cut(note, steps) for note in longest(told) if note.start < steps)
        yield notes, steps
        prompt, seed = dream.onward(ask.prompt, prompt, notes, steps), dream.next_seed(seed)
        left -= steps


def _cut(note: Note, steps: int) -> Note:
    """The note, ended where its part ends."""
    return note if note.end <= steps else replace(note, length=steps - note.start)
