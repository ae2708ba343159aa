"""The check that a network can learn one small batch by heart, before hours are spent on all of the music.

A network, a loss and a step without errors bring the loss of a few windows, seen again and again, close to zero, since
there is nothing else to learn. Where they do not, something is wrong: a target that is shifted, a gradient that is cut
off. What makes learning by heart harder on purpose is switched off, and the learning rate is one of the check's own. Of
a recipe with stages, the first one is checked.
"""

from dataclasses import fields, replace
from typing import Any

from bachbridge.errors import ConfigError
from bachbridge_training.recipe import AnyRecipe, ChoraleRecipe, PhrasingRecipe
from bachbridge_training.runs.run_data import RunData
from bachbridge_training.runs.shards import make_batches
from bachbridge_training.runs.step import start_run, train_step

PIECES = 8
"""Pieces of each part that are read for the check."""
MAX_STEPS = 600
NEAR_ZERO_SHARE = 0.05
"""Share of the first loss below which the batch counts as learnt."""
_WINDOWS, _WINDOW, _NOTES = 4, 64, 32
_LEARNING_RATE = 3e-3
_SWITCHED_OFF = ("dropout", "weight_drop", "weight_decay", "mistuned", "decay")


def overfit_recipe(recipe: AnyRecipe, steps: int = MAX_STEPS) -> AnyRecipe:
    """Return the recipe with its network as it is, but a small batch and nothing against learning by heart.

    Raises `ConfigError` for a pointer, which has too few weights to learn anything by heart.
    """
    if isinstance(recipe, ChoraleRecipe) and recipe.pointer:
        raise ConfigError("a pointer only weighs what it copies: check the recipe of the network below it.")
    off: dict[str, Any] = {each.name: 0.0 for each in fields(recipe) if each.name in _SWITCHED_OFF}
    small: dict[str, Any] = {"batch": min(recipe.batch, _NOTES)}
    if not isinstance(recipe, PhrasingRecipe):
        small = {"batch": min(recipe.batch, _WINDOWS), "window": min(recipe.window, _WINDOW)}
    return replace(recipe, **off, **small, steps=steps, warmup=10, learning_rate=_LEARNING_RATE)


def overfit_batch(recipe: AnyRecipe, its_data: RunData) -> str:
    """Train on the first batch alone until its loss is near zero, and return a sentence that says so.

    Raises `ConfigError` if the loss is not near zero after the recipe's steps.
    """
    run = start_run(recipe, its_data.build_task)
    batch = make_batches(its_data.train, recipe, run.task.make_batches).batch(0)
    first = loss = train_step(run, batch)
    while loss > first * NEAR_ZERO_SHARE and run.step < recipe.steps:
        loss = train_step(run, batch)
    course = f"the loss of one batch went from {first:.4g} to {loss:.4g} in {run.step} steps"
    if not loss <= first * NEAR_ZERO_SHARE:
        raise ConfigError(
            f"{course} and should have come below {first * NEAR_ZERO_SHARE:.4g}: look for a mistake in the network, "
            "the loss or the batches."
        )
    return f"{course}: the network can learn a batch by heart"
