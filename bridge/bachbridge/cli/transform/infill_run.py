"""How the commands have an infilling network draw what is open: the wish in words, the model, and a bar of progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from bachbridge.codecs.infill_grid import Canvas
from bachbridge.errors import ConfigError, ModelError
from bachbridge.inference.infill import windows
from bachbridge.inference.infill.gibbs import FAST, SLOW, Filled
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.style import Style
from bachbridge.music import voice_leading
from bachbridge.music.timeline import Bar

CODEC = "canvas"
"""What the cards of infilling networks say."""
_CANDIDATES = 4
"""Fillings that are drawn at once, the best of which is taken."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to draw: by which model, in which style, with chance from `seed`, quickly or at leisure."""

    model: str
    style: Style
    seed: int = 0
    fast: bool = False


def way_of(model: str, *, rules: str, temperature: float, seed: int, fast: bool) -> Way:
    """The way that the command line's words stand for."""
    return Way(model, style_of(rules, temperature), seed, fast)


def style_of(rules: str, temperature: float) -> Style:
    """The style that the command line's words stand for; raises `ConfigError`."""
    try:
        return Style(temperature=temperature, rules=voice_leading.rules_of(rules), chance=1)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def card_for(model: str, task: str) -> Card:
    """The card of a model that fills in; raises `ModelError`."""
    card = library.find(model)
    if card.codec != CODEC or task not in card.tasks:
        able = [name for name in library.names() if task in library.card(name).tasks]
        there_are = ", ".join(able) or "none is installed"
        raise ModelError(f"the model {model!r} cannot {task}: choose one that can with --model ({there_are}).")
    return card


def filled(canvas: Canvas, bars: Sequence[Bar], way: Way, card: Card, doing: str, *, origin: int = 0) -> Filled:
    """The canvas, whose step 0 is the piece's step `origin`, filled; tells on standard error how far it is."""
    schedule = FAST if way.fast else SLOW
    lines = [bar.start - origin for bar in bars if bar.start >= origin]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=windows.passes(canvas, lines, schedule))
        steps = windows.walked(
            onnx_nets.load_fill(card), canvas, lines, schedule, way.style, candidates=_CANDIDATES, seed=way.seed
        )
        for done in steps:
            if done is not None:
                return done
            progress.advance(task)
    raise AssertionError("a walk ends with the canvas filled")
