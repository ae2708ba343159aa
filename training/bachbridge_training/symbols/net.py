"""The network of symbol sequences in Keras: an LSTM over symbols, attention over its past, a chain of heads.

One builder serves all codecs of `bachbridge.codecs.base`; what differs is in the `SymbolRecipe` and the `Alphabet`.
The LSTM reads the sum of a symbol's embeddings, one for each field. If the alphabet says which pitches a symbol of the
first field consists of, its embedding is the sum of theirs, and so are its logits: a chord that is rare in the data, or
occurs only transposed, is known by its notes. Then the network also sees the interval from the symbol before. To each
pitch's own logit it adds that of the interval that leads to the pitch, which holds in all keys at once.

Head `f` sees the view of the step and the fields before `f` in the symbol that is being made, so that p(symbol) is a
product of true conditionals. The first head sees the view alone: its logits are computed once per step. If the recipe
has attention, `nets.attention` looks back: its contexts are part of the view, and its copies are mixed into the first
field's probabilities, whose logarithms are then the "logits". `nets.melodic_sequences` adds to its logits, before the
copies, what would continue a figure at another place of the scale.

Variational dropout: one mask for all steps of a window (Y. Gal and Z. Ghahramani, NeurIPS 2016).
A bidirectional network cannot run live: it would have to know what has not been played yet.
Only `keras.ops` is used, so the code runs under TensorFlow and under JAX.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge.inference.runtime.onnx_nets import MIN_PROBABILITY
from bachbridge_training.nets.attention import MemoryAttention, copy_probabilities
from bachbridge_training.nets.gather import Gather, gather_rows
from bachbridge_training.nets.lstm import LSTM
from bachbridge_training.nets.melodic_sequences import MelodicSequences
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.symbols.alphabet import INTERVAL_COLUMNS, Alphabet

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_OWN_UNITS = 16
"""Units from which a symbol's own logit is computed, beside those of its pitches."""


class SymbolNetwork:
    """The layers, shared by the graph over whole windows (training) and the graphs of one step (live play)."""

    def __init__(self, recipe: SymbolRecipe, alphabet: Alphabet) -> None:
        self.recipe, self.alphabet = recipe, alphabet
        free = range(alphabet.pitch_features is not None, len(alphabet.vocab_sizes))
        self.embeddings = {
            field: layers.Embedding(alphabet.vocab_sizes[field], recipe.embedding, name=f"field_{field}")
            for field in free
        }
        self.rnns = [
            LSTM(recipe.units, f"lstm_{n}", weight_drop=recipe.weight_drop, seed=recipe.seed + n)
            for n in range(recipe.layers)
        ]
        self.memory_attention = MemoryAttention(recipe.attention, recipe.reach) if recipe.attention else None
        self.sequences = None
        if recipe.melodic_sequences:
            assert alphabet.motion_table is not None
            self.sequences = MelodicSequences(alphabet.motion_table, recipe.reach)
        self.head_hidden = [
            layers.Dense(recipe.head, name=f"view_{field}") for field in range(len(alphabet.vocab_sizes))
        ]
        self.known_fields = {
            (field, other): layers.Embedding(alphabet.vocab_sizes[other], recipe.head, name=f"chosen_{field}_{other}")
            for field in range(len(alphabet.vocab_sizes))
            for other in free
            if other < field
        }
        widths = list(alphabet.vocab_sizes)
        if alphabet.pitch_features is not None:
            widths[0] = alphabet.pitch_features.shape[1] + INTERVAL_COLUMNS + _OWN_UNITS
            self.pitch_embedding = layers.Dense(recipe.embedding, use_bias=False, name="spelling")
            self.interval_embedding = layers.Embedding(INTERVAL_COLUMNS, recipe.embedding, name="interval")
            self.own_logits = layers.Dense(alphabet.vocab_sizes[0], name="own")
            self.pitch_views = [
                layers.Dense(recipe.head, name=f"sounds_{field}") for field in range(len(alphabet.vocab_sizes))
            ]
        self.head_output = [layers.Dense(width, name=f"logits_{field}") for field, width in enumerate(widths)]

    def embed(self, ids: Any, before: Any) -> Any:
        """Return the embedding `[..., unit]` of `ids[..., field]`; `before[...]`: the earlier first field."""
        total = sum(embedding(ids[..., field]) for field, embedding in self.embeddings.items())
        if self.alphabet.pitch_features is None:
            return total
        return (
            total
            + self.pitch_embedding(self.symbol_features(ids[..., 0]))
            + self.interval_embedding(self.interval_ids(ids, before))
        )

    def symbol_features(self, ids: Any, gather: Gather = gather_rows) -> Any:
        """Return the features `[..., feature]` of the first field `ids[...]`."""
        return gather(self._feature_table(), ids)

    def _feature_table(self) -> np.ndarray:
        assert self.alphabet.pitch_features is not None
        return self.alphabet.pitch_features.astype(np.float32)

    def interval_ids(self, ids: Any, before: Any, gather: Gather = gather_rows) -> Any:
        """Return the columns `[...]` of the intervals from `before[...]` to `ids[..., field]`."""
        now, then = (gather(self._reference_pitches(), symbols) for symbols in (ids[..., 0], before))
        return gather(self.alphabet.interval_columns().reshape(-1), then * (self.alphabet.pitch_count + 1) + now)

    def _reference_pitches(self) -> np.ndarray:
        """Return the rows and columns of `Alphabet.interval_columns`, by id."""
        assert self.alphabet.reference_pitch is not None
        return (self.alphabet.reference_pitch + 1).astype(np.int32)

    def first_field_logits(self, view: Any, ids: Any) -> Any:
        """Return logits of the first field from `view[..., unit]`, after the symbol `ids[...]`."""
        inner = self.head_output[0](ops.relu(self.head_hidden[0](view)))
        return inner if self.alphabet.pitch_features is None else self._pitched_logits(inner, ids)

    def _pitched_logits(self, inner: Any, ids: Any) -> Any:
        """Sum the logits of a symbol's features, of the intervals to its pitches, and its own."""
        pitches, features = self.alphabet.pitch_count, self._feature_table().shape[1]
        by_interval = ops.take_along_axis(
            inner[..., features : features + INTERVAL_COLUMNS], self.interval_columns(ids), axis=-1
        )
        return self.symbol_logits(inner, inner[..., :pitches] + by_interval)

    def interval_columns(self, ids: Any, gather: Gather = gather_rows) -> Any:
        """Return the column `[..., pitch]` of the interval from `ids[...]` to each pitch."""
        return gather(self.alphabet.interval_columns()[:, 1:], gather(self._reference_pitches(), ids))

    def symbol_logits(self, inner: Any, pitches: Any) -> Any:
        """Return logits `[..., id]` from the first head's columns `inner` and the logits of the `pitches`."""
        count, features = self.alphabet.pitch_count, self._feature_table().shape[1]
        feature_logits = ops.concatenate([pitches, inner[..., count:features]], axis=-1)
        return ops.matmul(feature_logits, self._feature_table().T) + self.own_logits(
            inner[..., features + INTERVAL_COLUMNS :]
        )

    def later_field_logits(self, field: int, view: Any, known: Any, gather: Gather = gather_rows) -> Any:
        """Return logits of a later field, from its `view[..., unit]` and the fields before it, `known[..., field]`."""
        known = ops.maximum(known, 0)
        inner = view + sum(
            embedding(known[..., other]) for (head, other), embedding in self.known_fields.items() if head == field
        )
        if self.alphabet.pitch_features is not None:
            inner += self.pitch_views[field](self.symbol_features(known[..., 0], gather))
        return self.head_output[field](ops.relu(inner))


