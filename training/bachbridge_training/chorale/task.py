"""The training of the causal network: its loss, its batches and its score.

The score is that of `nll`: whole pieces from an empty context in original keys, in the chain's order, pitches alone.
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

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_NET_INPUTS = 3
"""Inputs of a window model without a pointer."""


class ChoraleTask:
    """The network of a `ChoraleRecipe`, trained on windows of the pieces (see `runs.tasks.TrainingTask`)."""

    jit_compile = True

    def __init__(self, recipe: ChoraleRecipe) -> None:
        self.recipe = recipe
        self.network = ChoraleNetwork(recipe)
        self.initial_model = self.model = window_model(self.network)
        self.loss_model = _loss_model(self.model)

    def make_export(self) -> Any:
        from bachbridge_training.chorale.export import ChoraleExport

        return ChoraleExport(self.network)

    def make_batches(self, pieces: Sequence[FourPartPiece]) -> four_part_windows.ChoraleBatches:
        return four_part_windows.ChoraleBatches(pieces, self.recipe)

    def validate(self, pieces: Sequence[FourPartPiece]) -> dict[str, float]:
        """Return nats per frame (see `validate_chorales`)."""
        return validate_chorales(self.model, pieces)


def validate_chorales(model: keras.Model, pieces: Sequence[FourPartPiece]) -> dict[str, float]:
    """Return nats per frame with pitches alone given (which decides), and with attacks and bar lines given."""
    return {
        "valid": nats_per_frame(model, pieces, timing_given=False),
        "valid_told": nats_per_frame(model, pieces, timing_given=True),
    }


def frame_losses(pitch: Any, onset: Any, pitch_indices: Any, onsets: Any, previous: Any) -> tuple[Any, Any]:
    """Return the nats of each frame's pitches, and of its onsets where a voice keeps its pitch: two arrays `[b, t]`.

    The logits are `pitch[b, t, voice, index]` and `onset[b, t, voice]`; the truth is `pitch_indices`, `onsets` and
    `previous` (the pitch indices one step earlier), all `[b, t, voice]`.
    """
    logs = ops.log_softmax(pitch, axis=-1)
    nats = -ops.sum(logs * ops.one_hot(pitch_indices, PITCH_INDEX_COUNT, dtype="float32"), axis=(-1, -2))
    kept = ops.cast(ops.logical_and(ops.equal(pitch_indices, previous), pitch_indices > 0), "float32")
    onset_nats = ops.softplus(onset) - onsets * onset
    return nats, ops.sum(kept * onset_nats, axis=-1)


def _loss_model(model: keras.Model) -> keras.Model:
    """Return the window model with its loss as its output, so that the same code serves every backend."""
    onsets = keras.Input((None, len(VOICES)), name="onsets")
    weight = keras.Input((None,), name="weight")
    pitch_indices = model.inputs[2]
    pitch, onset = model(model.inputs)
    previous = ops.concatenate([ops.zeros_like(pitch_indices[:, :1]) - 1, pitch_indices[:, :-1]], axis=1)
    nats, onset_nats = frame_losses(pitch, onset, pitch_indices, onsets, previous)
    loss = ops.sum((nats + onset_nats) * weight, axis=1) / ops.sum(weight)
    return keras.Model([*model.inputs, onsets, weight], loss)


def nats_per_frame(
    model: keras.Model, pieces: Sequence[FourPartPiece], *, timing_given: bool, batch_size: int = 16
) -> float:
    """Return nats per frame of whole pieces; `timing_given`: with attacks and bar lines given."""
    items = sorted(
        (
            four_part_windows.whole_piece(
                piece, with_onsets=timing_given, with_position=timing_given, with_copies=len(model.inputs) > _NET_INPUTS
            )
            for piece in pieces
        ),
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
