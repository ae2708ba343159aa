"""`bachbridge train RECIPE`: train a model from its recipe; a run is a folder that can be taken up again."""

import json as encoding
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import library
from bachbridge_training import recipe as recipes
from bachbridge_training.recipe import AnyRecipe

if TYPE_CHECKING:
    from bachbridge_training.datasets.folder import MusicFolder

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
    """Run the recipe in the folder `output` (default `runs/RECIPE`), on `limit` pieces of each part if given.

    `start`: a run whose best weights are the first ones of this run; `data`: a folder of music, of which a report
    is shown first; with `check` there is nothing but the report, with `json` it is also printed as such. `patience`:
    see `training.train`.
    """
    wanted = recipes.read_recipe(recipe)
    if data is None and (check_only or json):
        raise ConfigError("--check and --json are about music of your own: name its folder with --data.")
    if data is not None and check_only:
        load_own_music(data, wanted, json=json)
        return
    # TensorFlow takes seconds to load and prints while it does: not before it is known that there is something to do.
    from bachbridge_training.runs import run_data
    from bachbridge_training.runs import train as training_run

    folder = output or Path("runs") / Path(recipe).stem
    begun = (folder / training_run.CHECKPOINT_FILE).is_file()
    _check_run_folder(folder, wanted.name, has_run=begun, resume=resume, start_run=start_run)
    look = partial(load_own_music, json=json)
    if begun:
        found = run_data.load_run_data(
            recipes.read_recipe(str(folder / _RECIPE_FILE)), folder, data=data, limit=limit, read_folder=look
        )
    else:
        found = run_data.load_run_data(wanted, None, data=data, limit=limit, read_folder=look)
    settled = (
        _resumed_run_recipe(folder, epochs=epochs, seed=seed)
        if begun
        else _new_run_recipe(wanted, epochs, found.train_share, seed)
    )
    run = training_run.start_run(settled, found.build_task)
    if begun:
        training_run.resume_run(run, folder)
    elif start_run:
        training_run.load_initial_weights(run, start_run)
    _make_folder(folder)
    recipes.write_recipe(settled, folder / _RECIPE_FILE)
    run_data.write_run_data(found, folder)
    print(
        f"the curve of the training, drawn anew after each epoch, is {folder / training_run.LOSS_PLOT_FILE}", flush=True
    )
    if run.step >= settled.steps:
        print(f"the run has had all of its {len(run.history)} epochs: more are added with --epochs")
    training_run.train(run, found.train, found.valid, folder, patience=patience)
    words = ("bachbridge", "export", _model_name(folder, own_music=bool(found.origin.folder)), "--run", str(folder))
    print(f"the run is in {folder}; make a model of it: {shlex.join(words)}")


def _check_run_folder(folder: Path, recipe_name: str, *, has_run: bool, resume: bool, start_run: Path | None) -> None:
    """Whether what is asked for goes together with what is there; raises `ConfigError`. `name`: the recipe's."""
    from bachbridge_training.runs import train as training_run

    if has_run and not resume:
        raise ConfigError(f"{folder} holds a run already: go on with it by --resume, or choose another with -o.")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: choose another place for the run with -o.")
    if has_run and start_run:
        raise ConfigError("--from begins a run and --resume goes on with one: leave one of them out.")
    if has_run and (other := recipes.read_recipe(str(folder / _RECIPE_FILE)).name) != recipe_name:
        raise ConfigError(f"the run in {folder} is one of the recipe {other}: name that, or another folder with -o.")
    if start_run and not (start_run / training_run.BEST_WEIGHTS_FILE).is_file():
        raise ConfigError(f"{start_run} holds no run to begin with: name the folder of a run after --from.")
    if resume and not has_run:
        raise ConfigError(f"{folder} holds no run to resume: leave --resume out, or name the run's folder with -o.")


def _model_name(folder: Path, *, own_music: bool) -> str:
    """What a model of the run may be called; one on somebody's `own` music shall not stand before one that is there."""
    name = folder.resolve().name
    return f"my-{name}" if own_music and name in library.model_names() else name


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write to {folder} ({error.strerror}): choose another folder with -o.") from error


def load_own_music(data: Path, recipe: AnyRecipe, *, json: bool = False) -> "MusicFolder":
    """The music in the folder, once its report was shown; raises `ConfigError` if there is not enough of it."""
    from bachbridge_training.datasets import folder as music_folder
    from bachbridge_training.datasets import report as data_report
    from bachbridge_training.datasets import splits, suitability

    kind = suitability.converter_for(recipe)
    found = music_folder.read_folder(data, kind)
    split, complaint = dict[str, int](), ""
    try:
        split = {part: len(items) for part, items in splits.split_pieces(found.pieces).items()}
    except ConfigError as error:
        complaint = str(error)
    told = data_report.build_report(found, split, recipe.window if kind is suitability.as_four_parts else 0)
    data_report.show_report(told)
    if json:
        print(encoding.dumps(told.as_json(), indent=2))
    if complaint:
        raise ConfigError(complaint)
    return found


def _new_run_recipe(recipe: AnyRecipe, epochs: int | None, data_share: float, seed: int | None) -> AnyRecipe:
    """The recipe as the options change it; as it stands if there are none."""
    seeded = recipe if seed is None else replace(recipe, seed=seed)
    return (
        seeded if epochs is None and data_share == 1 else recipes.with_epochs(seeded, epochs=epochs, share=data_share)
    )


def _resumed_run_recipe(folder: Path, *, epochs: int | None, seed: int | None) -> AnyRecipe:
    """The recipe that the run began with; more epochs may be added."""
    recipe = recipes.read_recipe(str(folder / _RECIPE_FILE))
    if seed not in {None, recipe.seed}:
        raise ConfigError(f"the run in {folder} began with seed {recipe.seed}: leave --seed out when resuming.")
    return recipe if epochs is None else replace(recipe, steps=epochs * recipe.steps_per_epoch)
