"""The LSTM layer against Keras's own."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from bachbridge_training.nets.lstm import LSTM

UNITS, WIDTH = 5, 3


def told(layer: Any, inputs: Any) -> list[np.ndarray]:
    """Return the outputs and the gradients of their sum of sines by the inputs and by each matrix."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
        loss = tf.reduce_sum(tf.sin(outputs * tf.range(1.0, UNITS + 1)))
    return [np.asarray(its) for its in (outputs, *tape.gradient(loss, [inputs, *(its.value for its in layer.weights)]))]


@pytest.mark.parametrize("steps", [1, 7])
def test_lstm_outputs_and_gradients_equal_keras(steps: int) -> None:
    rng = np.random.default_rng(steps)
    inputs = tf.constant(rng.normal(size=(4, steps, WIDTH)).astype(np.float32))
    ours, theirs = LSTM(UNITS, "ours"), keras.layers.LSTM(UNITS, return_sequences=True)
    for layer in (ours, theirs):
        layer.build((4, steps, WIDTH))
        layer.set_weights([np.random.default_rng(1).normal(size=its.shape) for its in layer.weights])
    for mine, its in zip(told(ours, inputs), told(theirs, inputs), strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-4)


def test_lstm_refuses_masks_and_states() -> None:
    with pytest.raises(ValueError, match="accepts no mask"):
        LSTM(UNITS, "ours")(np.zeros((1, 2, WIDTH), np.float32), mask=np.ones((1, 2), bool))
