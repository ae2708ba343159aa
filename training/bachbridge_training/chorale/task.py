"""The causal network's training: its trainer, its batches and its score.

The score is that of `evaluation`: whole pieces from an empty context, original keys, the chain's order, pitch alone.
"""

from collections.abc import Sequence
from typing import Any

import keras

from bachbridge.codecs import satb
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale.net import Network, window_model
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.evaluation.loss import judged
from bachbridge_training.recipe import Recipe

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong


class Course:
    """Builds the network of a `Recipe` and trains it on the pieces' windows (see `training.Course`)."""

    compiled = False  # measured with the LSTM of Keras: half the speed; with ours not measured yet

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.network = Network(recipe)
        self.model = window_model(self.network)
        self.trainer = _trainer(self.model)

    def form(self) -> Any:
        from bachbridge_training.chorale.export import Form

        return Form(self.network)

    def feed(self, pieces: Sequence[Piece]) -> four_part_windows.Windows:
        return four_part_windows.Windows(pieces, self.recipe)

    def scores(self, pieces: Sequence[Piece]) -> dict[str, float]:
        """Nats per frame with nothing told but pitches (which decides), and with attacks and bar lines."""
        return {
            "valid": score(self.model, pieces, told=False),
            "valid_told": score(self.model, pieces, told=True),
        }


def losses(pitch: Any, strike: Any, classes: Any, struck: Any, before: Any) -> tuple[Any, Any]:
    """Of each frame: nats of the four pitches, and of the strikes where a voice keeps its pitch.

    `pitch[b, t, voice, class]`, `strike[b, t, voice]`, `classes`, `struck` and `before` (the classes one step earlier)
    `[b, t, voice]` → two arrays `[b, t]`.
    """
    logs = ops.log_softmax(pitch, axis=-1)
    nats = -ops.sum(logs * ops.one_hot(classes, satb.CLASSES, dtype="float32"), axis=(-1, -2))
    kept = ops.cast(ops.logical_and(ops.equal(classes, before), classes > 0), "float32")
    surprise = ops.softplus(strike) - struck * strike
    return nats, ops.sum(kept * surprise, axis=-1)


def _trainer(windows: keras.Model) -> keras.Model:
    """The window model with its loss as its output, so that one code serves every backend."""
    struck = keras.Input((None, len(VOICES)), name="struck")
    weight = keras.Input((None,), name="weight")
    classes = windows.inputs[2]
    pitch, strike = windows(windows.inputs)
    before = ops.concatenate([ops.zeros_like(classes[:, :1]) - 1, classes[:, :-1]], axis=1)
    nats, strikes = losses(pitch, strike, classes, struck, before)
    loss = ops.sum((nats + strikes) * weight, axis=1) / ops.sum(weight)
    return keras.Model([*windows.inputs, struck, weight], loss)


def score(model: keras.Model, pieces: Sequence[Piece], *, told: bool, size: int = 16) -> float:
    """Nats per frame of whole pieces; `told`: whether attacks and bar lines are known."""
    items = sorted(
        (four_part_windows.whole(p, struck=told, position=told) for p in pieces), key=lambda item: len(item.weight)
    )
    total = frames = 0.0
    for begin in range(0, len(items), size):
        group = items[begin : begin + size]
        batch = four_part_windows.stacked(group, len(group[-1].weight))
        pitch, _ = model.predict_on_batch(batch.inputs)
        nats, _ = judged(pitch, batch.classes)
        total += float((nats.sum(axis=-1) * batch.weight).sum())
        frames += float(batch.weight.sum())
    return total / frames
