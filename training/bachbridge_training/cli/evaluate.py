"""`bachbridge evaluate MODEL`: the loss of a model on music that it was not trained on, and what it generates itself.

The first table shows the loss: of a causal model of chorales in nats per frame; of a model that fills in, by the
orderless protocol; of a model of symbols in bits per symbol. The second table sets the harmonies that a model of
chorales makes under the pieces' sopranos beside the pieces' own, by the metrics of `music.metrics`; the third one
shows where their phrases go, the fourth one how the model continues openings (`music.phrasing.measures`). For a model
of symbols the others show how it answers phrases of all kinds, and how much of what it generates also stands in the
training music.
"""

import json as json_format
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from bachbridge.console import make_console
from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import library
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.splits import ALL_PARTS
from bachbridge_training.evaluation.tables import DEFAULT_OUTPUTS, EvaluationOptions, EvaluationTables
from bachbridge_training.runs.families import family_of


def evaluate_model(
    model: str,
    *,
    data: Path | None,
    part: str | None,
    json: bool,
    outputs: int = DEFAULT_OUTPUTS,
    pieces: int | None = None,
    with_timing: bool = True,
    jobs: int = 1,
) -> None:
    """Print the tables of a model for all of `data`, or for the validation part of the bundled music if that is None.

    `part` chooses one of our parts instead.
    `json`: print JSON instead of tables. The other options are those of `EvaluationOptions`. Raises `ConfigError` if
    there is no such part, `ModelError` if the model cannot be scored.
    """
    if part is not None and part not in chorale_data.PARTS:
        raise ConfigError(f"there is no part {part!r}: choose from {', '.join(chorale_data.PARTS)}.")
    part = part or ("valid" if data is None else ALL_PARTS)
    card = library.find_checked_card(model)
    options = EvaluationOptions(data, part, outputs, pieces, with_timing, jobs)
    tables = family_of(card.codec).evaluate(card, options)
    data_name = str(data) if data else "music21"
    if json:
        print(json_format.dumps({"model": model, "data": data_name, "part": part, **_json_report(tables)}, indent=2))
    else:
        _print_tables(tables, model, f"{model} on {data_name}, {part}")


def _print_tables(tables: EvaluationTables, model: str, title: str) -> None:
    console = make_console()
    console.print(_score_table(title, tables.scores))
    measured = _measured_rows(tables)
    for table_title, rows in (
        (f"{title}: the music itself", measured["music"]),
        (f"{title}: where phrases go", measured["phrase_ends"]),
        (f"{title}: continuations of openings", measured["continuations"]),
        (f"{model}: answers to phrases of all kinds", measured["answers"]),
        (f"{title}: nats of the music", tables.schedules),
        (f"{title}: passages that are also in the training music", tables.copies),
        (f"{model}: shares of its tunes that are ABC", tables.tunes),
    ):
        if rows:
            console.print(_score_table(table_title, rows))


def _json_report(tables: EvaluationTables) -> dict[str, Any]:
    """Return the figures of the first column by their keys, those of the other columns under the columns' names."""
    (_, first), *others = tables.scores.items()
    report: dict[str, Any] = {**first, **dict(others)}
    named = {
        **_measured_rows(tables),
        "copies": tables.copies,
        "tunes": tables.tunes,
        "schedules": tables.schedules,
    }
    return report | {name: table for name, table in named.items() if table}


def _measured_rows(tables: EvaluationTables) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the tables of musical measures by their names, and in each the measures of each row."""
    measured: dict[str, Mapping[str, Any]] = {
        "music": tables.music,
        "phrase_ends": tables.phrase_ends,
        "continuations": tables.continuations,
        "answers": tables.answers,
    }
    return {name: {row: asdict(measures) for row, measures in rows.items()} for name, rows in measured.items()}


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
