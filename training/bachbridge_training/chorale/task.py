"""The causal network's training: its trainer, its batches and its score.

The score is that of `evaluation`: whole pieces from an empty context, original keys, the chain's order, pitch alone.
"""

from collections.abc import Sequence
from typing import Any

import keras

from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale.net import ChoraleNetwork, window_model
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.loss import nats_and_correct
from bachbridge_training.recipe import ChoraleRecipe

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong


class ChoraleTask:
    """Builds the network of a `Recipe` and trains it on the pieces' windows (see `training.Course`)."""

    jit_compile = False  # measured with the LSTM of Keras: half the speed; with ours not measured yet

    def __init__(self, recipe: ChoraleRecipe) -> None:
        self.recipe = recipe
        self.network = ChoraleNetwork(recipe)
        self.model = window_model(self.network)
        self.loss_model = _loss_model(self.model)

    def make_export(self) -> Any:
        from bachbridge_training.chorale.export import ChoraleExport

        return ChoraleExport(self.network)

    def make_batches(self, pieces: Sequence[FourPartPiece]) -> four_part_windows.ChoraleBatches:
        return four_part_windows.ChoraleBatches(pieces, self.recipe)

    def validate(self, pieces: Sequence[FourPartPiece]) -> dict[str, float]:
        """Nats per frame with nothing told but pitches (which decides), and with attacks and bar lines."""
        return {
            "valid": nats_per_frame(self.model, pieces, timing_given=False),
            "valid_told": nats_per_frame(self.model, pieces, timing_given=True),
        }


def frame_losses(pitch: Any, strike: Any, pitch_indices: Any, onsets: Any, previous: Any) -> tuple[Any, Any]:
    """Of each frame: nats of the four pitches, and of the strikes where a voice keeps its pitch.

    `pitch[b, t, voice, class]`, `strike[b, t, voice]`, `classes`, `struck` and `before` (the classes one step earlier)
    `[b, t, voice]` → two arrays `[b, t]`.
    """
    logs = ops.log_softmax(pitch, axis=-1)
    nats = -ops.sum(logs * ops.one_hot(pitch_indices, PITCH_INDEX_COUNT, dtype="float32"), axis=(-1, -2))
    kept = ops.cast(ops.logical_and(ops.equal(pitch_indices, previous), pitch_indices > 0), "float32")
    surprise = ops.softplus(strike) - onsets * strike
    return nats, ops.sum(kept * surprise, axis=-1)


def _loss_model(model: keras.Model) -> keras.Model:
    """The window model with its loss as its output, so that one code serves every backend."""
    struck = keras.Input((None, len(VOICES)), name="struck")
    weight = keras.Input((None,), name="weight")
    classes = model.inputs[2]
    pitch, strike = model(model.inputs)
    before = ops.concatenate([ops.zeros_like(classes[:, :1]) - 1, classes[:, :-1]], axis=1)
    nats, strikes = frame_losses(pitch, strike, classes, struck, before)
    loss = ops.sum((nats + strikes) * weight, axis=1) / ops.sum(weight)
    return keras.Model([*model.inputs, struck, weight], loss)


def nats_per_frame(
    model: keras.Model, pieces: Sequence[FourPartPiece], *, timing_given: bool, batch_size: int = 16
) -> float:
    """Nats per frame of whole pieces; `told`: whether attacks and bar lines are known."""
    items = sorted(
        (four_part_windows.whole_piece(p, with_onsets=timing_given, with_position=timing_given) for p in pieces),
        key=lambda item: len(item.weight),
    )
    total = frames = 0.0
    for begin in range(0, len(items), batch_size):
        group = items[begin : begin + batch_size]
        batch = four_part_windows.stack_windows(group, len(group[-1].weight))
        pitch, _ = model.predict_on_batch(batch.model_inputs)
        nats, _ = nats_and_correct(pitch, batch.pitch_indices)
        total += float((nats.sum(axis=-1) * batch.weight).sum())
        frames += float(batch.weight.sum())
    return total / frames
