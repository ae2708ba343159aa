"""The training of the network of symbol sequences: its loss, its batches and its score.

The score is the loss on whole pieces from an empty past in their original keys: bits per symbol, which is the sum over
its fields, and for each field alone; and the share of symbols whose likeliest id is the true one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from bachbridge_training.evaluation.loss import nats_and_correct
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import net as symbols_net
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import SymbolPiece
from bachbridge_training.symbols.net import SymbolNetwork

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_MAX_BATCH_PIECES, _MAX_ATTENTION_PAIRS = 16, 1 << 21
"""The most pieces that are scored at once, and the most pairs of symbols that they may have, to limit memory."""
_LENGTH_MULTIPLE = 128
"""Pieces are padded to a multiple of this many symbols, so that few graphs are traced."""


class SymbolTask:
    """The network of a `SymbolRecipe`, trained on windows of the pieces (see `runs.tasks.TrainingTask`).

    `card_facts`: the card's facts about the codec and the data.
    """

    jit_compile = True

    def __init__(self, recipe: SymbolRecipe, alphabet: Alphabet, card_facts: Mapping[str, Any]) -> None:
        self.recipe, self.card_facts = recipe, card_facts
        self.network = SymbolNetwork(recipe, alphabet)
        self.initial_model = self.model = symbols_net.window_model(self.network)
        self.loss_model = _loss_model(self.model)

    def make_export(self) -> Any:
        from bachbridge_training.symbols.export import SymbolExport

        return SymbolExport(self.network, self.card_facts)

    def make_batches(self, pieces: Sequence[SymbolPiece]) -> symbols_batches.SymbolBatches:
        return symbols_batches.SymbolBatches(pieces, self.recipe)

    def validate(self, pieces: Sequence[SymbolPiece]) -> dict[str, float]:
        """Return `valid`, the bits per symbol of all fields together, and bits and accuracy of each field."""
        return bits_per_symbol(self.model, pieces)


def _loss_model(model: keras.Model) -> keras.Model:
    """Return the window model with its loss as its output: nats per symbol, each window's share of the batch's mean."""
    target = model.inputs[2]
    logits = model(model.inputs)
    logits = logits if isinstance(logits, list) else [logits]
    nats = sum(_nats(field_logits, target[..., field]) for field, field_logits in enumerate(logits))
    weight = ops.cast(target[..., 0] > 0, "float32")
    return keras.Model(model.inputs, ops.sum(nats * weight, axis=1) / ops.sum(weight))


def _nats(logits: Any, target: Any) -> Any:
    true = ops.one_hot(target, logits.shape[-1], dtype="float32")
    return ops.logsumexp(logits, axis=-1) - ops.sum(logits * true, axis=-1)


def bits_per_symbol(model: keras.Model, pieces: Sequence[SymbolPiece]) -> dict[str, float]:
    """Return the scores of `SymbolTask.validate`."""
    waiting = sorted(pieces, key=lambda piece: len(piece.symbols))
    nats, correct, symbols = 0.0, 0.0, 0.0
    while waiting:
        length = -(-len(waiting[-1].symbols) // _LENGTH_MULTIPLE) * _LENGTH_MULTIPLE
        count = max(1, min(_MAX_BATCH_PIECES, _MAX_ATTENTION_PAIRS // length**2))
        waiting, group = waiting[:-count], waiting[-count:]
        batch = symbols_batches.stack_windows([symbols_batches.whole_piece(piece) for piece in group], length)
        logits = model.predict_on_batch(batch.trainer_inputs)
        weight = (batch.target[..., 0] > 0)[..., None]
        fields = [
            nats_and_correct(field_logits, batch.target[..., field])
            for field, field_logits in enumerate(_as_list(logits))
        ]
        nats += (np.stack([field_nats for field_nats, _ in fields], axis=-1) * weight).sum(axis=(0, 1))
        correct += (np.stack([is_correct for _, is_correct in fields], axis=-1) * weight).sum(axis=(0, 1))
        symbols += float(weight.sum())
    bits, accuracy = np.atleast_1d(nats / symbols / np.log(2)), np.atleast_1d(correct / symbols)
    scores = {"valid": float(bits.sum()), "accuracy": float(accuracy[0])}
    if len(bits) > 1:
        scores |= {f"bits_{field}": float(value) for field, value in enumerate(bits)}
        scores |= {f"accuracy_{field}": float(value) for field, value in enumerate(accuracy) if field}
    return scores


def _as_list(logits: Any) -> list[np.ndarray]:
    return logits if isinstance(logits, list) else [logits]
