"""Plain convolutions over time and pitch, to hold the infilling network against under the same protocol.

The network of C.-Z. A. Huang et al., "Counterpoint by Convolution", ISMIR 2017, in any size: a piano roll for each
voice and a plane for each voice's mask, convolutions with batch normalisation, and after every two of them what went
in is added again (K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016). It is told neither
attacks nor bar lines. The roll has a row for each pitch; a rest is an empty column, whose logit is written from the
mean over pitches.

Only Keras's own operations are used, so the code runs under TensorFlow and under JAX alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers as kl

from bachbridge.codecs import canvas, satb
from bachbridge.music import VOICES
from bachbridge_training import batches, orderless
from bachbridge_training.scores import Piece

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

PITCHES = satb.CLASSES - 1
_NEVER = -30

SMALL = {"channels": 20, "layers": 48, "kernel": 3}
"""As far as depth helps with few channels (0.17 M parameters)."""
WIDE = {"channels": 64, "layers": 20, "kernel": 5}
"""The size of a Keras version of 2020 (1.9 M parameters)."""


def plain(channels: int, layers: int, kernel: int) -> keras.Model:
    """`roll[b, t, pitch, voice]`, `mask[b, t, voice]` (1: open) → logits `[b, t, voice, class]`; `layers` is even."""
    if layers < 4 or layers % 2:
        raise ValueError(f"{layers} layers do not come in pairs between the first and the last")
    roll = keras.Input((None, PITCHES, len(VOICES)), name="roll")
    mask: Any = keras.Input((None, len(VOICES)), name="mask")
    masks = ops.expand_dims(mask, 2) + ops.zeros_like(roll)
    x = _convolved(ops.concatenate([roll, masks], axis=-1), channels, kernel, relu=True)
    for _ in range(layers // 2 - 1):
        inner = _convolved(x, channels, kernel, relu=True)
        x = ops.relu(x + _convolved(inner, channels, kernel, relu=False))
    pitches = ops.transpose(kl.Conv2D(len(VOICES), kernel, padding="same", name="pitches")(x), (0, 1, 3, 2))
    rests = kl.Dense(len(VOICES), name="rests")(ops.mean(x, axis=2))
    return keras.Model([roll, mask], ops.concatenate([ops.expand_dims(rests, -1), pitches], axis=-1))


def _convolved(x: Any, channels: int, kernel: int, *, relu: bool) -> Any:
    x = kl.BatchNormalization()(kl.Conv2D(channels, kernel, padding="same", use_bias=False)(x))
    return ops.relu(x) if relu else x


def planes(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`seen[b, t, voice]` of `codecs.canvas` → `roll[b, t, pitch, voice]`, `mask[b, t, voice]`."""
    roll = seen[:, :, None, :] == np.arange(satb.REST + 1, satb.CLASSES)[:, None]
    return roll.astype(np.float32), (seen == canvas.OPEN).astype(np.float32)


def loss(logits: Any, classes: Any, mask: Any) -> Any:
    """Nats of the masked cells ÷ their number, window by window: `classes[b, t, voice]`, `mask[b, t, voice]`."""
    nats = keras.losses.sparse_categorical_crossentropy(classes, logits, from_logits=True)
    return ops.mean(ops.sum(nats * mask, axis=(1, 2)) / ops.maximum(ops.sum(mask, axis=(1, 2)), 1.0))


def trained(
    model: keras.Model, pieces: Sequence[Piece], *, steps: int, rate: float, seed: int, batch: int = 16
) -> Iterator[float]:
    """Train by Adam, the learning rate falling along half a cosine; yields the loss of each of `steps` batches."""
    truth: Any = keras.Input((None, len(VOICES)), dtype="int32", name="truth")
    trainer = keras.Model([*model.inputs, truth], loss(model.outputs[0], truth, model.inputs[1]))
    falling: Any = keras.optimizers.schedules.CosineDecay(rate, steps)
    trainer.compile(optimizer=keras.optimizers.Adam(falling, global_clipnorm=1.0), loss=lambda _, found: found)
    windows = Windows(pieces, seed)
    for number in range(steps):
        yield float(np.mean(trainer.train_on_batch(windows.batch(number, batch), np.zeros(batch))))


class Windows:
    """Four bars of 16ths at random, legally transposed, with random masks; batch `n` depends on seed and `n` alone."""

    def __init__(self, pieces: Sequence[Piece], seed: int) -> None:
        self._pool = batches.Pool([piece for piece in pieces if len(piece.pitches) >= orderless.WINDOW])
        self._seed = seed

    def batch(self, number: int, size: int) -> list[np.ndarray]:
        """Roll, mask and true classes, as `trained` wants them."""
        rng = np.random.default_rng([self._seed, number])
        classes = np.stack([self._window(rng) for _ in range(size)])
        open_ = orderless.masks(rng, size, np.ones(classes.shape[1:], bool))
        return [*planes(canvas.seen(classes, open_)), classes]

    def _window(self, rng: np.random.Generator) -> np.ndarray:
        piece, shifts = self._pool.draw(rng)
        begin = int(rng.integers(len(piece.pitches) - orderless.WINDOW + 1))
        return batches.classes_of(piece.pitches[begin : begin + orderless.WINDOW], int(rng.choice(shifts)))


class Fill:
    """A network of `plain` as the scores and the sampler want theirs; nothing is ever struck again."""

    __slots__ = ("_model",)

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def fill(
        self,
        seen: np.ndarray,
        attacks: np.ndarray,
        place: np.ndarray,  # noqa: ARG002 # it is not told
        wanted: np.ndarray | None = None,  # noqa: ARG002 # all steps are worked out
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pitch logits `[b, t, voice, class]` and strike logits `[b, t, voice]`."""
        return self._model.predict_on_batch([*planes(seen)]), np.full(attacks.shape, _NEVER, np.float32)