def window_model(network: SymbolNetwork) -> keras.Model:
    """Return the model over whole windows, which gives the logits `[b, t, id]` of each field of the next symbols.

    Its inputs are the symbols `ids[b, t, field]`, `before[b, 1]` (the first field of the symbol before them) and the
    next symbols `target[b, t, field]`.
    """
    fields, recipe = len(network.alphabet.vocab_sizes), network.recipe
    ids: Any = keras.Input((None, fields), dtype="int32", name="ids")
    before: Any = keras.Input((1,), dtype="int32", name="before")
    target: Any = keras.Input((None, fields), dtype="int32", name="target")
    hidden = network.embed(ids, ops.concatenate([before, ids[:, :-1, 0]], axis=1))
    for rnn in network.rnns:
        hidden = rnn(_dropout(hidden, recipe))
    hidden = _dropout(hidden, recipe)
    view, own, copies = hidden, None, 0.0
    if network.memory_attention:
        contexts, shares, own = network.memory_attention.attend_window(ids[..., 0], hidden)
        view = ops.concatenate([hidden, contexts], axis=-1)
        copies = copy_probabilities(shares, ids[..., 0], network.alphabet.vocab_sizes[0]) if recipe.copying else 0.0
    first = network.first_field_logits(view, ids[..., 0])
    if network.sequences:
        first += network.sequences.window_logits(ids[..., 0], before)
    logits = [mix_copies(first, own, copies) if recipe.copying else first]
    logits += [
        network.later_field_logits(field, network.head_hidden[field](view), target) for field in range(1, fields)
    ]
    return keras.Model([ids, before, target], logits)


def mix_copies(logits: Any, own_share: Any, copies: Any = 0.0) -> Any:
    """Return log probabilities: `own_share[..., 1]` of the softmax of `logits[..., id]`, plus `copies[..., id]`."""
    return ops.log(own_share * ops.softmax(logits, axis=-1) + copies + float(MIN_PROBABILITY))


def _dropout(values: Any, recipe: SymbolRecipe) -> Any:
    return layers.Dropout(recipe.dropout, noise_shape=(None, 1, None), seed=recipe.seed)(values)
