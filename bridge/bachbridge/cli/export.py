"""`bachbridge export MODEL --run DIR`: turn a training run into a model that plays."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bachbridge import library
from bachbridge.errors import ConfigError
from bachbridge_training import corpus, evaluation, training
from bachbridge_training import export as exporting
from bachbridge_training import recipe as recipes
from bachbridge_training.batches import CHAIN
from bachbridge_training.scores import Piece


def export(model: str, *, run: Path, output: Path | None) -> None:
    """Write the model's folder into `output` (default: the user's models), scored on the validation pieces."""
    if not (run / training.BEST).is_file():
        raise ConfigError(f"{run} holds no training run: give the folder that `bachbridge train` named.")
    state = training.start(recipes.read(str(run / "recipe.toml")))
    training.load_best(state, run)
    pieces = corpus.pieces("valid")
    target = (output or library.places()[0]) / model

    score = _scored(pieces) if isinstance(state.recipe, recipes.Recipe) else None
    exporting.export(state.course.form(), target, held_out=pieces[0], score=score)
    print(f"wrote {target}")


def _scored(pieces: Sequence[Piece]) -> Callable[[evaluation.Nets], dict[str, object]]:
    def score(runtime: evaluation.Nets) -> dict[str, object]:
        blind, told = (evaluation.evaluate(runtime, CHAIN, pieces, told=told) for told in (False, True))
        return {"valid": evaluation.summary(blind), "valid_told": evaluation.summary(told)}

    return score
