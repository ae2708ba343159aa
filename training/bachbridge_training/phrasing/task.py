"""The training of the network of phrase ends: its loss, its batches and its score."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from bachbridge.codecs.phrase_features import DISTANCE_CLASSES
from bachbridge.music.frames import Floats
from bachbridge_training.phrasing import nll, scores
from bachbridge_training.phrasing.batches import NoteBatches
from bachbridge_training.phrasing.melodies import PhrasedMelody
from bachbridge_training.phrasing.net import PhrasingNetwork, note_model
from bachbridge_training.recipe import PhrasingRecipe

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong


class PhrasingTask:
    """The network of a `PhrasingRecipe`, trained on notes of the melodies (see `runs.tasks.TrainingTask`)."""

    jit_compile = False  # it would take longer to compile than the run

    def __init__(self, recipe: PhrasingRecipe) -> None:
        self.recipe = recipe
        self.network = PhrasingNetwork(recipe)
        self.initial_model = self.model = note_model(self.network)
        self.loss_model = _loss_model(self.model, recipe.batch)

    def make_export(self) -> Any:
        from bachbridge_training.phrasing.export import PhrasingExport

        return PhrasingExport(self.network)

    def make_batches(self, pieces: Sequence[PhrasedMelody]) -> NoteBatches:
        return NoteBatches(pieces, self.recipe)

    def validate(self, pieces: Sequence[PhrasedMelody]) -> dict[str, float]:
        """Return `valid`, nats per note with the future seen and live, and F1 with the future seen."""
        net = KerasPhraseNet(self.model)
        return {"valid": nll.nats_per_note(net, pieces), "f1": scores.score_divisions(net, pieces).f1}


class KerasPhraseNet:
    """The network in Keras with the interface of the run-time."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def logits(self, features: Floats) -> Floats:
        return np.asarray(self._model.predict_on_batch(features))


def _loss_model(model: keras.Model, batch: int) -> keras.Model:
    """Return the model with its loss as its output: nats per note, each note's share of the batch's mean."""
    distance = keras.Input((), dtype="int32", name="distance")
    is_end = keras.Input((), name="is_end")
    chosen = ops.one_hot(distance, DISTANCE_CLASSES, dtype="float32")
    logit = ops.sum(model(model.inputs[0]) * chosen, axis=-1)
    nats = ops.softplus(logit) - is_end * logit
    return keras.Model([model.inputs[0], distance, is_end], nats / batch)
