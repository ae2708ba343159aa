"""The network of symbol sequences in Keras: an LSTM over symbols, attention over its past, a chain of heads.

One builder for all codecs of `bachbridge.codecs.base`; what differs is in the `StreamRecipe` and the `Alphabet`.
The LSTM reads the sum of a symbol's embeddings, one for each field. If the alphabet says which pitches a symbol of the
first field is made of, its embedding is the sum of theirs, and so are its logits: a chord that is rare in the data, or
occurs only transposed, is known by its notes. Then the network also sees the interval from the symbol before, and for
each pitch it says beside the pitch's own logit that of the interval that leads to it, which holds in all keys at once.

Head `f` sees the view of the step and the fields before it in the symbol that is being made, so that p(symbol) is a
product of true conditionals. The first field sees nothing but the view: its logits are worked out once a step. Where
the recipe says so, `recalling` looks back: its contexts are part of the view, and its copies are mixed into the first
field's probabilities, whose logarithms then are the "logits".

Variational dropout: one mask for all steps of a window (Y. Gal and Z. Ghahramani, NeurIPS 2016).
A bidirectional network cannot run live: it would have to know what has not been played yet.
Only `keras.ops` is used, so the code runs under TensorFlow and under JAX alike.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge.inference.runtime.onnx_nets import LEAST
from bachbridge_training.nets.attention import Recall, copied
from bachbridge_training.nets.lstm import LSTM
from bachbridge_training.recipe import StreamRecipe
from bachbridge_training.symbols.alphabet import INTERVALS, Alphabet

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

_OWN = 16
"""Units from which a symbol's own logit is made, beside those of its pitches."""


Take = Callable[[Any, Any], Any]
"""Rows of a table by their numbers."""


def _taken(table: Any, rows: Any) -> Any:
    return ops.take(table, rows, axis=0)


