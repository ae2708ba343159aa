"""A melody on the grid harmonized in four voices, by a chorale model or an infilling one.

A chorale model goes through the melody with several harmonies in parallel (`beam_search`); an infilling model samples
all steps repeatedly (`gibbs`). A melody that lies an octave or more outside its voice's range is read in that range,
and the other voices are moved by one octave towards the melody.

Chords close where the melody's phrases end: where the file shows it, and where the network of phrase ends expects it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bachbridge.cli.transform import infill_run
from bachbridge.cli.transform.infill_run import GenerationOptions
from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.console import make_progress
from bachbridge.inference.chorale import beam_search
from bachbridge.inference.infill.closes import with_closes
from bachbridge.inference.loading import phrase_net
from bachbridge.inference.phrasing.predictor import predict_ends
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.music import bar_ranges
from bachbridge.music.frames import REST, Bools, Ints, notes_from_frames
from bachbridge.music.general_midi import ANSWER_PROGRAM
from bachbridge.music.notes import Note
from bachbridge.music.phrasing.written import WrittenEnds
from bachbridge.music.timeline import Bar
from bachbridge.music.voice_assignment import GivenFrames, frames_from_line
from bachbridge.process import limits

_BEAM_WIDTH, _LAG_STEPS = 8, 16
_ADDED_VOICE_VELOCITY_RATIO = 0.85
"""Velocity of the other voices as a share of the melody's."""


PhraseEnds = Literal["auto", "written", "none"]
"""The ends of phrases that harmonies close at: written and expected ones, written ones, or the last note alone."""


@dataclass(frozen=True, slots=True)
class HarmonizeOptions:
    """Options of the command; `beam_width` and `lag_steps` are for chorale models, `keep_bars` for infilling ones."""

    generation: GenerationOptions
    voice: int = 0
    track: str | None = None
    beam_width: int | None = None
    lag_steps: int | None = None
    keep_bars: str | None = None
    program: int = ANSWER_PROGRAM
    """The General MIDI program of the added voices."""
    phrase_ends: PhraseEnds = "auto"


@dataclass(frozen=True, slots=True)
class MelodyHarmony:
    """A melody with its harmony: `pitch_index[step, voice]`, notes at their final pitches, and the bars.

    The melody was moved by `melody_shift` semitones into its voice's range to be read, and the other voices were then
    moved back by `added_voice_shift` semitones. Phrases end with the notes that begin at `phrase_ends`.
    """

    pitch_index: Ints
    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]
    melody_shift: int
    added_voice_shift: int
    phrase_ends: tuple[int, ...] = ()


def harmonize_melody(
    melody: Sequence[Note],
    bars: Sequence[Bar],
    options: HarmonizeOptions,
    card: Card,
    written: WrittenEnds | None = None,
) -> MelodyHarmony:
    """Harmonize the melody in four voices; shows a progress bar on standard error.

    `written` are the ends of phrases that the melody's file shows.
    """
    ends = find_phrase_ends(melody, bars, written or WrittenEnds((melody[-1].start,)), options.phrase_ends)
    first, end = melody[0].start, melody[-1].end
    prompt = frames_from_line([replace(note, start=note.start - first) for note in melody], options.voice, end - first)
    prompt.pitch_indices[prompt.pitch_indices[:, options.voice] == REST] = REST
    if card.family == "infill":
        pitch_index, onsets = _harmonize_by_infilling(prompt, first, bars, options, card, ends)
    else:
        pitch_index, onsets = _harmonize_by_beam_search(prompt, first, bars, options, card, ends)
    added_voice_shift = int(np.clip(-prompt.shift, -12, 12))
    notes = _join_melody_and_harmony(pitch_index, onsets, melody, first, added_voice_shift, options.voice)
    return MelodyHarmony(pitch_index, notes, tuple(bars), prompt.shift, added_voice_shift, ends)


def find_phrase_ends(
    melody: Sequence[Note], bars: Sequence[Bar], written: WrittenEnds, chosen: PhraseEnds
) -> tuple[int, ...]:
    """Return the steps at which the last notes of phrases begin."""
    if chosen == "none":
        return (melody[-1].start,)
    net = phrase_net() if chosen == "auto" else None
    return predict_ends(net, melody, *bar_ranges.bar_positions(bars), written) if net else written.shown


def _harmonize_by_infilling(
    prompt: GivenFrames,
    first_step: int,
    bars: Sequence[Bar],
    options: HarmonizeOptions,
    card: Card,
    phrase_ends: Sequence[int],
) -> tuple[Ints, Bools]:
    steps = len(prompt.pitch_indices)
    canvas = Canvas(
        prompt.pitch_indices,
        prompt.onsets,
        infill_grid.place_features(*_bar_positions(bars, first_step, steps)),
        infill_grid.voice_range_mask(steps),
    )
    generation = options.generation
    if generation.style.rules:
        ends = [step - first_step for step in phrase_ends]
        canvas = with_closes(canvas, ends, generation.style.key, generation.seed)
    filled = infill_run.infill_canvas(canvas, bars, generation, card, "harmonizing", first_step=first_step)
    return filled.pitch_indices, filled.onsets


def _harmonize_by_beam_search(
    prompt: GivenFrames,
    first_step: int,
    bars: Sequence[Bar],
    options: HarmonizeOptions,
    card: Card,
    phrase_ends: Sequence[int],
) -> tuple[Ints, Bools]:
    steps = len(prompt.pitch_indices)
    position, steps_per_bar = _bar_positions(bars, first_step, steps)
    with limits.model_load_limits(card.name):
        net = onnx_nets.load_chorale_net(card)
    with make_progress() as progress:
        task = progress.add_task("harmonizing", total=steps)
        harmony_steps = beam_search.harmonize_steps(
            net,
            card.chain,
            prompt.pitch_indices,
            prompt.onsets,
            position=position,
            steps_per_bar=steps_per_bar,
            style=options.generation.style,
            width=options.beam_width or _BEAM_WIDTH,
            lag=options.lag_steps or _LAG_STEPS,
            seed=options.generation.seed,
            phrase_ends=[step - first_step for step in phrase_ends],
        )
        return beam_search.final_harmony(harmony_steps, lambda step: progress.update(task, completed=step + 1))


def _bar_positions(bars: Sequence[Bar], first_step: int, steps: int) -> tuple[Ints, Ints]:
    """Return each step's position in its bar and that bar's length in steps, from `first_step` on."""
    position, steps_per_bar = bar_ranges.bar_positions(bars)
    return position[first_step : first_step + steps], steps_per_bar[first_step : first_step + steps]


def _join_melody_and_harmony(
    pitch_index: Ints, onsets: Bools, melody: Sequence[Note], first_step: int, added_voice_shift: int, melody_voice: int
) -> tuple[Note, ...]:
    """Return the unchanged melody with the other voices, shifted and in proportion to the melody's velocity."""
    starts = [note.start for note in melody]
    notes = [replace(note, voice=melody_voice) for note in melody]
    for note in notes_from_frames(pitch_index, onsets):
        if note.voice != melody_voice:
            start = note.start + first_step
            melody_velocity = melody[max(0, bisect_right(starts, start) - 1)].velocity
            velocity = max(1, round(_ADDED_VOICE_VELOCITY_RATIO * melody_velocity))
            notes.append(replace(note, start=start, pitch=note.pitch + added_voice_shift, velocity=velocity))
    return tuple(sorted(notes, key=lambda note: (note.start, note.voice)))
