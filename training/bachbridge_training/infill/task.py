"""The training of the infilling network: its loss, its batches and its score.

The score is the loss on masked steps in windows that are always the same (`batches.validation_windows`), which is
cheap. The published protocol is in `nll`.
"""

from collections.abc import Sequence
from typing import Any

import keras

from bachbridge.codecs import infill_grid
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.loss import nats_and_correct
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.infill.net import build_infill_network
from bachbridge_training.recipe import InfillRecipe

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_GRIDS = (infill_grid.SIXTEENTHS, infill_grid.EIGHTHS)
_VALIDATION_WINDOWS = 300
_BATCH_SIZE = 20


class InfillTask:
    """The network of an `InfillRecipe`, trained on windows of the pieces (see `runs.tasks.TrainingTask`)."""

    jit_compile = True  # measured: 1.5 times as fast under TensorFlow on two cores

    def __init__(self, recipe: InfillRecipe) -> None:
        self.recipe = recipe
        self.network = build_infill_network(recipe)
        self.initial_model = self.model = self.network.model
        self.loss_model = _loss_model(self.model)

    def make_export(self) -> Any:
        from bachbridge_training.infill.export import InfillExport

        return InfillExport(self.network, self.recipe)

    def make_batches(self, pieces: Sequence[FourPartPiece]) -> infill_batches.InfillBatches:
        return infill_batches.InfillBatches(pieces, self.recipe)

    def validate(self, pieces: Sequence[FourPartPiece]) -> dict[str, float]:
        """Return nats per masked step: the mean of both grids (which decides), at 8ths, and at 16ths with all given.

        The mean decides because at 8ths a network overfits long before it does at 16ths, where most cells are held.
        """
        sixteenths, eighths = (
            nats_per_masked_step(self.model, pieces, timing_given=False, grid=grid) for grid in _GRIDS
        )
        return {
            "valid": (sixteenths + eighths) / 2,
            "valid_8th": eighths,
            "valid_told": nats_per_masked_step(self.model, pieces, timing_given=True),
        }


def _loss_model(model: keras.Model) -> keras.Model:
    """Return the network with its loss as its output, so that the same code serves every backend."""
    voices = len(VOICES)
    target = keras.Input((None, voices), dtype="int32", name="pitch_indices")
    weight, onsets, onset_weight = (
        keras.Input((None, voices), name=name) for name in ("weight", "onsets", "onset_weight")
    )
    pitch, onset = model(model.inputs)
    logs = ops.log_softmax(pitch, axis=-1)
    nats = -ops.sum(logs * ops.one_hot(target, infill_grid.TRANSPOSED_INDEX_COUNT, dtype="float32"), axis=-1)
    onset_nats = ops.softplus(onset) - onsets * onset
    loss = ops.sum(nats * weight + onset_nats * onset_weight, axis=(1, 2))
    loss = loss / ops.sum(ops.ones_like(loss))
    return keras.Model([*model.inputs, target, weight, onsets, onset_weight], loss)


def nats_per_masked_step(
    model: keras.Model, pieces: Sequence[FourPartPiece], *, timing_given: bool, grid: int = infill_grid.SIXTEENTHS
) -> float:
    """Return the nats of a masked step's four voices, the mean over the validation windows."""
    items = list(infill_batches.validation_windows(pieces, _VALIDATION_WINDOWS, timing_given=timing_given, grid=grid))
    total = 0.0
    for begin in range(0, len(items), _BATCH_SIZE):
        group = items[begin : begin + _BATCH_SIZE]
        batch = infill_batches.stack_windows(group, max(len(item.seen) for item in group))
        pitch, _ = model.predict_on_batch(batch.model_inputs)
        nats, _ = nats_and_correct(pitch, batch.target)
        total += float((nats * batch.weight).sum())
    return total / len(items)
