"""The training of the network of symbol sequences: its trainer, its batches and its score.

The score is the surprise at whole pieces from an empty past, untransposed: bits for each symbol, which is the sum of
those of its fields, and of each field alone; and how often the likeliest id was the true one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from bachbridge_training.evaluation.loss import judged
from bachbridge_training.recipe import StreamRecipe
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import net as symbols_net
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import Passage
from bachbridge_training.symbols.net import Network

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

_MOST, _CELLS = 16, 1 << 21
"""How many pieces are scored at once at most, and how many pairs of symbols these may have (for the memory's sake)."""
_ROUND = 128
"""Pieces are padded to a multiple of so many symbols, so that few graphs are traced."""


class Course:
    """Builds the network of a `StreamRecipe` and trains it on the pieces' windows (see `training.Course`)."""

    compiled = True

    def __init__(self, recipe: StreamRecipe, alphabet: Alphabet, facts: Mapping[str, Any]) -> None:
        """`facts`: what the card will say of the codec and the data."""
        self.recipe, self.facts = recipe, facts
        self.network = Network(recipe, alphabet)
        self.model = symbols_net.window_model(self.network)
        self.trainer = _trainer(self.model)

    def form(self) -> Any:
        from bachbridge_training.symbols.export import Form

        return Form(self.network, self.facts)

    def feed(self, pieces: Sequence[Passage]) -> symbols_batches.Feed:
        return symbols_batches.Feed(pieces, self.recipe)

    def scores(self, pieces: Sequence[Passage]) -> dict[str, float]:
        """`valid`: bits per symbol, all fields together; and of each field its bits and its accuracy."""
        return score(self.model, pieces)


def _trainer(model: keras.Model) -> keras.Model:
    """The window model with its loss as its output: nats per symbol, each window's share of the batch's mean."""
    target = model.inputs[2]
    logits = model(model.inputs)
    logits = logits if isinstance(logits, list) else [logits]
    nats = sum(_nats(its, target[..., field]) for field, its in enumerate(logits))
    weight = ops.cast(target[..., 0] > 0, "float32")
    return keras.Model(model.inputs, ops.sum(nats * weight, axis=1) / ops.sum(weight))


def _nats(logits: Any, target: Any) -> Any:
    """The surprise at `target[b, t]`."""
    true = ops.one_hot(target, logits.shape[-1], dtype="float32")
    return ops.logsumexp(logits, axis=-1) - ops.sum(logits * true, axis=-1)


def score(model: keras.Model, pieces: Sequence[Passage]) -> dict[str, float]:
    """See `Course.scores`."""
    waiting = sorted(pieces, key=lambda piece: len(piece.symbols))
    nats, right, symbols = 0.0, 0.0, 0.0
    while waiting:
        length = -(-len(waiting[-1].symbols) // _ROUND) * _ROUND
        count = max(1, min(_MOST, _CELLS // length**2))
        waiting, group = waiting[:-count], waiting[-count:]
        batch = symbols_batches.stacked([symbols_batches.whole(piece) for piece in group], length)
        logits = model.predict_on_batch(batch.all)
        weight = (batch.target[..., 0] > 0)[..., None]
        found = [judged(its, batch.target[..., field]) for field, its in enumerate(_listed(logits))]
        nats += (np.stack([its[0] for its in found], axis=-1) * weight).sum(axis=(0, 1))
        right += (np.stack([its[1] for its in found], axis=-1) * weight).sum(axis=(0, 1))
        symbols += float(weight.sum())
    bits, share = np.atleast_1d(nats / symbols / np.log(2)), np.atleast_1d(right / symbols)
    scores = {"valid": float(bits.sum()), "accuracy": float(share[0])}
    if len(bits) > 1:
        scores |= {f"bits_{field}": float(its) for field, its in enumerate(bits)}
        scores |= {f"accuracy_{field}": float(its) for field, its in enumerate(share) if field}
    return scores


def _listed(logits: Any) -> list[np.ndarray]:
    return logits if isinstance(logits, list) else [logits]
