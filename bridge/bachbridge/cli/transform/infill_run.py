"""How the commands have an infilling network draw what is open: the wish in words, the model, and a bar of progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from bachbridge.codecs.infill_grid import Canvas
from bachbridge.errors import ConfigError, ModelError
from bachbridge.inference.infill import windows
from bachbridge.inference.infill.gibbs import FAST_SCHEDULE, SLOW_SCHEDULE, FilledCanvas
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.timeline import Bar

INFILL_CODEC = "canvas"
"""What the cards of infilling networks say."""
_CANDIDATE_COUNT = 4
"""Fillings that are drawn at once, the best of which is taken."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to draw: by which model, in which style, with chance from `seed`, quickly or at leisure."""

    model: str
    style: Style
    seed: int = 0
    fast: bool = False


def parse_generation_options(model: str, *, rules: str, temperature: float, seed: int, fast: bool) -> GenerationOptions:
    """The way that the command line's words stand for."""
    return GenerationOptions(model, parse_style(rules, temperature), seed, fast)


def parse_style(rules: str, temperature: float) -> Style:
    """The style that the command line's words stand for; raises `ConfigError`."""
    try:
        return Style(temperature=temperature, rules=voice_leading.parse_rules(rules), randomness=1)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def find_infill_card(model: str, task: str) -> Card:
    """The card of a model that fills in; raises `ModelError`."""
    card = library.find_checked_card(model)
    if card.codec != INFILL_CODEC or task not in card.tasks:
        able = [name for name in library.model_names() if task in library.find_card(name).tasks]
        there_are = ", ".join(able) or "none is installed"
        raise ModelError(f"the model {model!r} cannot {task}: choose one that can with --model ({there_are}).")
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
    """The canvas, whose step 0 is the piece's step `origin`, filled; tells on standard error how far it is."""
    schedule = FAST_SCHEDULE if generation.fast else SLOW_SCHEDULE
    lines = [bar.start - first_step for bar in bars if bar.start >= first_step]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(progress_label, total=windows.count_sweeps(canvas, lines, schedule))
        steps = windows.fill_windows(
            onnx_nets.load_infill_net(card),
            canvas,
            lines,
            schedule,
            generation.style,
            candidates=_CANDIDATE_COUNT,
            seed=generation.seed,
        )
        for done in steps:
            if done is not None:
                return done
            progress.advance(task)
    raise AssertionError("a walk ends with the canvas filled")
