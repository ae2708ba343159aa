"""The folder of a run with stages: a folder for each stage, which is a run of its own, and what they have in common.

    runs/chorale-lstm/recipe.toml         the recipe with all of its stages
    runs/chorale-lstm/history.csv         the epochs of all stages, with the column `stage`
    runs/chorale-lstm/curve.png           the plot of all stages that have ended
    runs/chorale-lstm/1-chain/            the first stage: its recipe.toml, last.npz, best.npz …
    runs/chorale-lstm/2-on/               the second one, which began with the first one's best.npz

A stage that has begun is never left for an earlier one, so a run that was killed at any moment continues where it was.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bachbridge.atomic_files import atomic_output
from bachbridge_training.recipe import AnyRecipe, Stage

HISTORY_FILE, LOSS_PLOT_FILE = "history.csv", "curve.png"
CHECKPOINT_FILE, BEST_WEIGHTS_FILE = "last.npz", "best.npz"
CHECKPOINT_INTERVAL_S = 300.0
"""Seconds after which a checkpoint is written within an epoch, unless the command says otherwise."""


@dataclass(frozen=True, slots=True)
class StageRun:
    """A stage with the folder of its run and the folder of the run before it."""

    stage: Stage
    folder: Path
    previous: Path | None

    @property
    def has_begun(self) -> bool:
        return (self.folder / CHECKPOINT_FILE).is_file()


def stage_runs(stages: Sequence[Stage], folder: Path, start_run: Path | None = None) -> list[StageRun]:
    """Return the runs of all stages in `folder`; the first one starts from `start_run`."""
    if not stages[0].name:
        return [StageRun(stages[0], folder, start_run)]
    folders = [folder / f"{number}-{stage.name}" for number, stage in enumerate(stages, 1)]
    return [
        StageRun(stage, its_folder, previous)
        for stage, its_folder, previous in zip(stages, folders, [start_run, *folders[:-1]], strict=True)
    ]


def present_stage(runs: Sequence[StageRun]) -> int:
    """Return the number of the last stage that has begun, counted from 0; 0 if none has."""
    return max((number for number, run in enumerate(runs) if run.has_begun), default=0)


def finished_run(folder: Path) -> Path:
    """Return the folder with the weights that a run gives: that of its last stage that has any, or `folder` itself."""
    found = sorted(folder.glob(f"[0-9]*-*/{BEST_WEIGHTS_FILE}"), key=lambda path: int(path.parent.name.split("-")[0]))
    return found[-1].parent if found else folder


def join_histories(runs: Sequence[StageRun], folder: Path) -> None:
    """Write the epochs of all stages into one table, and the plot of it."""
    from bachbridge_training.runs import loss_plot  # loads Matplotlib

    histories = {run.stage.name: _history_rows(run.folder) for run in runs}
    rows = [{"stage": name, **row} for name, history in histories.items() for row in history]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with atomic_output(folder / HISTORY_FILE) as scratch, scratch.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    numbers = {
        name: [{key: float(value) for key, value in row.items()} for row in history]
        for name, history in histories.items()
        if history
    }
    loss_plot.plot_stages(numbers, folder / LOSS_PLOT_FILE)


def summarize_history(folder: Path) -> list[dict[str, float | str]]:
    """Return for each stage of the run in `folder` its `steps`, `minutes` in steps and best `valid` score, in order.

    A run without stages has one entry without the key `stage`; one whose table is missing has none.
    """
    rows = _history_rows(folder)
    stages = dict.fromkeys(row.get("stage", "") for row in rows)
    return [_stage_summary(name, [row for row in rows if row.get("stage", "") == name]) for name in stages]


def _history_rows(folder: Path) -> list[dict[str, str]]:
    """Return the epochs of the run in `folder` as its table has them; none if there is no table."""
    if not (folder / HISTORY_FILE).is_file():
        return []
    with (folder / HISTORY_FILE).open(newline="") as file:
        return list(csv.DictReader(file))


def _stage_summary(name: str, rows: Sequence[dict[str, str]]) -> dict[str, float | str]:
    steps = [0, *(int(float(row["step"])) for row in rows)]
    seconds = [
        (after - before) * float(row.get("seconds_per_step") or 0)
        for before, after, row in zip(steps, steps[1:], rows, strict=False)
    ]
    return {
        **({"stage": name} if name else {}),
        "steps": steps[-1],
        "minutes": round(sum(seconds) / 60, 1),
        "valid": round(min(float(row["valid"]) for row in rows), 4),
    }


def with_epochs(recipe: AnyRecipe, *, epochs: int | None, share: float = 1.0) -> AnyRecipe:
    """Return the recipe for `epochs` epochs of `share` of its steps; the learning-rate curve is scaled to fit."""
    steps_per_epoch = max(1, round(recipe.steps_per_epoch * share))
    steps = steps_per_epoch * (epochs or max(1, recipe.steps // recipe.steps_per_epoch))
    return replace(recipe, steps=steps, steps_per_epoch=steps_per_epoch, warmup=min(recipe.warmup, steps // 10))


def with_seed(stages: Sequence[Stage], seed: int | None) -> tuple[Stage, ...]:
    """Return the stages with the first one's seed, if one is given; the others keep their distance from it."""
    moved = 0 if seed is None else seed - stages[0].recipe.seed
    return tuple(Stage(each.name, replace(each.recipe, seed=max(0, each.recipe.seed + moved))) for each in stages)
