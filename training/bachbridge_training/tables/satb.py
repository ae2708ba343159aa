"""The tables of a causal model: its surprises frame by frame, and its harmonies live and with the future known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from bachbridge import library, nets
from bachbridge.measures import measure
from bachbridge_training import evaluation, harmonizing
from bachbridge_training.harmonizing import Harmony
from bachbridge_training.scores import Piece
from bachbridge_training.tables import Asked, Column, Tables, training_runs

T = TypeVar("T")
SEED = 1


def tables(card: library.Card, asked: Asked) -> Tables:
    """Everything that is asked for."""
    scores = _scores(card, asked)
    if not asked.outputs:
        return Tables(scores)
    training = training_runs()
    made = harmonies(card, harmonizing.sopranos(asked.pieces, asked.outputs))
    rows = {name: measure([harmony.classes for harmony in its], training) for name, its in made}
    return Tables(scores, asked.own(training) | rows)


def _scores(card: library.Card, asked: Asked) -> dict[str, Column]:
    """Told pitches alone; of music21's chorales also told everything, and the test pieces with new tunes."""
    runtime = nets.load(card)
    blind = evaluation.evaluate(runtime, card.chain, asked.scored, progress=_progress("listening"))
    scores: dict[str, Column] = {"pitches": {**evaluation.summary(blind)}}
    if asked.bach and asked.told:
        told = evaluation.evaluate(runtime, card.chain, asked.scored, told=True, progress=_progress("listening"))
        scores["told"] = {**evaluation.summary(told)}
    if clean := [its for its in blind if its.name in asked.clean()]:
        scores["clean"] = {**evaluation.summary(clean)}
    return scores


def harmonies(card: library.Card, pieces: Sequence[Piece]) -> Iterator[tuple[str, list[Harmony]]]:
    """By each of the ways, an output for each piece."""
    runtime, order = nets.load(card), card.chain
    for name, style in harmonizing.STYLES.items():
        if name == "offline":
            yield name, harmonizing.offline(runtime, order, pieces, style, SEED, _progress(name))
        else:
            source = harmonizing.Consonant() if name == "rules" else runtime
            yield name, harmonizing.live(source, order, pieces, style, SEED, _progress(name))


def _progress(what: str) -> Callable[[Sequence[T]], Iterable[T]]:
    return lambda items: track(items, what, console=Console(stderr=True), transient=True)
