"""`bachbridge evaluate MODEL`: how surprised a model is by chorales that it was not trained on."""

import json as json_format
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bachbridge import library, nets
from bachbridge.errors import ConfigError
from bachbridge_training import corpus, evaluation
from bachbridge_training.evaluation import Surprise
from bachbridge_training.scores import Piece

Scores = dict[str, dict[str, float]]


def evaluate(model: str, *, data: Path | None, part: str, json: bool) -> None:
    """Print the scores of `part`: of music21's chorales by the split, or of the community's JSON file `data`."""
    if part not in corpus.PARTS:
        raise ConfigError(f"there is no part {part!r}: choose from {', '.join(corpus.PARTS)}.")
    card = library.find(model)
    scores = of_json(card, data, part) if data else of_corpus(card, part)
    name = str(data) if data else "music21"
    if json:
        facts = {"model": model, "data": name, "part": part, **scores.pop("pitches"), **scores}
        print(json_format.dumps(facts, indent=2))
    else:
        Console().print(_table(f"{model} on {name}, {part}", scores))


def of_corpus(card: library.Card, part: str) -> Scores:
    """Of music21's chorales: told pitches alone, told everything, and the test pieces with new tunes."""
    pieces = corpus.pieces(part)
    runtime = nets.load(card)
    blind = evaluation.evaluate(runtime, card.chain, pieces, progress=_progress)
    told = evaluation.evaluate(runtime, card.chain, pieces, told=True, progress=_progress)
    scores = {"pitches": evaluation.summary(blind), "told": evaluation.summary(told)}
    clean = _clean(blind)
    return scores | ({"clean": evaluation.summary(clean)} if clean else {})


def of_json(card: library.Card, data: Path, part: str) -> Scores:
    """Of the community's data, in which there are pitches alone."""
    pieces = evaluation.read_json(_file_in(data), part)
    return {"pitches": evaluation.summary(evaluation.evaluate(nets.load(card), card.chain, pieces, progress=_progress))}


def _clean(surprises: Sequence[Surprise]) -> list[Surprise]:
    names = corpus.clean_test()
    return [surprise for surprise in surprises if surprise.name in names]


def _file_in(data: Path) -> Path:
    """The file itself, or the one JSON file in a folder."""
    if not data.is_dir():
        return data
    files = sorted(data.glob("*.json"))
    if len(files) != 1:
        raise ConfigError(f"{data} holds {len(files)} JSON files: name the one to score.")
    return files[0]


def _progress(pieces: Sequence[Piece]) -> Iterable[Piece]:
    return track(pieces, "listening", console=Console(stderr=True), transient=True)


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def _table(title: str, scores: Scores) -> Table:
    table = Table("", *scores, title=title)
    for key in scores["pitches"]:
        table.add_row(key.replace("_", " "), *(_figure(column[key]) for column in scores.values()))
    return table
