"""`bachbridge evaluate MODEL`: how surprised a model is by chorales that it was not trained on, and how it harmonises.

Two tables. The first is of surprises (nats a frame). The second sets harmonies that the model makes under the pieces'
sopranos beside the pieces' own, by the measures of `measures.py`.
"""

import json as json_format
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bachbridge import library, nets
from bachbridge.errors import ConfigError
from bachbridge.measures import Measures, Runs, measure
from bachbridge_training import batches, corpus, evaluation, harmonizing, sources
from bachbridge_training.evaluation import Surprise
from bachbridge_training.harmonizing import Harmony
from bachbridge_training.scores import Piece

Scores = dict[str, dict[str, float]]
Row = tuple[str, Measures]
T = TypeVar("T")
OUTPUTS = 256
SEED = 1


def evaluate(model: str, *, data: Path | None, part: str, json: bool, outputs: int = OUTPUTS) -> None:
    """Print the scores of `part`: of music21's chorales by the split, or of what the files `data` hold.

    `outputs` harmonies are made for each row of the second table; 0: it is left out.
    """
    if part not in corpus.PARTS:
        raise ConfigError(f"there is no part {part!r}: choose from {', '.join(corpus.PARTS)}.")
    card = library.find(model)
    pieces = sources.read(data, part) if data else corpus.pieces(part)
    scores = of_data(card, pieces) if data else of_corpus(card, pieces)
    music = dict(of_music(card, pieces, outputs, "given" if data else "bach")) if outputs else {}
    name = str(data) if data else "music21"
    if json:
        facts: dict[str, Any] = {"model": model, "data": name, "part": part, **scores.pop("pitches"), **scores}
        facts |= {"music": {row: asdict(measures) for row, measures in music.items()}} if music else {}
        print(json_format.dumps(facts, indent=2))
        return
    console, title = Console(), f"{model} on {name}, {part}"
    console.print(_table(title, scores))
    if music:
        console.print(_table(f"{title}: what comes out", {row: asdict(measures) for row, measures in music.items()}))


def of_corpus(card: library.Card, pieces: Sequence[Piece]) -> Scores:
    """Of music21's chorales: told pitches alone, told everything, and the test pieces with new tunes."""
    runtime = nets.load(card)
    blind = evaluation.evaluate(runtime, card.chain, pieces, progress=_progress("listening"))
    told = evaluation.evaluate(runtime, card.chain, pieces, told=True, progress=_progress("listening"))
    scores = {"pitches": evaluation.summary(blind), "told": evaluation.summary(told)}
    clean = _clean(blind)
    return scores | ({"clean": evaluation.summary(clean)} if clean else {})


def of_data(card: library.Card, pieces: Sequence[Piece]) -> Scores:
    """Of other music, told pitches alone."""
    blind = evaluation.evaluate(nets.load(card), card.chain, pieces, progress=_progress("listening"))
    return {"pitches": evaluation.summary(blind)}


def of_music(card: library.Card, pieces: Sequence[Piece], outputs: int, own: str) -> Iterator[Row]:
    """The measures of the pieces themselves (the row `own`), then of harmonies under their sopranos."""
    training = Runs(batches.classes_of(piece.pitches) for piece in corpus.pieces("train"))
    yield own, measure([batches.classes_of(piece.pitches) for piece in pieces], training)
    for name, made in harmonies(card, harmonizing.sopranos(pieces, outputs)):
        yield name, measure([harmony.classes for harmony in made], training)


def harmonies(card: library.Card, pieces: Sequence[Piece]) -> Iterator[tuple[str, list[Harmony]]]:
    """By each of the ways, an output for each piece."""
    runtime, order = nets.load(card), card.chain
    for name, style in harmonizing.STYLES.items():
        if name == "offline":
            yield name, harmonizing.offline(runtime, order, pieces, style, SEED, _progress(name))
        else:
            source = harmonizing.Consonant() if name == "rules" else runtime
            yield name, harmonizing.live(source, order, pieces, style, SEED, _progress(name))


def _clean(surprises: Sequence[Surprise]) -> list[Surprise]:
    names = corpus.clean_test()
    return [surprise for surprise in surprises if surprise.name in names]


def _progress(what: str) -> Callable[[Sequence[T]], Iterable[T]]:
    return lambda items: track(items, what, console=Console(stderr=True), transient=True)


def _figure(value: float | None) -> str:
    match value:
        case None:
            return ""
        case int():
            return str(value)
        case _:
            return f"{value:.4f}"


def _table(title: str, scores: Scores) -> Table:
    table = Table("", *scores, title=title)
    for key in next(iter(scores.values())):
        table.add_row(key.replace("_", " "), *(_figure(column[key]) for column in scores.values()))
    return table
