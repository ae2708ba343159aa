"""The folder of a run with stages: a folder for each stage, which is a run of its own, and what they have in common.

    runs/chorale-lstm/recipe.toml         the recipe with all of its stages
    runs/chorale-lstm/history.csv         the epochs of all stages, with the column `stage`
    runs/chorale-lstm/curve.png           the plot of all stages that have ended
    runs/chorale-lstm/1-pitches/          the first stage: its recipe.toml, last.npz, best.npz …
    runs/chorale-lstm/2-intervals/        the second one, which began with the first one's best.npz

A stage with branches has a folder for each of them, and itself only the mean of their weights:

    runs/coconet/2-falling-rate/1/        its first branch, a run that began with the first stage's best.npz
    runs/coconet/2-falling-rate/2/        its second branch, which began with the same weights and has the next seed
    runs/coconet/2-falling-rate/best.npz  the mean of the branches' best.npz, which is written when all have ended

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
    """A stage, a branch of one or the mean of its branches, with the folders of its run and of the weights before it.

    A branch has the number `branch` and its own seed in `stage`. A mean has the folders of its `branches` and is not
    trained.
    """

    number: int
    """Number of the stage, from 1."""
    stage: Stage
    folder: Path
    previous: Path | None
    branch: int = 0
    branches: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """STAGE, or STAGE/NUMBER for a branch; no stage can have such a name."""
        return f"{self.stage.name}/{self.branch}" if self.branch else self.stage.name

    @property
    def has_begun(self) -> bool:
        """True if there is something to resume; a mean has begun when it is made."""
        return (self.folder / (BEST_WEIGHTS_FILE if self.branches else CHECKPOINT_FILE)).is_file()

    @property
    def first_branch(self) -> Path | None:
        """Folder of the branch whose recipe this one follows; None for the first branch and outside of branches."""
        return self.folder.parent / "1" if self.branch > 1 else None

    @property
    def is_in_weights(self) -> bool:
        """False for a branch without a mean yet, which the weights of the run know nothing of."""
        return not self.branch or (self.folder.parent / BEST_WEIGHTS_FILE).is_file()


def stage_runs(stages: Sequence[Stage], folder: Path, from_run: Path | None = None) -> list[StageRun]:
    """Return the runs of all stages in `folder`, in order; the first one starts from `from_run`.

    A stage with branches has a run for each branch, and then the run that is their mean.
    """
    if not stages[0].name:
        return [StageRun(1, stages[0], folder, from_run)]
    runs, previous = list[StageRun](), from_run
    for number, stage in enumerate(stages, 1):
        its_folder = folder / f"{number}-{stage.name}"
        branches = list[StageRun]()
        for branch in range(1, stage.branches + 1) if stage.branches > 1 else ():
            recipe = replace(stage.recipe, seed=stage.recipe.seed + branch - 1)
            its_stage = replace(stage, recipe=recipe)
            branches.append(StageRun(number, its_stage, its_folder / str(branch), previous, branch))
        mean_of = tuple(branch.folder for branch in branches)
        runs += [*branches, StageRun(number, stage, its_folder, previous, branches=mean_of)]
        previous = its_folder
    return runs


def present_run(runs: Sequence[StageRun]) -> int:
    """Return the index of the last run that has begun; 0 if none has."""
    return max((number for number, run in enumerate(runs) if run.has_begun), default=0)


def finished_run(folder: Path) -> Path:
    """Return the folder with the weights that a run gives: that of its last stage that has any, or `folder` itself."""
    found = sorted(folder.glob(f"[0-9]*-*/{BEST_WEIGHTS_FILE}"), key=lambda path: int(path.parent.name.split("-")[0]))
    return found[-1].parent if found else folder


def with_epochs(recipe: AnyRecipe, *, epochs: int | None, share: float = 1.0) -> AnyRecipe:
    """Return the recipe for `epochs` epochs of `share` of its steps; the learning-rate curve is scaled to fit."""
    planned = min(recipe.steps_per_epoch, recipe.steps)
    steps_per_epoch = max(1, round(planned * share))
    steps = steps_per_epoch * (epochs or recipe.steps // planned)
    return replace(recipe, steps=steps, steps_per_epoch=steps_per_epoch, warmup=min(recipe.warmup, steps // 10))


def with_seed(stages: Sequence[Stage], seed: int | None) -> tuple[Stage, ...]:
    """Return the stages with the first one's seed, if one is given; the others keep their distance from it."""
    moved = 0 if seed is None else seed - stages[0].recipe.seed
    seeds = [max(0, each.recipe.seed + moved) for each in stages]
    return tuple(
        replace(each, recipe=replace(each.recipe, seed=seed)) for each, seed in zip(stages, seeds, strict=True)
    )
