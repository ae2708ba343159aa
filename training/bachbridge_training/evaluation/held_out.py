"""The logits that a model's files give on held-out music, so that two formats of a model can be compared.

The true music is given all along, so the logits of two formats answer the same questions.
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import Floats, Ints
from bachbridge_training.evaluation.loss import nats_and_correct

NATS_PER_BIT = float(np.log(2))


@dataclass(frozen=True, slots=True)
class HeldOutLogits:
    """Logits and true ids of some pieces, in parts with different numbers of ids.

    `logits[part][cell, id]` and `target[part][cell]`. `count` is the number of frames, symbols or cells over which the
    loss is averaged; `loss_name` is the name of that loss and `nats_per_unit` its unit.
    """

    logits: tuple[Floats, ...]
    target: tuple[Ints, ...]
    count: int
    loss_name: str
    nats_per_unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest difference between two logits, and the share of cells in which both choose the same id."""

    largest_difference: float
    same_choice: float


def score(held_out: HeldOutLogits) -> dict[str, float]:
    """Return the loss and the accuracy; of symbols with several fields, the accuracy of the first field."""
    parts = [nats_and_correct(logits, target) for logits, target in zip(held_out.logits, held_out.target, strict=True)]
    nats = sum(float(part_nats.sum(dtype=np.float64)) for part_nats, _ in parts) / held_out.count
    return {held_out.loss_name: nats / held_out.nats_per_unit, "accuracy": float(parts[0][1].mean())}


def compare_logits(first: HeldOutLogits, second: HeldOutLogits) -> Agreement:
    """Compare the logits that two formats gave for the same pieces."""
    pairs = list(zip(first.logits, second.logits, strict=True))
    same = np.concatenate([a.argmax(axis=-1) == b.argmax(axis=-1) for a, b in pairs])
    return Agreement(max(float(np.abs(a - b).max()) for a, b in pairs), float(same.mean()))
