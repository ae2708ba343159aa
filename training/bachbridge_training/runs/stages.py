"""The folder of a run with stages: a folder for each stage, which is a run of its own, and what they have in common.

    runs/chorale-lstm/recipe.toml         the recipe with all of its stages
    runs/chorale-lstm/history.csv         the epochs of all stages, with the column `stage`
    runs/chorale-lstm/curve.png           the plot of all stages that have ended
    runs/chorale-lstm/1-chain/            the first stage: its recipe.toml, last.npz, best.npz …
    runs/chorale-lstm/2-on/               the second one, which began with the first one's best.npz

A stage with branches has a folder for each of them, and itself only the mean of their weights:

    runs/coconet/2-on/1/                  its first branch, a run that began with the first stage's best.npz
    runs/coconet/2-on/2/                  its second branch, which began with the same weights and has the next seed
    runs/coconet/2-on/best.npz            the mean of the branches' best.npz, which is written when all have ended

A stage that has begun is never left for an earlier one, so a run that was killed at any moment continues where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bachbridge_training.recipe import AnyRecipe, Stage

CHECKPOINT_FILE, BEST_WEIGHTS_FILE = "last.npz", "best.npz"
CHECKPOINT_INTERVAL_S = 300.0
"""Seconds after which a checkpoint is written within an epoch, unless the command says otherwise."""


@dataclass(frozen=True, slots=True)
class StageRun:
    """A stage, or a branch of one, with the folder of its run and the folder of the run before it."""

    stage: Stage
    folder: Path
    previous: Path | None
    branches: tuple[Path, ...] = ()
    """Folders of the runs of which this one is the mean; it is not trained then."""

    @property
    def has_begun(self) -> bool:
        return (self.folder / (BEST_WEIGHTS_FILE if self.branches else CHECKPOINT_FILE)).is_file()


def stage_runs(stages: Sequence[Stage], folder: Path, start_run: Path | None = None) -> list[StageRun]:
    """Return the runs of all stages in `folder`, in order; the first one starts from `start_run`.

    A stage with branches has a run for each branch, named STAGE/NUMBER, and then the run that is their mean.
    """
    if not stages[0].name:
        return [StageRun(stages[0], folder, start_run)]
    runs, previous = list[StageRun](), start_run
    for number, stage in enumerate(stages, 1):
        its_folder = folder / f"{number}-{stage.name}"
        branches = _branch_runs(stage, its_folder, previous) if stage.branches > 1 else []
        runs += [*branches, StageRun(stage, its_folder, previous, tuple(branch.folder for branch in branches))]
        previous = its_folder
    return runs


def _branch_runs(stage: Stage, folder: Path, previous: Path | None) -> list[StageRun]:
    seeds = range(stage.recipe.seed, stage.recipe.seed + stage.branches)
    return [
        StageRun(Stage(f"{stage.name}/{number}", replace(stage.recipe, seed=seed)), folder / str(number), previous)
        for number, seed in enumerate(seeds, 1)
    ]


def present_stage(runs: Sequence[StageRun]) -> int:
    """Return the number of the last stage that has begun, counted from 0; 0 if none has."""
    return max((number for number, run in enumerate(runs) if run.has_begun), default=0)


def finished_run(folder: Path) -> Path:
    """Return the folder with the weights that a run gives: that of its last stage that has any, or `folder` itself."""
    found = sorted(folder.glob(f"[0-9]*-*/{BEST_WEIGHTS_FILE}"), key=lambda path: int(path.parent.name.split("-")[0]))
    return found[-1].parent if found else folder


def with_epochs(recipe: AnyRecipe, *, epochs: int | None, share: float = 1.0) -> AnyRecipe:
    """Return the recipe for `epochs` epochs of `share` of its steps; the learning-rate curve is scaled to fit."""
    steps_per_epoch = max(1, round(recipe.steps_per_epoch * share))
    steps = steps_per_epoch * (epochs or max(1, recipe.steps // recipe.steps_per_epoch))
    return replace(recipe, steps=steps, steps_per_epoch=steps_per_epoch, warmup=min(recipe.warmup, steps // 10))


def with_seed(stages: Sequence[Stage], seed: int | None) -> tuple[Stage, ...]:
    """Return the stages with the first one's seed, if one is given; the others keep their distance from it."""
    moved = 0 if seed is None else seed - stages[0].recipe.seed
    seeds = [max(0, each.recipe.seed + moved) for each in stages]
    return tuple(
        replace(each, recipe=replace(each.recipe, seed=seed)) for each, seed in zip(stages, seeds, strict=True)
    )
