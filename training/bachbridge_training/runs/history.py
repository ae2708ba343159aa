"""The history of a run: a line of `history.csv` for each epoch.

A line has the number of steps done, the mean loss and gradient norm of the epoch's steps, the scores after it, the
learning rate of its first step and the seconds per step.
"""

import csv
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge_training.runs.stages import StageRun

HISTORY_FILE, LOSS_PLOT_FILE = "history.csv", "curve.png"
SECONDS_COLUMN = "seconds_per_step"
"""The only column in which two runs differ that do the same steps."""


def read_history(folder: Path) -> list[dict[str, float]]:
    """Return the epochs of the run in `folder`, a run without stages; none if there is no table.

    An epoch has no key for a column that was added after it. Raises `ConfigError` if the table is damaged.
    """
    with _checked_table(folder):
        return [{key: float(value) for key, value in row.items() if value} for row in _rows(folder)]


def write_history(history: Sequence[Mapping[str, float | str]], folder: Path) -> None:
    """Write a table with a line for each epoch and every column that one of them has."""
    with atomic_output(folder / HISTORY_FILE) as scratch, scratch.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in history for key in row)))
        writer.writeheader()
        writer.writerows(history)


def join_histories(runs: Sequence[StageRun], folder: Path) -> None:
    """Write the epochs of all stages into one table, with the column `stage`, and the plot of it.

    Branches are left out until there is their mean, so that the table tells of the run's weights. Raises `ConfigError`
    if the table of a stage is damaged.
    """
    from bachbridge_training.runs import loss_plot  # loads Matplotlib

    histories = {run.name: read_history(run.folder) for run in runs if run.is_in_weights}
    write_history([{"stage": name, **row} for name, history in histories.items() for row in history], folder)
    begun = {name: history for name, history in histories.items() if history}
    loss_plot.plot_stages(begun, folder / LOSS_PLOT_FILE)


def summarize_history(folder: Path) -> list[dict[str, float | str]]:
    """Return for each stage of the run in `folder` its `steps`, `minutes` in steps and best `valid` score, in order.

    A run without stages has one entry without the key `stage`; one whose table is missing has none. Raises
    `ConfigError` if the table is damaged.
    """
    with _checked_table(folder):
        rows = _rows(folder)
        stages = dict.fromkeys(row.get("stage", "") for row in rows)
        return [_stage_summary(name, [row for row in rows if row.get("stage", "") == name]) for name in stages]


@contextmanager
def _checked_table(folder: Path) -> Generator[None]:
    """Turn what is wrong with the table into a `ConfigError`."""
    try:
        yield
    except (ValueError, csv.Error) as error:
        raise ConfigError(
            f"the table {folder / HISTORY_FILE} is damaged ({error}): put a whole one in its place, or begin another "
            "run with -o."
        ) from error


def _rows(folder: Path) -> list[dict[str, str]]:
    """Return the lines of the table; raises `ValueError` if one lacks its step or its score or has a cell too many."""
    if not (folder / HISTORY_FILE).is_file():
        return []
    with (folder / HISTORY_FILE).open(newline="") as file:
        rows: list[dict[Any, Any]] = list(csv.DictReader(file))
    for row in rows:
        if not (row.get("step") and row.get("valid")):
            raise ValueError("an epoch has no step or no score")
        if None in row:  # where csv.DictReader puts cells beyond the last column
            raise ValueError("an epoch has more values than the table has columns")
    return rows


def _stage_summary(name: str, rows: Sequence[dict[str, str]]) -> dict[str, float | str]:
    steps = [0, *(int(float(row["step"])) for row in rows)]
    seconds = [
        (after - before) * float(row.get(SECONDS_COLUMN) or 0)
        for before, after, row in zip(steps, steps[1:], rows, strict=False)
    ]
    return {
        **({"stage": name} if name else {}),
        "steps": steps[-1],
        "minutes": round(sum(seconds) / 60, 1),
        "valid": round(min(float(row["valid"]) for row in rows), 4),
    }
