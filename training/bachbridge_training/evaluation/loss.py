"""The arithmetic that all scores share: the loss of logits, given the true ids."""

import numpy as np


def nats_and_correct(logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss in nats at `target[...]`, and True where it was the likeliest id of `logits[..., id]`."""
    true = np.take_along_axis(logits, target[..., None], axis=-1)[..., 0]
    return np.logaddexp.reduce(logits, axis=-1) - true, logits.argmax(axis=-1) == target
