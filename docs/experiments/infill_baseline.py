"""A plain convolutional baseline for the infilling network, scored by the same protocol.

This is the network of C.-Z. A. Huang et al., "Counterpoint by Convolution", ISMIR 2017, in any size: a piano roll for
each voice, a plane for each voice's mask, and convolutions with batch normalization. After every two convolutions
their input is added again (K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016). The network sees
neither attacks nor bar lines. The roll has a row for each pitch. A rest is an empty column; its logit is computed from
the mean over pitches.

The code uses only Keras's own operations, so it runs under TensorFlow and under JAX. docs/models.md has its figures.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers as kl

from bachbridge.codecs import infill_grid, satb
from bachbridge.music import frames
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import PiecePool, pitch_indices_of
from bachbridge_training.infill.nll import WINDOW_STEPS, draw_masks

ops: Any = keras.ops  # keras has no stubs, and the inferred types of its functions are wrong

PITCHES = satb.PITCH_INDEX_COUNT - 1
_NEVER = -30

SMALL = {"channels": 20, "layers": 48, "kernel": 3}
"""The depth up to which more layers help with few channels (0.17 M parameters)."""
WIDE = {"channels": 64, "layers": 20, "kernel": 5}
"""The size of a Keras version of 2020 (1.9 M parameters)."""


def build_net(channels: int, layers: int, kernel: int) -> keras.Model:
    """Return a network from `roll[b, t, pitch, voice]` and `mask[b, t, voice]` to logits `[b, t, voice, pitch index]`.

    The mask is 1 where a cell is masked.

    Raises `ValueError` if `layers` is odd or less than 4.
    """
    if layers < 4 or layers % 2:
        raise ValueError(f"{layers} layers do not come in pairs between the first and the last")
    roll = keras.Input((None, PITCHES, len(VOICES)), name="roll")
    mask: Any = keras.Input((None, len(VOICES)), name="mask")
    masks = ops.expand_dims(mask, 2) + ops.zeros_like(roll)
    x = _convolve(ops.concatenate([roll, masks], axis=-1), channels, kernel, relu=True)
    for _ in range(layers // 2 - 1):
        inner = _convolve(x, channels, kernel, relu=True)
        x = ops.relu(x + _convolve(inner, channels, kernel, relu=False))
    pitches = ops.transpose(kl.Conv2D(len(VOICES), kernel, padding="same", name="pitches")(x), (0, 1, 3, 2))
    rests = kl.Dense(len(VOICES), name="rests")(ops.mean(x, axis=2))
    return keras.Model([roll, mask], ops.concatenate([ops.expand_dims(rests, -1), pitches], axis=-1))


def _convolve(x: Any, channels: int, kernel: int, *, relu: bool) -> Any:
    x = kl.BatchNormalization()(kl.Conv2D(channels, kernel, padding="same", use_bias=False)(x))
    return ops.relu(x) if relu else x


def input_planes(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return `roll[b, t, pitch, voice]` and `mask[b, t, voice]` of `seen[b, t, voice]` (see `codecs.infill_grid`)."""
    roll = seen[:, :, None, :] == np.arange(frames.REST + 1, satb.PITCH_INDEX_COUNT)[:, None]
    return roll.astype(np.float32), (seen == infill_grid.MASKED).astype(np.float32)


def masked_nll(logits: Any, pitch_indices: Any, mask: Any) -> Any:
    """Return the mean over windows of nats per masked cell; `pitch_indices` and `mask` are `[b, t, voice]`."""
    nats = keras.losses.sparse_categorical_crossentropy(pitch_indices, logits, from_logits=True)
    return ops.mean(ops.sum(nats * mask, axis=(1, 2)) / ops.maximum(ops.sum(mask, axis=(1, 2)), 1.0))


def train(
    model: keras.Model, pieces: Sequence[FourPartPiece], *, steps: int, rate: float, seed: int, batch: int = 16
) -> Iterator[float]:
    """Train by Adam with a learning rate that falls along half a cosine; yield the loss of each of `steps` batches."""
    truth: Any = keras.Input((None, len(VOICES)), dtype="int32", name="truth")
    trainer = keras.Model([*model.inputs, truth], masked_nll(model.outputs[0], truth, model.inputs[1]))
    schedule: Any = keras.optimizers.schedules.CosineDecay(rate, steps)
    trainer.compile(optimizer=keras.optimizers.Adam(schedule, global_clipnorm=1.0), loss=lambda _, value: value)
    batches = BaselineBatches(pieces, seed)
    for number in range(steps):
        yield float(np.mean(trainer.train_on_batch(batches.batch(number, batch), np.zeros(batch))))


class BaselineBatches:
    """Random windows of four bars of 16ths, legally transposed, with random masks.

    Batch `n` depends on the seed and on `n` alone.
    """

    def __init__(self, pieces: Sequence[FourPartPiece], seed: int) -> None:
        self._pool = PiecePool([piece for piece in pieces if len(piece.pitches) >= WINDOW_STEPS])
        self._seed = seed

    def batch(self, number: int, size: int) -> list[np.ndarray]:
        """Return roll, mask and true pitch indices, the inputs of the network that `train` builds."""
        rng = np.random.default_rng([self._seed, number])
        pitch_indices = np.stack([self._window(rng) for _ in range(size)])
        masked = draw_masks(rng, size, np.ones(pitch_indices.shape[1:], bool))
        return [*input_planes(infill_grid.mask_cells(pitch_indices, masked)), pitch_indices]

    def _window(self, rng: np.random.Generator) -> np.ndarray:
        piece, shifts = self._pool.draw(rng)
        begin = int(rng.integers(len(piece.pitches) - WINDOW_STEPS + 1))
        return pitch_indices_of(piece.pitches[begin : begin + WINDOW_STEPS], int(rng.choice(shifts)))


class BaselineInfillNet:
    """A network of `build_net` with the interface that the scores and the sampler need; it never repeats an onset."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def predict(
        self,
        seen: np.ndarray,
        attacks: np.ndarray,
        place: np.ndarray,  # noqa: ARG002 # the network does not see the place in the bar
        wanted: np.ndarray | None = None,  # noqa: ARG002 # it always computes all steps
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return pitch logits `[b, t, voice, pitch index]` and onset logits `[b, t, voice]`."""
        return self._model.predict_on_batch([*input_planes(seen)]), np.full(attacks.shape, _NEVER, np.float32)
