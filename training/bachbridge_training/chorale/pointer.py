"""The pointer of the causal chorale network: it mixes copies of earlier frames into each head's distribution.

`codecs.satb_copies` guesses the next frame from the matches of the last frames with earlier ones. The pointer gives
each guess a score for each voice: from the matches' lengths and places, from what the network itself thinks of the
guessed pitch, and from whether the guess agrees with the voices already chosen in this step. A softmax over the scores
and a sentinel shares out the probability; the sentinel's share goes to the network's own distribution (S. Merity et
al., "Pointer sentinel mixture models", ICLR 2017). As only voices that are already chosen matter, the product of the
chain's conditionals remains a distribution over frames.

The pointer has few weights, and the score is linear in them, because it runs several times in each step.
Only `keras.ops` is used, so the code runs under TensorFlow and under JAX alike.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge.codecs import satb_copies
from bachbridge.inference.runtime.onnx_nets import MIN_PROBABILITY
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES
from bachbridge_training.nets.gather import Gather, gather_rows

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_INITIAL_AGREEMENT, _INITIAL_SENTINEL = 0.5, 4.0
_LOWEST_LOG_P = -8.0
"""A guess that the network finds less likely than this counts as one with this log probability."""
_NO_COPY_SCORE = -1e9
_PITCH_INDICES = np.arange(PITCH_INDEX_COUNT, dtype=np.int32)
_OTHERS = 1 - np.eye(len(VOICES), dtype=np.float32)
"""`_OTHERS[voice, other]`: 0 for the voice itself, whose pitch index its own head does not see."""


class FramePointer(layers.Layer):
    """The weights of the pointer; a call returns logarithms of probabilities in place of a network's logits.

    `calibration` is the temperature of the network's own distribution.
    """

    def __init__(self, calibration: float, name: str = "pointer") -> None:
        super().__init__(name=name)
        self.calibration = calibration
        voices = len(VOICES)
        self.match = self._weight("match", (satb_copies.FEATURE_ROWS, voices), 0.0)
        self.likelihood = self._weight("likelihood", (2, voices, 1), 0.0)
        self.sentinel = self._weight("sentinel", (2, voices, 1), _INITIAL_SENTINEL, 0.0)
        self.right = self._weight("right", (2, voices, voices), 2 * _INITIAL_AGREEMENT, 0.0)
        self.wrong = self._weight("wrong", (2, voices, voices), _INITIAL_AGREEMENT, 0.0)

    def _weight(self, name: str, shape: tuple[int, ...], *initial: float) -> Any:
        """Add a weight whose rows, or first and second halves, begin with the values `initial`."""
        values = np.broadcast_to(np.array(initial, np.float32).reshape(-1, *(1,) * (len(shape) - 1)), shape)
        constant: Any = keras.initializers.Constant
        return self.add_weight(shape=shape, initializer=constant(values), name=name)

    def call(self, logits: Any, copies: Any, known: Any, before: Any) -> Any:
        return self.mix(logits, copies, known, before)

    def mix(self, logits: Any, copies: Any, known: Any, before: Any, gather: Gather = gather_rows) -> Any:
        """Return log probabilities `[..., voice, pitch index]` from logits of that shape.

        `copies[..., copy, field]` are those of `satb_copies`, `known[..., voice or 1, other]` the pitch indices that
        each voice's head sees (-1: not chosen; its own is ignored), `before[..., voice]` the frame before.
        """
        pitches, ids = copies[..., : len(VOICES)], copies[..., len(VOICES) :]
        by_voice = ops.swapaxes(pitches, -1, -2)
        guesses = ops.cast(ops.equal(ops.expand_dims(by_voice, -1), _PITCH_INDICES), "float32")
        log_p = ops.log_softmax(logits / self.calibration, axis=-1)
        likely = ops.squeeze(ops.matmul(guesses, ops.expand_dims(log_p, -1)), -1)
        moves = ops.cast(ops.not_equal(by_voice, ops.expand_dims(before, -1)), "float32")
        score = self.likelihood[0] * ops.maximum(likely, _LOWEST_LOG_P) + self.likelihood[1] * moves
        table = ops.concatenate([self.match, np.full((1, len(VOICES)), _NO_COPY_SCORE, np.float32)], axis=0)
        score = score + ops.swapaxes(ops.sum(gather(table, ids), axis=-2), -1, -2)
        score = score + self._agreement(pitches, known, ops.expand_dims(before, -2))
        sentinel = self.sentinel[0] + self.sentinel[1] * ops.max(log_p, axis=-1, keepdims=True)
        shares = ops.softmax(ops.concatenate([sentinel, score], axis=-1), axis=-1)
        copied = ops.squeeze(ops.matmul(ops.expand_dims(shares[..., 1:], -2), guesses), -2)
        return ops.log(shares[..., :1] * ops.exp(log_p) + copied + float(MIN_PROBABILITY))

    def _agreement(self, pitches: Any, known: Any, before: Any) -> Any:
        """Return `[..., voice, copy]` from the voices already chosen: those that a guess has right, and all others.

        A voice that has moved may count for more than one that has not.
        """
        right, wrong = self.right * _OTHERS, self.wrong * _OTHERS
        has_moved = ops.cast(ops.not_equal(known, before), "float32")
        is_right = ops.cast(ops.equal(ops.expand_dims(pitches, -3), ops.expand_dims(known, -2)), "float32")
        gain = ops.matmul(is_right, ops.expand_dims(right[0] + has_moved * right[1], -1))
        loss = ops.cast(known >= 0, "float32") * (wrong[0] + has_moved * wrong[1])
        return ops.squeeze(gain, -1) - ops.sum(loss, axis=-1, keepdims=True)
