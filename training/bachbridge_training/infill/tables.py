"""The tables of an infilling model: its orderless scores on both grids, its harmonies, and fast against slow."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.metrics import measure
from bachbridge_training import process_pool
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.evaluation import harmonize
from bachbridge_training.evaluation.harmonize import Harmony
from bachbridge_training.evaluation.tables import Asked, Column, Tables, training_runs
from bachbridge_training.infill import nll as infill_nll
from bachbridge_training.infill import schedules
from bachbridge_training.infill.nll import Protocols, Score, Told
from bachbridge_training.infill.schedules import Output

_GRIDS = {infill_grid.SIXTEENTHS: "16ths", infill_grid.EIGHTHS: "8ths"}
_TOLD: dict[str, Told] = {"pitches": "nothing", "counted": "count", "told": "bars"}
"""A column for each thing that may be told of places."""


def tables(card: library.Card, asked: Asked) -> Tables:
    """Everything that is asked for."""
    scores = _scores(card, asked)
    if not asked.outputs:
        return Tables(scores)
    training = training_runs()
    made = {way: _harmonies(card, asked, way) for way in schedules.WAYS}
    rows = {way: measure([harmony.classes for harmony in its], training) for way, its in made.items()}
    return Tables(scores, asked.own(training) | rows, {"fast against slow": _against(card, asked, made)})


def column(load: Callable[[], Any], pieces: Sequence[Piece], *, jobs: int = 1) -> Column:
    """The orderless scores on both grids of the network that `load` opens, told pitches alone."""
    return _column({grid: _scored(load, pieces, Protocols(grid=grid), jobs) for grid in _GRIDS})


def _scores(card: library.Card, asked: Asked) -> dict[str, Column]:
    """Told pitches alone; of music21's chorales also told more (`_TOLD`), and the test pieces with new tunes."""
    scores: dict[str, Column] = {}
    for name, told in _TOLD.items():
        if told != "nothing" and not (asked.bach and asked.told):
            continue
        of = {grid: _scored(_loaded(card), asked.scored, Protocols(grid, told), asked.jobs) for grid in _GRIDS}
        scores[name] = _column(of)
        clean = {grid: [its for its in those if its.name in asked.clean()] for grid, those in of.items()}
        if told == "nothing" and clean[infill_grid.SIXTEENTHS]:
            scores["clean"] = _column(clean)
    return scores


def _loaded(card: library.Card) -> Callable[[], Any]:
    return partial(onnx_nets.load_fill, card)


def _scored(load: Callable[[], Any], pieces: Sequence[Piece], how: Protocols, jobs: int) -> list[Score]:
    what = f"{_GRIDS[how.grid]}, told {how.told}"
    return process_pool.over(pieces, partial(infill_nll.score, how=how), load, what=what, cost=_squared, jobs=jobs)


def _squared(piece: Piece) -> float:
    """Every frame is scored on a copy of its piece."""
    return len(piece.pitches) ** 2


def _column(of: dict[int, list[Score]]) -> Column:
    pieces = of[infill_grid.SIXTEENTHS]
    column: Column = {"pieces": len(pieces), "frames": sum(len(its.frames) for its in pieces)}
    for grid, scores in of.items():
        column |= infill_nll.summary(scores, grid)
    return column


def _harmonies(card: library.Card, asked: Asked, way: str) -> list[Harmony]:
    outputs = [Output(*each) for each in enumerate(harmonize.sopranos(asked.pieces, asked.outputs))]
    return process_pool.over(
        outputs, partial(schedules.harmonized, way=way), _loaded(card), what=way, cost=Output.steps, jobs=asked.jobs
    )


def _against(card: library.Card, asked: Asked, made: dict[str, list[Harmony]]) -> Column:
    pieces = harmonize.sopranos(asked.pieces, asked.outputs)
    rivals = [
        schedules.Rivals(piece, fast.classes, slow.classes)
        for piece, fast, slow in zip(pieces, made["fast"], made["slow"], strict=True)
    ]
    verdicts = process_pool.over(rivals, schedules.compared, _loaded(card), what="fast against slow", jobs=asked.jobs)
    return schedules.summary(verdicts)
