"""`bachbridge train RECIPE`: train a model from its recipe; a run is a folder that can be taken up again."""

from dataclasses import replace
from pathlib import Path

from bachbridge.errors import ConfigError
from bachbridge_training import recipe as recipes
from bachbridge_training.recipe import AnyRecipe

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
) -> None:
    """Run the recipe in the folder `output` (default `runs/RECIPE`), on `limit` pieces of each part if given.

    `start`: a run whose best weights are the first ones of this run. `data`: the music, for recipes that learn any.
    """
    wanted = recipes.read(recipe)
    # TensorFlow takes seconds to load and prints while it does: not before it is known that there is something to do.
    from bachbridge_training import material, training

    folder = output or Path("runs") / Path(recipe).stem
    begun = (folder / training.LAST).is_file()
    if begun and not resume:
        raise ConfigError(f"{folder} holds a run already: go on with it by --resume, or choose another with -o.")
    if start and not (start / training.BEST).is_file():
        raise ConfigError(f"{start} holds no run to begin with: name the folder of a run after --from.")
    if resume and not begun:
        raise ConfigError(f"{folder} holds no run to resume: leave --resume out, or name the run's folder with -o.")
    found = material.of(recipes.read(str(folder / _RECIPE)) if begun else wanted, folder, data=data, limit=limit)
    settled = _resumed(folder, epochs=epochs, seed=seed) if begun else _fresh(wanted, epochs, found.share, seed)
    run = training.start(settled, found.build)
    if begun:
        training.resume(run, folder)
    elif start:
        training.take_over(run, start)
    folder.mkdir(parents=True, exist_ok=True)
    recipes.write(settled, folder / _RECIPE)
    material.note(found, folder)
    training.train(run, found.train, found.valid, folder)
    print(f"the run is in {folder}; make a model of it: bachbridge export {settled.name} --run {folder}")


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
