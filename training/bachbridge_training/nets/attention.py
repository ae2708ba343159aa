"""Causal attention over the past symbols, with a path that copies from them.

For every past symbol a row is kept: a key, which describes the LSTM's output *before* the symbol, and a value, which
describes the symbol. A query that is similar to a key means "this context occurred before", and the value says what
followed (C. Olsson et al., "In-context learning and induction heads", 2022). The score adds two learnt terms to the
learnt similarity: the number of symbols in which the past of the query and the past of the key agree exactly, and the
distance. Compressors predict from such long matches (the match model of M. Mahoney's PAQ).

Each head's softmax has one more entry besides the rows, its sentinel (S. Merity et al., "Pointer sentinel mixture
models", ICLR 2017). The sentinel's share is the part that the head does not find in the past. The first head's shares
of the rows are also the probabilities of copying their symbols.

In live play a row is `[key of all heads, value of all heads, id]`. `run` holds for each row the number of symbols in
which its past agrees with the present past; one comparison per row updates it.
"""

import math
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge_training.nets.gather import Gather, gather_rows

ops: Any = keras.ops  # keras has no stubs, and the inferred types of its functions are wrong

MATCH_LENGTHS = (1, 2, 4, 8, 16, 32)
"""Numbers of agreeing symbols from which a row gets a further weight; each is twice the one before."""
_HEAD_UNITS = 32
"""Units of a head's key and of its value."""
_INITIAL_SENTINEL = 4.0
"""Initial logit of a sentinel."""
_INITIAL_MATCH_WEIGHT = 1.0
_MASKED_LOGIT = -1e9


class MemoryAttention:
    """The layers of `heads` attention heads over the last `reach` outputs of the LSTM."""

    def __init__(self, heads: int, reach: int) -> None:
        self.heads, self.reach = heads, reach
        self.query, self.key, self.value = (
            layers.Dense(heads * _HEAD_UNITS, use_bias=False, name=name) for name in ("query", "key", "value")
        )
        first = np.array([_INITIAL_MATCH_WEIGHT] * len(MATCH_LENGTHS) + [0.0], np.float32)[:, None].repeat(
            heads, axis=1
        )
        constant: Any = keras.initializers.Constant
        self.match_weights = layers.Dense(heads, use_bias=False, name="likeness", kernel_initializer=constant(first))
        self.sentinel = layers.Dense(heads, name="sentinel", bias_initializer=constant(_INITIAL_SENTINEL))

    @property
    def row_size(self) -> int:
        """Number of values in a row."""
        return 2 * self.heads * _HEAD_UNITS + 1

    def attend_window(self, ids: Any, hidden: Any) -> tuple[Any, Any, Any]:
        """Attend at all steps of a window at once, from `ids[b, t]` and `hidden[b, t, unit]`.

        Return the contexts `[b, t, unit]`, and the first head's shares of the rows `[b, t, i]` and of its sentinel
        `[b, t, 1]`.
        """
        before = ops.pad(hidden, [[0, 0], [1, 0], [0, 0]])[:, :-1]
        query, keys, values = (
            self._split_heads(values) for values in (self.query(hidden), self.key(before), self.value(hidden))
        )
        place = ops.cumsum(ops.ones_like(ids), axis=1)
        distance = ops.expand_dims(place, 2) - ops.expand_dims(place, 1)
        visible = (distance >= 0) & (distance < self.reach) & (ops.expand_dims(ids, 1) > 0)
        by_match = self.match_weights(ops.stack([*match_indicators(ids), log_distance(distance)], axis=-1))
        scores = ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2))) / math.sqrt(_HEAD_UNITS)
        scores += ops.transpose(by_match, (0, 3, 1, 2))
        scores = ops.where(ops.expand_dims(visible, 1), scores, _MASKED_LOGIT)
        sentinel = ops.expand_dims(ops.transpose(self.sentinel(hidden), (0, 2, 1)), -1)
        shares = ops.softmax(ops.concatenate([sentinel, scores], axis=-1), axis=-1)
        contexts = ops.matmul(shares[..., 1:], values)
        contexts = ops.concatenate([contexts[:, head] for head in range(self.heads)], axis=-1)
        return contexts, shares[:, 0, :, 1:], shares[:, 0, :, :1]

    def _split_heads(self, values: Any) -> Any:
        """Reshape `[b, t, head * unit]` to `[b, head, t, unit]`."""
        heads = [values[..., _HEAD_UNITS * head : _HEAD_UNITS * (head + 1)] for head in range(self.heads)]
        return ops.stack(heads, axis=1)

    def attend_step(
        self, ids: Any, before: Any, hidden: Any, rows: Any, run: Any, gather: Gather = gather_rows
    ) -> tuple[Any, ...]:
        """Attend at one step, from `ids[b]`, `before[b, unit]`, `hidden[b, unit]`, `rows[b, n, value]` and `run[b, n]`.

        Returns the context `[b, unit]`, the first head's share of its sentinel `[b, 1]`, the new row `[b, 1, value]`,
        the new `run[b, n + 1]` and the first head's shares of the rows `[b, n + 1]`. There may be many rows, so they
        are read and not copied: a query is zero wherever a row holds something else than that head's key.
        """
        symbol = ops.expand_dims(ops.cast(ids, "float32"), 1)
        row = ops.expand_dims(ops.concatenate([self.key(before), self.value(hidden), symbol], axis=-1), 1)
        symbols = rows[..., -1]
        run = ops.cast(ops.equal(symbols, symbol), "float32") * (run + 1)
        run = ops.concatenate([ops.zeros_like(symbol), run], axis=1)
        symbols = ops.concatenate([symbols, symbol], axis=1)
        query = self._spread_queries(self.query(hidden) / math.sqrt(_HEAD_UNITS))
        scores = ops.concatenate([ops.matmul(rows, query), ops.matmul(row, query)], axis=1)
        scores += match_scores(self.match_weights.kernel, MATCH_LENGTHS, run, self.reach, gather)
        masked = ops.cast(symbols <= 0, "float32")
        sentinel = ops.expand_dims(self.sentinel(hidden), 1)
        scores = ops.concatenate([sentinel, scores + _MASKED_LOGIT * ops.expand_dims(masked, -1)], axis=1)
        shares = ops.softmax(ops.transpose(scores, (0, 2, 1)), axis=-1)
        found = ops.matmul(shares[..., 1:-1], rows) + ops.matmul(shares[..., -1:], row)
        first = _HEAD_UNITS * self.heads
        contexts = [
            found[:, head, first + _HEAD_UNITS * head : first + _HEAD_UNITS * (head + 1)] for head in range(self.heads)
        ]
        return ops.concatenate(contexts, axis=-1), shares[:, 0, :1], row, run, shares[:, 0, 1:]

    def _spread_queries(self, query: Any) -> Any:
        """Spread the queries of all heads from `[b, head * unit]` to `[b, value, head]`, like the columns of a row."""
        own = np.eye(self.heads, dtype=np.float32).repeat(_HEAD_UNITS, axis=0)
        queries = ops.expand_dims(query, -1) * own
        return ops.pad(queries, [[0, 0], [0, self.row_size - len(own)], [0, 0]])


