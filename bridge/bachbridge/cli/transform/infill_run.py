"""Run an infilling model for a command: its options, the check of the model, and the progress bar."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbridge.cli.transform.inputs import unsuitable_model_error
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.console import make_progress
from bachbridge.errors import ConfigError
from bachbridge.inference.infill import windows
from bachbridge.inference.infill.gibbs import FAST_SCHEDULE, SLOW_SCHEDULE, FilledCanvas
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.threaded_net import ThreadedNet
from bachbridge.music import voice_leading
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.timeline import Bar
from bachbridge.music.tonality.key_names import parse_key, parse_mode_final
from bachbridge.process import limits
from bachbridge.protocol.style import Style

_CANDIDATE_COUNT = 4
"""Fillings generated at once, the best of which is kept."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """The model to generate with, its style, the seed, and whether to use the fast schedule."""

    model: str
    style: Style
    seed: int = 0
    fast: bool = False


def parse_generation_options(
    model: str, *, rules: str, temperature: float, seed: int, fast: bool, key: str = "auto"
) -> GenerationOptions:
    """Build the options from the words of the command line; raises `ConfigError`."""
    return GenerationOptions(model, parse_style(rules, temperature, key), seed, fast)


def parse_style(rules: str, temperature: float, key: str = "auto") -> Style:
    """Build the style from the words of the command line; raises `ConfigError`."""
    try:
        return Style(
            temperature=temperature,
            rules=voice_leading.parse_rules(rules),
            key=parse_key(key),
            final=parse_mode_final(key),
            randomness=1,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def find_infill_card(model: str, task: str) -> Card:
    """Return the card of an infilling model that has the task; raises `ModelError`."""
    card = library.find_checked_card(model)
    if card.family != "infill" or task not in card.tasks:
        raise unsuitable_model_error(model, f"cannot {task}", lambda other: task in other.tasks)
    return card


def infill_canvas(
    canvas: Canvas,
    bars: Sequence[Bar],
    generation: GenerationOptions,
    card: Card,
    progress_label: str,
    *,
    first_step: int = 0,
) -> FilledCanvas:
    """Fill the canvas, whose step 0 is step `first_step` of the piece; shows a progress bar on standard error.

    In a key that is set, notes beside it cost as they do in answers.
    """
    if generation.style.key is not None:
        nats = voice_leading.out_of_key_penalty(np.zeros(PITCH_INDEX_COUNT), generation.style.key)
        canvas = replace(canvas, logit_mask=canvas.logit_mask + nats)
    schedule = FAST_SCHEDULE if generation.fast else SLOW_SCHEDULE
    bar_lines = [bar.start - first_step for bar in bars if bar.start >= first_step]
    with limits.model_load_limits(card.name):
        net = ThreadedNet(onnx_nets.load_infill_net(card), os.cpu_count() or 1)
    with make_progress() as progress:
        task = progress.add_task(progress_label, total=windows.count_sweeps(canvas, bar_lines, schedule))
        sweeps = windows.fill_windows(
            net,
            canvas,
            bar_lines,
            schedule,
            generation.style,
            candidates=_CANDIDATE_COUNT,
            seed=generation.seed,
        )
        for filled in sweeps:
            if filled is not None:
                return filled
            progress.advance(task)
    raise AssertionError("the last sweep yields the filled canvas")
