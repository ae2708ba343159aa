"""The interface between the training loop and a network: its loss, its batches and its score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import keras


class TrainingBatch(Protocol):
    """Windows of music; `trainer_inputs` is what the loss model takes."""

    @property
    def trainer_inputs(self) -> list[np.ndarray]: ...


class TrainingBatches(Protocol):
    """Batches by number; batch `n` depends on the recipe's seed and `n` alone."""

    def batch(self, number: int) -> TrainingBatch: ...


class TrainingTask(Protocol):
    """The network of a recipe, with its batches, its score and its export; the pieces are of the family's kind.

    `model` holds the weights; those of `initial_model` may come from another run. `loss_model` returns its loss
    instead, as each window's share of the batch's mean.
    """

    model: "keras.Model"
    initial_model: "keras.Model"
    loss_model: "keras.Model"
    jit_compile: bool
    """True if XLA compiles the step, which is worth it where every batch has the same shape."""

    def make_batches(self, pieces: Sequence[Any]) -> TrainingBatches: ...

    def make_export(self) -> Any:
        """Return the `onnx_export.ModelExport` of the network (loads TensorFlow)."""
        ...

    def validate(self, pieces: Sequence[Any]) -> dict[str, float]:
        """Return `valid`, by which the best weights are chosen, and other scores."""
        ...