def match_indicators(ids: Any, lengths: tuple[int, ...] = MATCH_LENGTHS) -> list[Any]:
    """Return `[b, t, i]` of 0 and 1 for each of the `lengths`: 1 if the pasts agree in that number of symbols.

    `ids` is `[b, t]`. The past of step t ends with its own symbol, the past of row i with the symbol before it. The
    first length is 1, and each other one is at most twice the one before.
    """
    before = ops.pad(ids, [[0, 0], [1, 0]], constant_values=-1)[:, :-1]
    found = [ops.cast(ops.equal(ops.expand_dims(ids, 2), ops.expand_dims(before, 1)), "float32")]
    for level, length in pairwise(lengths):
        more = length - level
        earlier = ops.pad(found[-1], [[0, 0], [more, 0], [more, 0]])[:, :-more, :-more]
        found.append(found[-1] * earlier)
    return found


def match_scores(kernel: Any, lengths: tuple[int, ...], run: Any, reach: int, gather: Gather) -> Any:
    """Return the scores `[b, n, head]` by a `kernel[number, head]` for some `lengths` and the distance's logarithm.

    `run[b, n]` holds the numbers of agreeing symbols, that of the present symbol last. Beyond `reach` a score is about
    -1e9. Two look-ups take less time than a product with indicators.
    """
    agreeing, distances = np.arange(lengths[-1] + 1), np.arange(reach, -1, -1, dtype=np.float32)
    indicators = (agreeing[:, None] >= np.array(lengths)).astype(np.float32)
    by_length = ops.matmul(indicators, kernel[:-1])
    by_distance = np.log1p(distances)[:, None] * kernel[-1:] + np.where(distances < reach, 0.0, _MASKED_LOGIT)[:, None]
    return (
        gather(by_length, ops.cast(ops.minimum(run, float(lengths[-1])), "int32")) + by_distance[-ops.shape(run)[1] :]
    )


def log_distance(distance: Any) -> Any:
    """Return the logarithm of 1 and a distance in symbols, by which matches are weighed."""
    return ops.log(1 + ops.cast(ops.maximum(distance, 0), "float32"))


def copy_probabilities(shares: Any, ids: Any, size: int) -> Any:
    """Sum the rows' `shares[b, t, i]` by their `ids[b, i]` to probabilities `[b, t, id]`."""
    return ops.matmul(shares, ops.one_hot(ops.cast(ids, "int32"), size, dtype="float32"))
