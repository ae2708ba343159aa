"""`bachbridge dream -o OUT.mid`: music without end from a seed phrase, written for a given number of minutes.

Each part continues the music before it (see `music.endless`) and goes straight to the file, so the length costs time
and disk but no memory. The phrase itself is not written, only the dream after it; where the phrase ends within a bar,
the file begins with the rest of that bar. A tune in ABC (`-o OUT.abc`) is kept in memory and may last an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bachbridge.atomic_files import atomic_output, check_output_path
from bachbridge.cli.transform import abc_output
from bachbridge.cli.transform.continue_ import load_continuation_model, prompt_from_phrase
from bachbridge.cli.transform.inputs import SourceMusic, is_abc_output, read_source
from bachbridge.console import make_progress
from bachbridge.errors import ConfigError
from bachbridge.files.midi_writer import MidiStreamWriter
from bachbridge.inference.runtime.protocols import Generator
from bachbridge.music import endless
from bachbridge.music.example_phrase import load_example
from bachbridge.music.notes import STEPS_PER_BEAT, Note, Phrase, bpm_from_step_ns, keep_longest_notes, step_ns_from_bpm
from bachbridge.music.timeline import meter_from_steps
from bachbridge.protocol.effects import Ask
from bachbridge.settings import Settings

MAX_MINUTES, MAX_ABC_MINUTES = 24 * 60, 60
_BARS_PER_PART = 8


@dataclass(frozen=True, slots=True)
class DreamOptions:
    """Options of the command; `bpm` 0 stands for the phrase's own tempo, `phrase` None for the bundled phrase."""

    model: str
    minutes: float
    temperature: float
    seed: int
    program: int
    bpm: float = 0.0
    phrase: Path | None = None

    @property
    def title(self) -> str:
        return f"A dream of {Path(self.model).name}"


def dream_file(target: Path, options: DreamOptions) -> None:
    """Write a dream to `target`."""
    write_abc = is_abc_output(target)
    max_minutes = MAX_ABC_MINUTES if write_abc else MAX_MINUTES
    if not 0 < options.minutes <= max_minutes:
        raise ConfigError(
            f"cannot dream for {options.minutes:g} minutes: give --minutes a number above 0, up to {max_minutes}."
        )
    check_output_path(target)
    source = read_source(options.phrase) if options.phrase else None
    phrase, bpm = seed_phrase(source)
    step_ns = step_ns_from_bpm(options.bpm or bpm)
    model = load_continuation_model(options.model)
    bar = phrase.steps_per_bar
    steps = ceil(options.minutes * bpm_from_step_ns(step_ns) * STEPS_PER_BEAT / bar) * bar
    key = source.key_number if source else -1
    ask = Ask(1, "continue", options.model, phrase, steps, options.temperature, Settings().top_p, options.seed, key)
    if write_abc:
        count = _write_dream_abc(target, options, source, model, ask, step_ns)
    else:
        count = _write_dream_midi(target, options, model, ask, step_ns)
    print(f"wrote {target}: {steps // bar} bars of dream with {count} notes at {bpm_from_step_ns(step_ns):.4g} bpm")


def _steps_into_bar(ask: Ask) -> int:
    """Steps from the last bar line to the beginning of the dream."""
    return ((ask.prompt.position or 0) + ask.prompt.steps) % ask.prompt.steps_per_bar


def _write_dream_midi(target: Path, options: DreamOptions, model: Generator, ask: Ask, step_ns: int) -> int:
    """Write the dream as a MIDI file; return the number of notes."""
    step, count = _steps_into_bar(ask), 0
    with MidiStreamWriter(step_ns) as writer:
        for notes, part_steps in _dream_with_progress(model, ask):
            writer.add_notes(notes, step)
            step, count = step + part_steps, count + len(notes)
        writer.save(target, title=options.title, steps_per_bar=ask.prompt.steps_per_bar, program=options.program)
    return count


def _write_dream_abc(
    target: Path, options: DreamOptions, source: SourceMusic | None, model: Generator, ask: Ask, step_ns: int
) -> int:
    """Write the dream as a tune in ABC, in the meter and key of its source; return the number of notes."""
    begin = step = _steps_into_bar(ask)
    dreamt: list[Note] = []
    for notes, part_steps in _dream_with_progress(model, ask):
        dreamt += (replace(note, start=note.start + step) for note in notes)
        step += part_steps
    meter = source.final_meter if source else meter_from_steps(ask.prompt.steps_per_bar)
    key = source.abc_key if source else None
    text = abc_output.dream_as_abc(
        dreamt, range(begin, step), meter, key, title=options.title, bpm=bpm_from_step_ns(step_ns)
    )
    with atomic_output(target) as scratch:
        scratch.write_text(text, "utf-8")
    return len(dreamt)


def seed_phrase(source: SourceMusic | None) -> tuple[Phrase, float]:
    """Return the phrase that the dream continues, the end of the source or the bundled phrase, and its tempo in bpm."""
    if source is None:
        melody = load_example()
        return melody.phrase, melody.bpm
    return prompt_from_phrase(source.song.phrase, source.steps_into_bar), source.final_bpm


def _dream_with_progress(model: Generator, ask: Ask) -> Iterator[tuple[tuple[Note, ...], int]]:
    """Yield the parts of `dream_parts`; shows a progress bar on standard error."""
    columns = (TextColumn("dreaming"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with make_progress(*columns) as progress:
        task = progress.add_task("dreaming", total=ask.steps)
        done = 0
        for notes, steps in dream_parts(model, ask):
            done += steps
            progress.update(task, completed=done)
            yield notes, steps


def dream_parts(model: Generator, ask: Ask) -> Iterator[tuple[tuple[Note, ...], int]]:
    """Yield `ask.steps` steps of a dream in parts: the notes, counted from the part's beginning, and its steps."""
    prompt, left, seed = ask.prompt, ask.steps, ask.seed
    while left > 0:
        steps = min(left, _BARS_PER_PART * prompt.steps_per_bar)
        answered: list[Note] = []
        for answer in model.generate(replace(ask, prompt=prompt, steps=steps, seed=seed)):
            answered += answer.notes if answer else ()
        notes = tuple(_truncate_note(note, steps) for note in keep_longest_notes(answered) if note.start < steps)
        yield notes, steps
        prompt, seed = endless.next_prompt(ask.prompt, prompt, notes, steps), endless.next_seed(seed)
        left -= steps


def _truncate_note(note: Note, end_step: int) -> Note:
    return note if note.end <= end_step else replace(note, length=end_step - note.start)
