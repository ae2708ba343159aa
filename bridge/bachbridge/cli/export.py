"""`bachbridge export MODEL --run DIR`: turn a training run into a model that plays."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bachbridge import library, nets
from bachbridge.errors import ConfigError
from bachbridge_training import evaluation, material, surprises, training
from bachbridge_training import export as exporting
from bachbridge_training import recipe as recipes
from bachbridge_training.batches import CHAIN
from bachbridge_training.passages import Passage
from bachbridge_training.scores import Piece


def export(model: str, *, run: Path, output: Path | None, data: Path | None = None) -> None:
    """Write the model's folder into `output` (default: the user's models), scored on the validation pieces.

    `data`: where the run's music lies now, if it is no longer where it was.
    """
    if not (run / training.BEST).is_file():
        raise ConfigError(f"{run} holds no training run: give the folder that `bachbridge train` named.")
    recipe = recipes.read(str(run / "recipe.toml"))
    found = material.again(recipe, run, data=data)
    state = training.start(recipe, found.build)
    training.load_best(state, run)
    target = (output or library.places()[0]) / model
    score = _score(recipe, found.valid)
    exporting.export(state.course.form(), target, held_out=found.valid[0], score=score, said=found.said)
    print(f"wrote {target}")


def _score(recipe: recipes.AnyRecipe, pieces: Sequence[Any]) -> Callable[[Any], dict[str, Any]] | None:
    """What is measured of the networks as they play; of an infilling one, nothing yet."""
    match recipe:
        case recipes.Recipe():
            return _scored(pieces)
        case recipes.StreamRecipe():
            return _streamed(pieces)
        case _:
            return None


def _scored(pieces: Sequence[Piece]) -> Callable[[evaluation.Nets], dict[str, object]]:
    def score(runtime: evaluation.Nets) -> dict[str, object]:
        blind, told = (evaluation.evaluate(runtime, CHAIN, pieces, told=told) for told in (False, True))
        return {"valid": evaluation.summary(blind), "valid_told": evaluation.summary(told)}

    return score


def _streamed(pieces: Sequence[Passage]) -> Callable[[nets.Sequence], dict[str, Any]]:
    def score(runtime: nets.Sequence) -> dict[str, Any]:
        found = surprises.summary(surprises.evaluate(runtime, pieces))
        return {"valid": found["all"], "valid_fresh": found["fresh"]}

    return score
