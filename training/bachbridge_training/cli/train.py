"""`bachbridge train RECIPE`: train a model from its recipe; a run is a folder and can be resumed.

All stages of the recipe are run, one after the other (`runs.stages` describes the folder).
"""

import json as json_format
import shlex
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import library
from bachbridge_training import recipe as recipes
from bachbridge_training.cli.run_folder import begun_stages, held_folder
from bachbridge_training.collection.shard_index import is_shard_folder
from bachbridge_training.folder_lock import make_folder
from bachbridge_training.recipe import AnyRecipe, ChoraleRecipe, PhrasingRecipe, Stage
from bachbridge_training.runs import devices as run_devices
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import stages as run_stages
from bachbridge_training.runs.devices import DevicePlan, Devices
from bachbridge_training.runs.stages import CHECKPOINT_INTERVAL_S, StageRun

if TYPE_CHECKING:
    from bachbridge_training.datasets.folder import MusicFolder
    from bachbridge_training.runs.run_data import RunData
    from bachbridge_training.runs.step import TrainingRun


@dataclass(frozen=True, slots=True)
class _RunOptions:
    """The options of the command that hold for every stage."""

    epochs: int | None
    limit: int | None
    data: Path | None
    patience: int | None
    checkpoint_interval_s: float
    json: bool
    devices: Devices


def train_recipe(
    recipe: str,
    *,
    epochs: int | None,
    limit: int | None,
    seed: int | None,
    output: Path | None,
    resume: bool,
    from_run: Path | None = None,
    data: Path | None = None,
    patience: int | None = None,
    checkpoint_interval_s: float = CHECKPOINT_INTERVAL_S,
    check_only: bool = False,
    json: bool = False,
    backend: str | None = None,
    plan: DevicePlan | None = None,
    overfit: bool = False,
) -> None:
    """Train by the recipe in the folder `output` (default `runs/RECIPE`), each of its stages to its end.

    `epochs`: for each stage. `limit`: number of pieces of each part. `from_run`: a run whose best weights this run
    begins with. `data`: a folder of music, of which a report is shown first; with `check_only` nothing else is done,
    with `json` the report is also printed as JSON. `patience`, `checkpoint_interval_s`: see `runs.train.train`.
    `backend` and `plan`: see `runs.devices`. `overfit`: only check that the network can learn one batch by heart,
    without a run. Raises `ConfigError` if the options do not fit together.
    """
    wanted = recipes.read_stages(recipe)
    if data is None and (check_only or json):
        raise ConfigError("--check and --json are about your own music: name its folder with --data.")
    first = wanted[0].recipe
    if data is not None and check_only:
        load_own_music(data, first, json=json)
        return
    run_devices.choose_backend(backend, plan)
    if overfit:
        _check_overfit(first, data, limit)
        return
    if isinstance(first, ChoraleRecipe) and first.pointer and not (from_run or resume):
        raise ConfigError(f"{recipe} adds a pointer to the network of another run: name that run after --from.")
    folder = output or Path("runs") / Path(recipe).stem
    devices = run_devices.connect(plan or DevicePlan())
    stages = begun_stages(folder, wanted, resume=resume, from_run=from_run, seed=seed)
    stages = stages or run_stages.with_seed(wanted, seed)
    options = _RunOptions(epochs, limit, data, patience, checkpoint_interval_s, json, devices)
    with held_folder(folder, devices):
        is_own_music = _train_stages(stages, folder, from_run, options)
    devices.close()
    model = _model_name(folder, is_own_music=is_own_music)
    print(f"the run is in {folder}; make a model of it: bachbridge export {shlex.join((model, '--run', str(folder)))}")


