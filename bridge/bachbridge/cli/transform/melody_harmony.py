"""A melody on the grid in four voices, by a network of either kind.

A causal one goes through the melody with several harmonies abreast (`beam`), an infilling one draws all steps over and
over (`gibbs`). A melody that lies an octave or more from where its voice sings takes the other voices an octave along.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bachbridge.cli.transform import infill_run
from bachbridge.cli.transform.infill_run import CODEC, Way
from bachbridge.codecs import infill_grid, satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music import bar_ranges
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar
from bachbridge.music.voice_leading import Bools, Ints

_WIDTH, _LAG = 8, 16
_SOFTER = 0.85
"""Velocity of the other voices as a share of the melody's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for besides the melody; `width` and `lag` are for causal models, `keep` for infilling ones."""

    way: Way
    voice: int = 0
    track: str | None = None
    width: int | None = None
    lag: int | None = None
    keep: str | None = None
    program: int = ANSWER_PROGRAM
    """The General MIDI program of the voices that are added."""


@dataclass(frozen=True, slots=True)
class Harmony:
    """A melody with its harmony: frames on the grid, notes where they sound, and the bars that they lie in.

    The melody was moved by `shift` semitones to where its voice sings, and the other voices back by `along` of them.
    """

    classes: Ints
    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]
    shift: int
    along: int


def harmonized(line: Sequence[Note], bars: Sequence[Bar], wish: Wish, card: Card) -> Harmony:
    """The line in four voices; tells on standard error how far it is."""
    first, end = line[0].start, line[-1].end
    prompt = satb.line([replace(note, start=note.start - first) for note in line], wish.voice, end - first)
    prompt.classes[prompt.classes[:, wish.voice] == satb.REST] = satb.REST
    if card.codec == CODEC:
        classes, struck = _drawn(prompt, first, bars, wish, card)
    else:
        classes, struck = _followed(prompt, first, bars, wish, card)
    along = int(np.clip(-prompt.shift, -12, 12))
    notes = _sounding(classes, struck, line, first, along, wish.voice)
    return Harmony(classes, notes, tuple(bars), prompt.shift, along)


def _drawn(prompt: satb.Prompt, first: int, bars: Sequence[Bar], wish: Wish, card: Card) -> tuple[Ints, Bools]:
    """All steps at once, over and over, by an infilling network."""
    steps = len(prompt.classes)
    position, lengths = (row[first : first + steps] for row in bar_ranges.places(bars))
    task = Canvas(
        prompt.classes, prompt.struck, infill_grid.places(position, lengths), infill_grid.within_ranges(steps)
    )
    done = infill_run.filled(task, bars, wish.way, card, "harmonizing", origin=first)
    return done.classes, done.struck


def _followed(prompt: satb.Prompt, first: int, bars: Sequence[Bar], wish: Wish, card: Card) -> tuple[Ints, Bools]:
    """Step by step by a causal network, several harmonies abreast."""
    steps = len(prompt.classes)
    position, lengths = (row[first : first + steps] for row in bar_ranges.places(bars))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("harmonizing", total=steps)
        return beam_search.harmonized(
            onnx_nets.load(card),
            card.chain,
            prompt.classes,
            prompt.struck,
            position=position,
            steps_per_bar=lengths,
            style=wish.way.style,
            width=wish.width or _WIDTH,
            lag=wish.lag or _LAG,
            seed=wish.way.seed,
            progress=lambda step: progress.update(task, completed=step + 1),
        )


def _sounding(
    classes: Ints, struck: Bools, line: Sequence[Note], first: int, along: int, voice: int
) -> tuple[Note, ...]:
    """The line as it is and the other voices moved by `along` semitones, as loud as the line allows."""
    starts = [note.start for note in line]
    notes = [replace(note, voice=voice) for note in line]
    for note in satb.notes_of(classes, struck):
        if note.voice != voice:
            start = note.start + first
            loud = line[max(0, bisect_right(starts, start) - 1)].velocity
            velocity = max(1, round(_SOFTER * loud))
            notes.append(replace(note, start=start, pitch=note.pitch + along, velocity=velocity))
    return tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
