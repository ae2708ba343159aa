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
from bachbridge.cli.transform.infill_run import INFILL_CODEC, GenerationOptions
from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.engine.session_log import ANSWER_PROGRAM
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music import bar_ranges
from bachbridge.music.frames import REST, Bools, Ints, notes_from_frames
from bachbridge.music.notes import Note
from bachbridge.music.timeline import Bar
from bachbridge.music.voice_assignment import GivenFrames, frames_from_line

_BEAM_WIDTH, _LAG_STEPS = 8, 16
_ADDED_VOICE_VELOCITY_RATIO = 0.85
"""Velocity of the other voices as a share of the melody's."""


@dataclass(frozen=True, slots=True)
class HarmonizeOptions:
    """What is asked for besides the melody; `width` and `lag` are for causal models, `keep` for infilling ones."""

    generation: GenerationOptions
    voice: int = 0
    track: str | None = None
    beam_width: int | None = None
    lag_steps: int | None = None
    keep_bars: str | None = None
    program: int = ANSWER_PROGRAM
    """The General MIDI program of the voices that are added."""


@dataclass(frozen=True, slots=True)
class MelodyHarmony:
    """A melody with its harmony: frames on the grid, notes where they sound, and the bars that they lie in.

    The melody was moved by `shift` semitones to where its voice sings, and the other voices back by `along` of them.
    """

    pitch_index: Ints
    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]
    melody_shift: int
    added_voice_shift: int


def harmonize_melody(
    melody: Sequence[Note], bars: Sequence[Bar], options: HarmonizeOptions, card: Card
) -> MelodyHarmony:
    """The line in four voices; tells on standard error how far it is."""
    first, end = melody[0].start, melody[-1].end
    prompt = frames_from_line([replace(note, start=note.start - first) for note in melody], options.voice, end - first)
    prompt.pitch_indices[prompt.pitch_indices[:, options.voice] == REST] = REST
    if card.codec == INFILL_CODEC:
        classes, struck = _harmonize_by_infilling(prompt, first, bars, options, card)
    else:
        classes, struck = _harmonize_by_beam_search(prompt, first, bars, options, card)
    along = int(np.clip(-prompt.shift, -12, 12))
    notes = _join_melody_and_harmony(classes, struck, melody, first, along, options.voice)
    return MelodyHarmony(classes, notes, tuple(bars), prompt.shift, along)


def _harmonize_by_infilling(
    prompt: GivenFrames, first_step: int, bars: Sequence[Bar], options: HarmonizeOptions, card: Card
) -> tuple[Ints, Bools]:
    """All steps at once, over and over, by an infilling network."""
    steps = len(prompt.pitch_indices)
    position, lengths = (row[first_step : first_step + steps] for row in bar_ranges.bar_positions(bars))
    task = Canvas(
        prompt.pitch_indices,
        prompt.onsets,
        infill_grid.place_features(position, lengths),
        infill_grid.voice_range_mask(steps),
    )
    done = infill_run.infill_canvas(task, bars, options.generation, card, "harmonizing", first_step=first_step)
    return done.pitch_indices, done.onsets


def _harmonize_by_beam_search(
    prompt: GivenFrames, first_step: int, bars: Sequence[Bar], options: HarmonizeOptions, card: Card
) -> tuple[Ints, Bools]:
    """Step by step by a causal network, several harmonies abreast."""
    steps = len(prompt.pitch_indices)
    position, lengths = (row[first_step : first_step + steps] for row in bar_ranges.bar_positions(bars))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("harmonizing", total=steps)
        return beam_search.harmonize(
            onnx_nets.load_chorale_net(card),
            card.chain,
            prompt.pitch_indices,
            prompt.onsets,
            position=position,
            steps_per_bar=lengths,
            style=options.generation.style,
            width=options.beam_width or _BEAM_WIDTH,
            lag=options.lag_steps or _LAG_STEPS,
            seed=options.generation.seed,
            progress=lambda step: progress.update(task, completed=step + 1),
        )


def _join_melody_and_harmony(
    pitch_index: Ints, onsets: Bools, melody: Sequence[Note], first_step: int, added_voice_shift: int, melody_voice: int
) -> tuple[Note, ...]:
    """The line as it is and the other voices moved by `along` semitones, as loud as the line allows."""
    starts = [note.start for note in melody]
    notes = [replace(note, voice=melody_voice) for note in melody]
    for note in notes_from_frames(pitch_index, onsets):
        if note.voice != melody_voice:
            start = note.start + first_step
            loud = melody[max(0, bisect_right(starts, start) - 1)].velocity
            velocity = max(1, round(_ADDED_VOICE_VELOCITY_RATIO * loud))
            notes.append(replace(note, start=start, pitch=note.pitch + added_voice_shift, velocity=velocity))
    return tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