class Network:
    """The layers, shared by the graph over whole windows (training) and the graphs of one step (live play)."""

    def __init__(self, recipe: StreamRecipe, alphabet: Alphabet) -> None:
        self.recipe, self.alphabet = recipe, alphabet
        free = range(alphabet.spelled is not None, len(alphabet.sizes))
        self.embeddings = {
            field: layers.Embedding(alphabet.sizes[field], recipe.embedding, name=f"field_{field}") for field in free
        }
        self.rnns = [
            LSTM(recipe.units, f"lstm_{n}", drop=recipe.weight_drop, seed=recipe.seed + n) for n in range(recipe.layers)
        ]
        self.recall = Recall(recipe.attention, recipe.reach) if recipe.attention else None
        self.inner = [layers.Dense(recipe.head, name=f"view_{field}") for field in range(len(alphabet.sizes))]
        self.chosen = {
            (field, other): layers.Embedding(alphabet.sizes[other], recipe.head, name=f"chosen_{field}_{other}")
            for field in range(len(alphabet.sizes))
            for other in free
            if other < field
        }
        widths = list(alphabet.sizes)
        if alphabet.spelled is not None:
            widths[0] = alphabet.spelled.shape[1] + INTERVALS + _OWN
            self.spelling = layers.Dense(recipe.embedding, use_bias=False, name="spelling")
            self.leap = layers.Embedding(INTERVALS, recipe.embedding, name="interval")
            self.own = layers.Dense(alphabet.sizes[0], name="own")
            self.sounds = [layers.Dense(recipe.head, name=f"sounds_{field}") for field in range(len(alphabet.sizes))]
        self.outer = [layers.Dense(width, name=f"logits_{field}") for field, width in enumerate(widths)]

    def embed(self, ids: Any, before: Any) -> Any:
        """`ids[..., field]`, the first field of the symbol `before[...]` → `[..., embedding]`."""
        total = sum(embedding(ids[..., field]) for field, embedding in self.embeddings.items())
        if self.alphabet.spelled is None:
            return total
        return total + self.spelling(self.spelled(ids[..., 0])) + self.leap(self.leaps(ids, before))

    def spelled(self, ids: Any, take: Take = _taken) -> Any:
        """`ids[...]` → `[..., feature]`."""
        return take(self._features(), ids)

    def _features(self) -> np.ndarray:
        assert self.alphabet.spelled is not None
        return self.alphabet.spelled.astype(np.float32)

    def leaps(self, ids: Any, before: Any, take: Take = _taken) -> Any:
        """The column of the interval that leads to `ids[..., field]`."""
        now, then = (take(self._line(), its) for its in (ids[..., 0], before))
        return take(self.alphabet.interval().reshape(-1), then * (self.alphabet.pitches + 1) + now)

    def _line(self) -> np.ndarray:
        """Rows and columns of `Alphabet.interval`, by id."""
        assert self.alphabet.line is not None
        return (self.alphabet.line + 1).astype(np.int32)

    def first(self, view: Any, ids: Any) -> Any:
        """Logits of the first field, `view[..., unit]` after the symbol `ids[...]`."""
        inner = self.outer[0](ops.relu(self.inner[0](view)))
        return inner if self.alphabet.spelled is None else self._sounding(inner, ids)

    def _sounding(self, inner: Any, ids: Any) -> Any:
        """The sum of what is said of a symbol's features, of the intervals to its pitches, and of itself."""
        pitches, features = self.alphabet.pitches, self._features().shape[1]
        led = ops.take_along_axis(inner[..., features : features + INTERVALS], self.columns(ids), axis=-1)
        return self.said(inner, inner[..., :pitches] + led)

    def columns(self, ids: Any, take: Take = _taken) -> Any:
        """For each pitch, the column of the interval that leads to it after `ids[...]`: `[..., pitch]`."""
        return take(self.alphabet.interval()[:, 1:], take(self._line(), ids))

    def said(self, inner: Any, pitches: Any) -> Any:
        """Logits `[..., id]`, of the first head's columns `inner` and what they say of the `pitches`."""
        count, features = self.alphabet.pitches, self._features().shape[1]
        said = ops.concatenate([pitches, inner[..., count:features]], axis=-1)
        return ops.matmul(said, self._features().T) + self.own(inner[..., features + INTERVALS :])

    def later(self, field: int, view: Any, known: Any, take: Take = _taken) -> Any:
        """Logits of another field, from its `view[..., unit]` and the symbol's fields `known[..., field]` before it."""
        known = ops.maximum(known, 0)
        told = view + sum(its(known[..., other]) for (for_, other), its in self.chosen.items() if for_ == field)
        if self.alphabet.spelled is not None:
            told += self.sounds[field](self.spelled(known[..., 0], take))
        return self.outer[field](ops.relu(told))


def window_model(network: Network) -> keras.Model:
    """Symbols taken in `[b, t, field]` (and `before[b]`, the first field of the one before) and those that follow.

    Gives the logits of each field of those that follow, `[b, t, id]`.
    """
    fields, recipe = len(network.alphabet.sizes), network.recipe
    ids: Any = keras.Input((None, fields), dtype="int32", name="ids")
    before: Any = keras.Input((1,), dtype="int32", name="before")
    target: Any = keras.Input((None, fields), dtype="int32", name="target")
    hidden = network.embed(ids, ops.concatenate([before, ids[:, :-1, 0]], axis=1))
    for rnn in network.rnns:
        hidden = rnn(_masked(hidden, recipe))
    hidden = _masked(hidden, recipe)
    view, own, copies = hidden, None, 0.0
    if network.recall:
        contexts, shares, own = network.recall.over(ids[..., 0], hidden)
        view = ops.concatenate([hidden, contexts], axis=-1)
        copies = copied(shares, ids[..., 0], network.alphabet.sizes[0]) if recipe.copying else 0.0
    first = network.first(view, ids[..., 0])
    logits = [shared(first, own, copies) if recipe.copying else first]
    logits += [network.later(field, network.inner[field](view), target) for field in range(1, fields)]
    return keras.Model([ids, before, target], logits)


def shared(logits: Any, own: Any, copies: Any = 0.0) -> Any:
    """Logarithms of what `logits[..., id]` have of their `own[..., 1]` share and the `copies[..., id]` of the rest."""
    return ops.log(own * ops.softmax(logits, axis=-1) + copies + float(LEAST))


def _masked(values: Any, recipe: StreamRecipe) -> Any:
    return layers.Dropout(recipe.dropout, noise_shape=(None, 1, None), seed=recipe.seed)(values)
