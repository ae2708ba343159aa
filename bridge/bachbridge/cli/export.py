"""`bachbridge export MODEL --run DIR`: turn a training run into a model that plays."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bachbridge import library
from bachbridge.errors import ConfigError
from bachbridge_training import collection, corpus, evaluation, kinds, repertoire, training
from bachbridge_training import export as exporting
from bachbridge_training import recipe as recipes
from bachbridge_training.batches import CHAIN
from bachbridge_training.scores import Piece


def export(model: str, *, run: Path, output: Path | None, data: Path | None = None) -> None:
    """Write the model's folder into `output` (default: the user's models), scored on the validation pieces.

    `data`: where the run's music is now, if it was moved.
    """
    if not (run / training.BEST).is_file():
        raise ConfigError(f"{run} holds no training run: give the folder that `bachbridge train` named.")
    state = training.start(recipes.read(str(run / "recipe.toml")))
    training.load_best(state, run)
    origin = repertoire.read(run)
    pieces = _valid(state.recipe, origin, data)
    target = (output or library.places()[0]) / model

    score = _scored(pieces) if isinstance(state.recipe, recipes.Recipe) else None
    music = repertoire.said(origin) if origin else repertoire.BUNDLED
    exporting.export(state.course.form(), target, held_out=pieces[0], score=score, music=music)
    print(f"wrote {target}")


def _valid(recipe: recipes.AnyRecipe, origin: repertoire.Origin | None, data: Path | None) -> list[Piece]:
    """The validation pieces that the run had."""
    if origin is None or not origin.folder:
        return corpus.pieces("valid")
    found = collection.gathered(data or Path(origin.folder), kinds.of(recipe))
    return repertoire.recalled(found, origin)["valid"]


def _scored(pieces: Sequence[Piece]) -> Callable[[evaluation.Nets], dict[str, object]]:
    def score(runtime: evaluation.Nets) -> dict[str, object]:
        blind, told = (evaluation.evaluate(runtime, CHAIN, pieces, told=told) for told in (False, True))
        return {"valid": evaluation.summary(blind), "valid_told": evaluation.summary(told)}

    return score
