"""`bachbridge train RECIPE`: train a model from its recipe; a run is a folder and can be resumed."""

import json as json_format
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import library
from bachbridge_training import recipe as recipes
from bachbridge_training.recipe import AnyRecipe, ChoraleRecipe, PhrasingRecipe

if TYPE_CHECKING:
    from bachbridge_training.datasets.folder import MusicFolder
    from bachbridge_training.runs.run_data import RunData
    from bachbridge_training.runs.train import TrainingRun

_RECIPE_FILE = "recipe.toml"


def train_recipe(
    recipe: str,
    *,
    epochs: int | None,
    limit: int | None,
    seed: int | None,
    output: Path | None,
    resume: bool,
    start_run: Path | None = None,
    data: Path | None = None,
    patience: int | None = None,
    check_only: bool = False,
    json: bool = False,
) -> None:
    """Train by the recipe in the folder `output` (default `runs/RECIPE`).

    `limit`: number of pieces of each part. `start_run`: a run whose best weights this run begins with. `data`: a folder
    of music, of which a report is shown first; with `check_only` nothing else is done, with `json` the report is also
    printed as JSON. `patience`: see `runs.train.train`. Raises `ConfigError` if the options do not fit together.
    """
    wanted = recipes.read_recipe(recipe)
    if data is None and (check_only or json):
        raise ConfigError("--check and --json are about your own music: name its folder with --data.")
    if isinstance(wanted, ChoraleRecipe) and wanted.pointer and not (start_run or resume):
        raise ConfigError(f"{recipe} adds a pointer to the network of another run: name that run after --from.")
    if data is not None and check_only:
        load_own_music(data, wanted, json=json)
        return
    # TensorFlow takes seconds to load and prints messages, so it is not loaded before it is needed.
    from bachbridge_training.runs import run_data
    from bachbridge_training.runs import train as training_run

    folder = output or Path("runs") / Path(recipe).stem
    is_resumed = (folder / training_run.CHECKPOINT_FILE).is_file()
    _check_run_folder(folder, wanted.name, has_run=is_resumed, resume=resume, start_run=start_run)
    begun = recipes.read_recipe(str(folder / _RECIPE_FILE)) if is_resumed else None
    read_folder = partial(load_own_music, json=json)
    run_folder = folder if begun else None
    its_data = run_data.load_run_data(begun or wanted, run_folder, data=data, limit=limit, read_folder=read_folder)
    if begun:
        settled = _resumed_run_recipe(begun, folder, epochs=epochs, seed=seed)
    else:
        settled = _new_run_recipe(wanted, epochs, its_data.train_share, seed)
    run = _start_run(settled, its_data, folder, is_resumed=is_resumed, start_run=start_run)
    print(f"the scores are plotted after each epoch in {folder / training_run.LOSS_PLOT_FILE}", flush=True)
    if run.step >= settled.steps:
        print(f"the run has done all of its {len(run.history)} epochs: add more with --epochs")
    training_run.train(run, its_data.train, its_data.valid, folder, patience=patience)
    model = _model_name(folder, is_own_music=bool(its_data.origin.folder))
    print(f"the run is in {folder}; make a model of it: bachbridge export {shlex.join((model, '--run', str(folder)))}")


def _start_run(
    recipe: AnyRecipe, its_data: "RunData", folder: Path, *, is_resumed: bool, start_run: Path | None
) -> "TrainingRun":
    """Build the network, load its first weights, and write the recipe and the record of the data into the folder."""
    from bachbridge_training.runs import run_data
    from bachbridge_training.runs import train as training_run

    run = training_run.start_run(recipe, its_data.build_task)
    if is_resumed:
        training_run.resume_run(run, folder)
    elif start_run:
        training_run.load_initial_weights(run, start_run)
    _make_folder(folder)
    recipes.write_recipe(recipe, folder / _RECIPE_FILE)
    run_data.write_run_data(its_data, folder)
    return run


def _check_run_folder(folder: Path, recipe_name: str, *, has_run: bool, resume: bool, start_run: Path | None) -> None:
    """Raise `ConfigError` if the options do not fit the contents of the folder."""
    from bachbridge_training.runs import train as training_run

    if has_run and not resume:
        raise ConfigError(f"{folder} already holds a run: resume it with --resume, or choose another folder with -o.")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: choose another place for the run with -o.")
    if has_run and start_run:
        raise ConfigError("--from begins a new run and --resume continues an old one: leave one of them out.")
    if has_run and (other := recipes.read_recipe(str(folder / _RECIPE_FILE)).name) != recipe_name:
        raise ConfigError(f"the run in {folder} has the recipe {other}: name that recipe, or another folder with -o.")
    if start_run and not (start_run / training_run.BEST_WEIGHTS_FILE).is_file():
        raise ConfigError(f"{start_run} holds no run to start from: name the folder of a run after --from.")
    if resume and not has_run:
        raise ConfigError(f"{folder} holds no run to resume: leave --resume out, or name the run's folder with -o.")


def _model_name(folder: Path, *, is_own_music: bool) -> str:
    """Return a name for the run's model; if it is trained on the user's own music, a name that no model has yet."""
    name = folder.resolve().name
    taken = library.model_names() if is_own_music else library.shipped_names()
    return f"my-{name}" if name in taken else name


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write to {folder} ({error.strerror}): choose another folder with -o.") from error


def load_own_music(data: Path, recipe: AnyRecipe, *, json: bool = False) -> "MusicFolder":
    """Read the music in the folder and show its report; raises `ConfigError` if there is not enough of it."""
    from bachbridge_training.datasets import folder as music_folder
    from bachbridge_training.datasets import report as data_report
    from bachbridge_training.datasets import splits, suitability

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


def _new_run_recipe(recipe: AnyRecipe, epochs: int | None, data_share: float, seed: int | None) -> AnyRecipe:
    """Return the recipe as the options and the share of the music change it."""
    seeded = recipe if seed is None else replace(recipe, seed=seed)
    if epochs is None and data_share == 1:
        return seeded
    return recipes.with_epochs(seeded, epochs=epochs, share=data_share)


def _resumed_run_recipe(recipe: AnyRecipe, folder: Path, *, epochs: int | None, seed: int | None) -> AnyRecipe:
    """Return the recipe that the run in `folder` began with, with another number of epochs if wanted."""
    if seed not in {None, recipe.seed}:
        raise ConfigError(f"the run in {folder} began with seed {recipe.seed}: leave --seed out when resuming.")
    return recipe if epochs is None else replace(recipe, steps=epochs * recipe.steps_per_epoch)