def _train_stages(stages: Sequence[Stage], folder: Path, from_run: Path | None, options: _RunOptions) -> bool:
    """Train each stage from the present one on; return True if the music is the user's own."""
    for stage in stages:
        options.devices.check_batch(batch_windows(stage.recipe))
    runs = run_stages.stage_runs(stages, folder, run_stages.finished_run(from_run) if from_run else None)
    is_own_music, writes = False, options.devices.writes
    options.devices.check_same("stage", present := run_stages.present_run(runs))
    _check_epochs(runs, present, options.epochs)
    for index in range(present, len(runs)):
        run = runs[index]
        if run.stage.name and writes:
            part = f", branch {run.branch} of {run.stage.branches}" if run.branch else ""
            part = ", the mean of its branches" if run.branches else part
            print(f"stage {run.stage.name}, {run.number} of {len(stages)}{part}", flush=True)
        if run.branches:
            is_own_music = _average_branches(run, options)
        else:
            before = runs[index - 1].folder if index else None
            is_own_music = _train_stage(run, before, options, partial(_write_stages, stages, folder))
        if run.stage.name and writes:
            run_history.join_histories(runs, folder)
    return is_own_music


def _write_stages(stages: Sequence[Stage], folder: Path) -> None:
    """Write the recipe of a run with stages; a run without stages has its recipe in the same folder already."""
    if stages[0].name:
        recipes.write_stages(stages, folder / recipes.RECIPE_FILE)


def _check_epochs(runs: Sequence[StageRun], present: int, epochs: int | None) -> None:
    """Raise `ConfigError` if the run that goes on is one of branches, which are as long as the first of them."""
    if epochs and (runs[present].first_branch or (runs[-1].has_begun and runs[-1].branches)):
        raise ConfigError(
            "the branches of a stage are as long as the first of them, which has ended: leave --epochs out, or begin "
            "another run from this one with --from, in another folder with -o."
        )


def _train_stage(
    run: StageRun, before: Path | None, options: _RunOptions, write_whole_recipe: Callable[[], None]
) -> bool:
    """Begin or continue a stage and train it to its end; return True if the music is the user's own.

    `before`: the folder of the run that was done last, which knows where the music is; None for the first one.
    `write_whole_recipe` is called before the first checkpoint: only then the run can be resumed.
    """
    # TensorFlow takes seconds to load and prints messages, so it is not loaded before it is needed.
    from bachbridge_training.runs import run_data
    from bachbridge_training.runs import train as training_run

    begun, has_begun = _begun_recipe(run), run.has_begun
    its_data = run_data.load_run_data(
        begun or run.stage.recipe,
        run.folder if has_begun else before,
        data=options.data,
        limit=options.limit,
        read_folder=run_data.read_folder_silently if before else partial(load_own_music, json=options.json),
    )
    settled = _settled_recipe(begun, run.stage.recipe, its_data.train_share, options.epochs)
    training = _start_run(settled, its_data, run, options.devices, write_whole_recipe, has_begun=has_begun)
    print(f"the scores are plotted after each epoch in {run.folder / run_history.LOSS_PLOT_FILE}", flush=True)
    if training.step >= settled.steps and not run.branch:
        print(f"the run has done all of its {len(training.history)} epochs: add more with --epochs")
    training_run.train(
        training,
        its_data.train,
        its_data.valid,
        run.folder,
        patience=options.patience,
        checkpoint_interval_s=options.checkpoint_interval_s,
    )
    options.devices.wait_for_all("the end of a stage")
    return bool(its_data.origin.folder)


def _begun_recipe(run: StageRun) -> AnyRecipe | None:
    """Return the recipe with which the run or the first of its branches began, in the options of that time, or None."""
    folder = run.folder if run.has_begun else run.first_branch
    if folder is None or not (folder / recipes.RECIPE_FILE).is_file():
        return None
    begun = recipes.read_recipe(str(folder / recipes.RECIPE_FILE))
    return replace(begun, seed=run.stage.recipe.seed) if run.branch else begun


def _average_branches(run: StageRun, options: _RunOptions) -> bool:
    """Make the run that is the mean of its branches, all of which have ended; return as `_train_stage` does."""
    from bachbridge_training.runs import run_data, step
    from bachbridge_training.runs import train as training_run

    recipe = recipes.read_recipe(str(run.branches[0] / recipes.RECIPE_FILE))
    record = run.folder if run.has_begun else run.branches[-1]
    its_data = run_data.load_run_data(recipe, record, data=options.data, limit=options.limit)
    training = step.start_run(recipe, its_data.build_task, options.devices)
    options.devices.check_same("recipe or music", zlib.crc32(repr((recipe, its_data.facts)).encode()))
    if options.devices.writes:
        run_data.write_run_data(its_data, run.folder)
        recipes.write_recipe(recipe, run.folder / recipes.RECIPE_FILE)
    training_run.average_branches(training, its_data.valid, run.branches, run.folder)
    options.devices.wait_for_all("the end of a stage")
    return bool(its_data.origin.folder)


