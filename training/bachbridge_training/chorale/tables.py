"""The tables of a causal model: its surprises frame by frame, and its harmonies live and with the future known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import measure
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.evaluation import harmonize
from bachbridge_training.evaluation.harmonize import Harmony
from bachbridge_training.evaluation.tables import Asked, Column, Tables, training_runs

T = TypeVar("T")
SEED = 1


def tables(card: library.Card, asked: Asked) -> Tables:
    """Everything that is asked for."""
    scores = _scores(card, asked)
    if not asked.outputs:
        return Tables(scores)
    training = training_runs()
    made = harmonies(card, harmonize.sopranos(asked.pieces, asked.outputs))
    rows = {name: measure([harmony.classes for harmony in its], training) for name, its in made}
    return Tables(scores, asked.own(training) | rows)


def _scores(card: library.Card, asked: Asked) -> dict[str, Column]:
    """Told pitches alone; of music21's chorales also told everything, and the test pieces with new tunes."""
    runtime = onnx_nets.load(card)
    blind = chorale_nll.evaluate(runtime, card.chain, asked.scored, progress=_progress("listening"))
    scores: dict[str, Column] = {"pitches": {**chorale_nll.summary(blind)}}
    if asked.bach and asked.told:
        told = chorale_nll.evaluate(runtime, card.chain, asked.scored, told=True, progress=_progress("listening"))
        scores["told"] = {**chorale_nll.summary(told)}
    if clean := [its for its in blind if its.name in asked.clean()]:
        scores["clean"] = {**chorale_nll.summary(clean)}
    return scores


def harmonies(card: library.Card, pieces: Sequence[Piece]) -> Iterator[tuple[str, list[Harmony]]]:
    """By each of the ways, an output for each piece."""
    runtime, order = onnx_nets.load(card), card.chain
    for name, style in harmonize.STYLES.items():
        if name == "offline":
            yield name, harmonize.offline(runtime, order, pieces, style, SEED, _progress(name))
        else:
            source = harmonize.Consonant() if name == "rules" else runtime
            yield name, harmonize.live(source, order, pieces, style, SEED, _progress(name))


def _progress(what: str) -> Callable[[Sequence[T]], Iterable[T]]:
    return lambda items: track(items, what, console=Console(stderr=True), transient=True)
