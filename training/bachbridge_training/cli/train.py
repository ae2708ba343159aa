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
    from bachbridge_training.datasets.folder import Collection

_RECIPE = "recipe.toml"


def train(
    recipe: str,
    *,
    epochs: int | None,
    limit: int | None,
    seed: int | None,
    output: Path | None,
    resume: bool,
    start: Path | None = None,
    data: Path | None = None,
    patience: int | None = None,
    check: bool = False,
    json: bool = False,
) -> None:
    """Run the recipe in the folder `output` (default `runs/RECIPE`), on `limit` pieces of each part if given.

    `start`: a run whose best weights are the first ones of this run; `data`: a folder of music, of which a report
    is shown first; with `check` there is nothing but the report, with `json` it is also printed as such. `patience`:
    see `training.train`.
    """
    wanted = recipes.read(recipe)
    if data is None and (check or json):
        raise ConfigError("--check and --json are about music of your own: name its folder with --data.")
    if data is not None and check:
        looked_at(data, wanted, json=json)
        return
    # TensorFlow takes seconds to load and prints while it does: not before it is known that there is something to do.
    from bachbridge_training.runs import run_data
    from bachbridge_training.runs import train as training_run

    folder = output or Path("runs") / Path(recipe).stem
    begun = (folder / training_run.LAST).is_file()
    _check(folder, wanted.name, begun=begun, resume=resume, start=start)
    look = partial(looked_at, json=json)
    if begun:
        found = run_data.of(recipes.read(str(folder / _RECIPE)), folder, data=data, limit=limit, look=look)
    else:
        found = run_data.of(wanted, None, data=data, limit=limit, look=look)
    settled = _resumed(folder, epochs=epochs, seed=seed) if begun else _fresh(wanted, epochs, found.share, seed)
    run = training_run.start(settled, found.build)
    if begun:
        training_run.resume(run, folder)
    elif start:
        training_run.take_over(run, start)
    _make(folder)
    recipes.write(settled, folder / _RECIPE)
    run_data.note(found, folder)
    print(f"the curve of the training, drawn anew after each epoch, is {folder / training_run.CURVE}", flush=True)
    if run.step >= settled.steps:
        print(f"the run has had all of its {len(run.history)} epochs: more are added with --epochs")
    training_run.train(run, found.train, found.valid, folder, patience=patience)
    words = ("bachbridge", "export", _name(folder, own=bool(found.origin.folder)), "--run", str(folder))
    print(f"the run is in {folder}; make a model of it: {shlex.join(words)}")


def _check(folder: Path, name: str, *, begun: bool, resume: bool, start: Path | None) -> None:
    """Whether what is asked for goes together with what is there; raises `ConfigError`. `name`: the recipe's."""
    from bachbridge_training.runs import train as training_run

    if begun and not resume:
        raise ConfigError(f"{folder} holds a run already: go on with it by --resume, or choose another with -o.")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: choose another place for the run with -o.")
    if begun and start:
        raise ConfigError("--from begins a run and --resume goes on with one: leave one of them out.")
    if begun and (other := recipes.read(str(folder / _RECIPE)).name) != name:
        raise ConfigError(f"the run in {folder} is one of the recipe {other}: name that, or another folder with -o.")
    if start and not (start / training_run.BEST).is_file():
        raise ConfigError(f"{start} holds no run to begin with: name the folder of a run after --from.")
    if resume and not begun:
        raise ConfigError(f"{folder} holds no run to resume: leave --resume out, or name the run's folder with -o.")


def _name(folder: Path, *, own: bool) -> str:
    """What a model of the run may be called; one on somebody's `own` music shall not stand before one that is there."""
    name = folder.resolve().name
    return f"my-{name}" if own and name in library.names() else name


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write to {folder} ({error.strerror}): choose another folder with -o.") from error


def looked_at(data: Path, recipe: AnyRecipe, *, json: bool = False) -> "Collection":
    """The music in the folder, once its report was shown; raises `ConfigError` if there is not enough of it."""
    from bachbridge_training.datasets import folder as music_folder
    from bachbridge_training.datasets import report as data_report
    from bachbridge_training.datasets import splits, suitability

    kind = suitability.of(recipe)
    found = music_folder.gathered(data, kind)
    split, complaint = dict[str, int](), ""
    try:
        split = {part: len(items) for part, items in splits.split(found.items).items()}
    except ConfigError as error:
        complaint = str(error)
    told = data_report.report(found, split, recipe.window if kind is suitability.quartet else 0)
    data_report.show(told)
    if json:
        print(encoding.dumps(told.as_json(), indent=2))
    if complaint:
        raise ConfigError(complaint)
    return found


def _fresh(recipe: AnyRecipe, epochs: int | None, share: float, seed: int | None) -> AnyRecipe:
    """The recipe as the options change it; as it stands if there are none."""
    seeded = recipe if seed is None else replace(recipe, seed=seed)
    return seeded if epochs is None and share == 1 else recipes.shortened(seeded, epochs=epochs, share=share)


def _resumed(folder: Path, *, epochs: int | None, seed: int | None) -> AnyRecipe:
    """The recipe that the run began with; more epochs may be added."""
    recipe = recipes.read(str(folder / _RECIPE))
    if seed not in {None, recipe.seed}:
        raise ConfigError(f"the run in {folder} began with seed {recipe.seed}: leave --seed out when resuming.")
    return recipe if epochs is None else replace(recipe, steps=epochs * recipe.steps_per_epoch)
