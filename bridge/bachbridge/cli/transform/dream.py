"""`bachbridge dream -o OUT.mid`: music without end from a seed phrase, written down for as many minutes as are wished.

Part after part goes on from what came before it (see `dream`) and on to the tape, so the length costs time and disk
but no memory. The phrase itself is not written, only what was dreamt after it; where it ends within a bar, the file
begins with the rest of that bar. A tune in ABC (`-o OUT.abc`) is kept in memory, and may last an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bachbridge.atomic_files import check_place, whole_file
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.continue_ import able, prompt_of
from bachbridge.cli.transform.inputs import Source, read_source, wants_abc
from bachbridge.errors import ConfigError
from bachbridge.files.midi_writer import Tape
from bachbridge.inference.host import Model
from bachbridge.music import endless
from bachbridge.music.example_phrase import bundled
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase, bpm_of, longest, step_ns_of
from bachbridge.music.timeline import plain_meter
from bachbridge.protocol.events import Ask
from bachbridge.settings import Settings

MAX_MINUTES, MAX_TUNE_MINUTES = 24 * 60, 60
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

    @property
    def title(self) -> str:
        return f"A dream of {self.model}"


def dream_file(target: Path, wish: Wish) -> None:
    """Write a dream to `target`."""
    as_tune = wants_abc(target)
    most = MAX_TUNE_MINUTES if as_tune else MAX_MINUTES
    if not 0 < wish.minutes <= most:
        raise ConfigError(f"cannot dream for {wish.minutes:g} minutes: choose up to {most}.")
    check_place(target)
    source = read_source(wish.phrase) if wish.phrase else None
    phrase, bpm = seed_phrase(source)
    step_ns = step_ns_of(wish.bpm or bpm)
    model = able(wish.model)
    bar = phrase.steps_per_bar
    steps = ceil(wish.minutes * bpm_of(step_ns) * STEPS_PER_BEAT / bar) * bar
    key = source.key if source else -1
    ask = Ask(1, "continue", wish.model, phrase, steps, wish.temperature, Settings().top_p, wish.seed, key)
    if as_tune:
        count = _write_tune(target, wish, source, model, ask, step_ns)
    else:
        count = _write_midi(target, wish, model, ask, step_ns)
    print(f"wrote {target}: {steps // bar} bars of dream with {count} notes at {bpm_of(step_ns):.4g} bpm")


def _begin(ask: Ask) -> int:
    """How many steps after a bar line the dream begins."""
    return ((ask.prompt.position or 0) + ask.prompt.steps) % ask.prompt.steps_per_bar


def _write_midi(target: Path, wish: Wish, model: Model, ask: Ask, step_ns: int) -> int:
    """Dream into a MIDI file; how many notes."""
    at, count = _begin(ask), 0
    with Tape(step_ns) as tape:
        for notes, part in _told(model, ask):
            tape.add(notes, at)
            at, count = at + part, count + len(notes)
        tape.save(target, title=wish.title, steps_per_bar=ask.prompt.steps_per_bar, program=wish.program)
    return count


def _write_tune(target: Path, wish: Wish, source: Source | None, model: Model, ask: Ask, step_ns: int) -> int:
    """Dream into a tune in ABC, in the meter and key of its source; how many notes."""
    begin = at = _begin(ask)
    found: list[Note] = []
    for notes, part in _told(model, ask):
        found += (replace(note, start=note.start + at) for note in notes)
        at += part
    meter = source.meter if source else plain_meter(ask.prompt.steps_per_bar)
    key = source.key_word if source else None
    text = abc_output.dreamt(found, range(begin, at), meter, key, title=wish.title, bpm=bpm_of(step_ns))
    with whole_file(target) as scratch:
        scratch.write_text(text, "utf-8")
    return len(found)


def seed_phrase(source: Source | None) -> tuple[Phrase, float]:
    """The phrase that the dream begins with, and its tempo: the end of a file's music, or the bundled melody."""
    if source is None:
        melody = bundled()
        return melody.phrase, melody.bpm
    return prompt_of(source.song.phrase, source.into), source.bpm


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
        prompt, seed = endless.onward(ask.prompt, prompt, notes, steps), endless.next_seed(seed)
        left -= steps


def _cut(note: Note, steps: int) -> Note:
    """The note, ended where its part ends."""
    return note if note.end <= steps else replace(note, length=steps - note.start)
