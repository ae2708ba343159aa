"""The infilling network's training: its trainer, its batches and its score.

The score is the surprise of open steps in windows that are always the same (`blanks.examples`), which is cheap; the
protocol that is published is `orderless`.
"""

from collections.abc import Sequence
from typing import Any

import keras

from bachbridge.codecs import infill_grid
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.evaluation.loss import judged
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.infill.net import parts
from bachbridge_training.recipe import InfillRecipe

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

_GRIDS = (infill_grid.SIXTEENTHS, infill_grid.EIGHTHS)
_EXAMPLES = 300
_AT_ONCE = 20


class Course:
    """Builds the network of an `InfillRecipe` and trains it on the pieces' windows (see `training.Course`)."""

    compiled = True  # measured: 1.5 times quicker under TensorFlow on two cores

    def __init__(self, recipe: InfillRecipe) -> None:
        self.recipe = recipe
        self.parts = parts(recipe)
        self.model = self.parts.whole
        self.trainer = _trainer(self.model)

    def form(self) -> Any:
        from bachbridge_training.infill.export import Form

        return Form(self.parts, self.recipe)

    def feed(self, pieces: Sequence[Piece]) -> infill_batches.Windows:
        return infill_batches.Windows(pieces, self.recipe)

    def scores(self, pieces: Sequence[Piece]) -> dict[str, float]:
        """Nats per open step: of both grids together, which decides, of 8ths, and of 16ths with all told.

        Both, because at 8ths a network learns by heart long before it does at 16ths, where most is held.
        """
        sixteenths, eighths = (score(self.model, pieces, told=False, grid=grid) for grid in _GRIDS)
        return {
            "valid": (sixteenths + eighths) / 2,
            "valid_8th": eighths,
            "valid_told": score(self.model, pieces, told=True),
        }


def _trainer(model: keras.Model) -> keras.Model:
    """The network with its loss as its output, so that one code serves every backend."""
    voices = len(VOICES)
    classes = keras.Input((None, voices), dtype="int32", name="classes")
    weight, struck, strike_weight = (
        keras.Input((None, voices), name=name) for name in ("weight", "struck", "strike_weight")
    )
    pitch, strike = model(model.inputs)
    logs = ops.log_softmax(pitch, axis=-1)
    nats = -ops.sum(logs * ops.one_hot(classes, infill_grid.TUNED, dtype="float32"), axis=-1)
    strikes = ops.softplus(strike) - struck * strike
    loss = ops.sum(nats * weight + strikes * strike_weight, axis=(1, 2))
    loss = loss / ops.sum(ops.ones_like(loss))
    return keras.Model([*model.inputs, classes, weight, struck, strike_weight], loss)


def score(model: keras.Model, pieces: Sequence[Piece], *, told: bool, grid: int = infill_grid.SIXTEENTHS) -> float:
    """Nats of an open step's four voices, the mean over the examples."""
    items = list(infill_batches.examples(pieces, _EXAMPLES, told=told, grid=grid))
    total = 0.0
    for begin in range(0, len(items), _AT_ONCE):
        group = items[begin : begin + _AT_ONCE]
        batch = infill_batches.stacked(group, max(len(item.seen) for item in group))
        pitch, _ = model.predict_on_batch(batch.inputs)
        nats, _ = judged(pitch, batch.truth)
        total += float((nats * batch.weight).sum())
    return total / len(items)