def _start_run(
    recipe: AnyRecipe,
    its_data: "RunData",
    run: StageRun,
    devices: Devices,
    write_whole_recipe: Callable[[], None],
    *,
    has_begun: bool,
) -> "TrainingRun":
    """Build the network with its first weights, and write what a run that is killed at once is resumed from."""
    from bachbridge_training.runs import checkpoints, run_data, step

    training = step.start_run(recipe, its_data.build_task, devices)
    if has_begun:
        checkpoints.resume_run(training, run.folder)
        if recipe.steps < training.step:
            raise ConfigError(
                f"the run in {run.folder} has done {len(training.history)} epochs already: give more with --epochs, or "
                "leave it out."
            )
    elif run.previous:
        checkpoints.load_initial_weights(training, run.previous)
    # All processes have read what they need of the folder before the first one writes into it.
    devices.check_same("recipe, music or step", zlib.crc32(repr((recipe, its_data.facts, training.step)).encode()))
    if devices.writes:
        make_folder(run.folder)
        run_data.write_run_data(its_data, run.folder)
        recipes.write_recipe(recipe, run.folder / recipes.RECIPE_FILE)
        if not has_begun:
            write_whole_recipe()
            checkpoints.save_checkpoint(training, run.folder / run_stages.CHECKPOINT_FILE)
    return training


def batch_windows(recipe: AnyRecipe) -> int:
    """Return the length of a batch's first axis: windows, notes, or the frames from which a pointer learns."""
    if isinstance(recipe, ChoraleRecipe) and recipe.pointer:
        return recipe.batch * recipe.window
    return recipe.batch


def _check_overfit(recipe: AnyRecipe, data: Path | None, limit: int | None) -> None:
    """Print whether the network of the recipe learns one batch by heart; raises `ConfigError` if it does not."""
    from bachbridge_training.runs import overfit, run_data

    its_data = run_data.load_run_data(recipe, None, data=data, limit=limit or overfit.PIECES)
    print(overfit.overfit_batch(overfit.overfit_recipe(recipe), its_data), flush=True)


def _model_name(folder: Path, *, is_own_music: bool) -> str:
    """Return a name for the run's model; if it is trained on the user's own music, a name that no model has yet."""
    name = folder.resolve().name
    taken = library.model_names() if is_own_music else library.shipped_names()
    return f"my-{name}" if name in taken else name


def load_own_music(data: Path, recipe: AnyRecipe, *, json: bool = False) -> "MusicFolder":
    """Read the music in the folder and show its report; raises `ConfigError` if there is not enough of it."""
    from bachbridge_training.datasets import folder as music_folder
    from bachbridge_training.datasets import report as data_report
    from bachbridge_training.datasets import splits, suitability

    if is_shard_folder(data):
        raise ConfigError(f"{data} holds a collection that is prepared already: its report is report.md there.")
    converter = suitability.converter_for(recipe)
    music = music_folder.read_folder(data, converter)
    pieces_by_part, complaint = dict[str, int](), ""
    try:
        pieces_by_part = {part: len(pieces) for part, pieces in splits.split_pieces(music.pieces).items()}
    except ConfigError as error:
        complaint = str(error)
    window = 0 if isinstance(recipe, PhrasingRecipe) or converter is not suitability.as_four_parts else recipe.window
    report = data_report.build_report(music, pieces_by_part, window)
    data_report.show_report(report)
    if json:
        print(json_format.dumps(report.as_json(), indent=2))
    if complaint:
        raise ConfigError(complaint)
    return music


def _settled_recipe(begun: AnyRecipe | None, wanted: AnyRecipe, data_share: float, epochs: int | None) -> AnyRecipe:
    """Return the recipe as the options and the share of the music change it, or that of a stage that has `begun`."""
    if begun:
        return begun if epochs is None else replace(begun, steps=epochs * begun.steps_per_epoch)
    if epochs is None and data_share == 1:
        return wanted
    return run_stages.with_epochs(wanted, epochs=epochs, share=data_share)
