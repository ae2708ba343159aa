"""`bachbridge evaluate MODEL`: how surprised a model is by music that it was not trained on, and what it makes itself.

The first table is of surprises: of a causal model of chorales in nats, frame after frame; of one that fills in, by the
orderless protocol; of one that writes symbols in bits, symbol after symbol. The second sets harmonies that a model of
chorales makes under the pieces' sopranos beside the pieces' own, by the measures of `measures.py`; of symbols it tells
how much of what the model makes stands in the training music.
"""

import json as json_format
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bachbridge.errors import ConfigError, ModelError
from bachbridge.inference.runtime import library
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets import four_part_files
from bachbridge_training.evaluation.tables import DEFAULT_OUTPUTS, EvaluationRequest, EvaluationTables


def evaluate_model(
    model: str,
    *,
    data: Path | None,
    part: str,
    json: bool,
    outputs: int = DEFAULT_OUTPUTS,
    pieces: int | None = None,
    told: bool = True,
    jobs: int = 1,
) -> None:
    """Print the scores of `part`: of music21's chorales by the split, or of what the files `data` hold.

    `outputs` harmonies are made for each row of the second table; 0: it is left out. `pieces`: so many are scored, the
    first ones. `told`: also with attacks and bar lines. `jobs`: processes for what can be spread.
    """
    if part not in chorale_data.PARTS:
        raise ConfigError(f"there is no part {part!r}: choose from {', '.join(chorale_data.PARTS)}.")
    card = library.find_checked_card(model)
    name = str(data) if data else "music21"
    if card.family == "symbols":
        from bachbridge_training.symbols import tables as symbols_tables

        found = symbols_tables.build_tables(card, data, part, pieces=pieces, outputs=outputs)
    else:
        music = four_part_files.read_pieces(data, part) if data else chorale_data.load_chorales(part)
        found = _four_part_tables(
            card,
            EvaluationRequest(
                music, music[:pieces], is_bach=data is None, with_timing=told, outputs=outputs, jobs=jobs
            ),
        )
    if json:
        print(json_format.dumps({"model": model, "data": name, "part": part, **_json_report(found)}, indent=2))
        return
    console, title = Console(), f"{model} on {name}, {part}"
    console.print(_score_table(title, found.scores))
    if found.music:
        rows = {row: asdict(measures) for row, measures in found.music.items()}
        console.print(_score_table(f"{title}: what comes out", rows))
    if found.schedules:
        console.print(_score_table(f"{title}: nats of what comes out", found.schedules))
    if found.copies:
        console.print(_score_table(f"{title}: passages that the training music has", found.copies))
    if found.tunes:
        console.print(_score_table(f"{model}: shares of what it writes that are ABC", found.tunes))


def _four_part_tables(card: library.Card, request: EvaluationRequest) -> EvaluationTables:
    match card.family:
        case "chorale":
            from bachbridge_training.chorale.tables import build_tables
        case "infill":
            from bachbridge_training.infill.tables import build_tables
        case _:
            raise ModelError(f"{card.name!r} reads {card.codec!r}, which cannot be scored: name a model of chorales.")
    return build_tables(card, request)


def _json_report(found: EvaluationTables) -> dict[str, Any]:
    """The first column's figures as they are, the others under their names."""
    (_, first), *others = found.scores.items()
    facts: dict[str, Any] = {**first, **dict(others)}
    facts |= {"music": {row: asdict(measures) for row, measures in found.music.items()}} if found.music else {}
    facts |= {name: table for name, table in (("copies", found.copies), ("tunes", found.tunes)) if table}
    return facts | ({"schedules": found.schedules} if found.schedules else {})


def _figure_text(value: float | None) -> str:
    match value:
        case None:
            return ""
        case int():
            return str(value)
        case _:
            return f"{value:.4f}"


def _score_table(title: str, scores: Mapping[str, Mapping[str, float | None]]) -> Table:
    table = Table("", *scores, title=title)
    for key in next(iter(scores.values())):
        table.add_row(key.replace("_", " "), *(_figure_text(column.get(key)) for column in scores.values()))
    return table
