"""What a network's logits were worth once the truth is known: the arithmetic that all scores share."""

import numpy as np


def nats_and_correct(logits: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nats of surprise at `target[...]`, and whether it was the likeliest of `logits[..., id]`."""
    true = np.take_along_axis(logits, target[..., None], axis=-1)[..., 0]
    return np.logaddexp.reduce(logits, axis=-1) - true, logits.argmax(axis=-1) == target
