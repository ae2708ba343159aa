"""Votes for the notes that would continue a melodic sequence: a figure heard before, now at another place of the scale.

A copy path finds what is repeated at the same pitch. Baroque melodies rather move a figure up or down the scale, where
a whole tone answers a semitone. So what is repeated are *motions*: intervals in steps of a scale. The motion to each
past symbol is a vote for the same motion now, if the motions before it agree with the last ones. The more of them
agree, and the nearer the symbol, the more the vote weighs. The votes for a motion are added up, and the logarithm of 1
and their sum is added to the logits of the symbols to which that motion leads.

This is the match model of compressors (M. Mahoney's PAQ) applied to intervals of a scale, which are known as a
viewpoint for predicting music (D. Conklin and I. Witten, "Multiple viewpoint systems for music prediction", Journal of
New Music Research, 1995).

In live play `motions[b, n]` are those to the last symbols, and `run[b, n]` holds for each of them the number of
motions in which its past agrees with the present past, as in `nets.attention`.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge_training.nets.attention import log_distance, match_indicators, match_scores
from bachbridge_training.nets.gather import Gather, gather_rows
from bachbridge_training.nets.motions import NO_MOTION, MotionTable

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_MATCH_LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Numbers of agreeing motions from which a vote gets a further weight."""
_INITIAL_WEIGHTS = (0.0, 0.5, 1.0, 1.0, 1.5, 0.5, 0.5, 0.0, -0.2)
"""Initial weights of those lengths, and of the distance's logarithm."""
_INITIAL_BIAS = -3.0
_MAX_SCORE = 8.0
"""Largest logarithm of a vote, so that no sum of them overflows."""


class MelodicSequences:
    """The layer that adds votes for the continuation of melodic sequences to logits."""

    def __init__(self, table: MotionTable, reach: int) -> None:
        self.table, self.reach = table, reach
        constant: Any = keras.initializers.Constant
        self.vote = layers.Dense(
            1,
            name="motion_votes",
            kernel_initializer=constant(np.array(_INITIAL_WEIGHTS, np.float32)[:, None]),
            bias_initializer=constant(_INITIAL_BIAS),
        )

    def window_logits(self, ids: Any, before: Any) -> Any:
        """Return the votes `[b, t, id]` after each symbol of `ids[b, t]`; `before[b, 1]`: the symbol before them."""
        columns = gather_rows(self.table.columns, ops.concatenate([before, ids], axis=1))
        last = self._last_pitched(columns)
        motions = self._motions(last[:, :-1], columns[:, 1:])
        place = ops.cumsum(ops.ones_like(ids), axis=1)
        distance = ops.expand_dims(place, 2) - ops.expand_dims(place, 1)
        is_past = (distance >= 0) & (distance < self.reach)
        features = ops.stack([*match_indicators(motions, _MATCH_LENGTHS), log_distance(distance)], axis=-1)
        votes = ops.where(is_past, self._votes(features), 0.0)
        by_motion = ops.log(1 + ops.matmul(votes, gather_rows(self._motion_rows(), motions)))
        return self._by_symbol(ops.take_along_axis(by_motion, self._next_motions(last[:, 1:]), axis=-1))

    def _last_pitched(self, columns: Any) -> Any:
        """Return for each of the `columns[b, t]` the last one up to there that has a pitch, or column 0."""
        place = ops.cumsum(ops.ones_like(columns), axis=1)
        pitched = gather_rows(self.table.is_pitched.astype(np.int32), columns) * place
        is_past = ops.expand_dims(place, 2) >= ops.expand_dims(place, 1)
        last = ops.max(ops.where(is_past, ops.expand_dims(pitched, 1), 0), axis=-1)
        return ops.take_along_axis(ops.pad(columns, [[0, 0], [1, 0]]), last, axis=1)

    def _motions(self, last: Any, columns: Any, gather: Gather = gather_rows) -> Any:
        table = self.table.motions
        return gather(table.reshape(-1), last * table.shape[1] + columns)

    def _next_motions(self, last: Any, gather: Gather = gather_rows) -> Any:
        """Return the motions `[..., column]` that lead from the column `last[...]` to each column."""
        return gather(self.table.motions, last)

    def _votes(self, features: Any) -> Any:
        """Return votes `[...]` from `features[..., number]`: of `_MATCH_LENGTHS`, then the distance's logarithm."""
        return ops.exp(ops.minimum(self.vote(features)[..., 0], _MAX_SCORE))

    def _motion_rows(self) -> np.ndarray:
        """Return a row for each motion that counts its votes: 1 at its own place, or nowhere if it is none."""
        rows = np.eye(self.table.motion_count, dtype=np.float32)
        rows[NO_MOTION] = 0
        return rows

    def _by_symbol(self, by_column: Any) -> Any:
        return ops.take(by_column, self.table.columns, axis=-1)

    def step_logits(self, ids: Any, before: Any, motions: Any, run: Any, gather: Gather) -> tuple[Any, ...]:
        """Do one step, from `ids[b]`, `before[b]` (the last symbol with a pitch), `motions[b, n]` and `run[b, n]`.

        Returns the votes `[b, id]`, the last symbol with a pitch now `[b, 1]`, and the next `motions[b, n + 1]` and
        `run[b, n + 1]`. All but the votes are floats.
        """
        columns, last = gather(self.table.columns, ids), gather(self.table.columns, before)
        motion = ops.expand_dims(ops.cast(self._motions(last, columns, gather), "float32"), 1)
        run = ops.cast(ops.equal(motions, motion), "float32") * (run + 1)
        run = ops.concatenate([ops.zeros_like(motion), run], axis=1)
        motions = ops.concatenate([motions, motion], axis=1)
        pitched = ops.where(gather(self.table.is_pitched, columns), ids, before)
        scores = match_scores(self.vote.kernel, _MATCH_LENGTHS, run, self.reach, gather)[..., 0] + self.vote.bias
        votes = ops.expand_dims(ops.exp(ops.minimum(scores, _MAX_SCORE)), 1)
        by_motion = ops.log(1 + ops.matmul(votes, gather(self._motion_rows(), ops.cast(motions, "int32")))[:, 0])
        row = ops.expand_dims(ops.cumsum(ops.ones_like(ids), axis=0) - 1, 1) * self.table.motion_count
        wanted = self._next_motions(gather(self.table.columns, pitched), gather) + row
        by_column = gather(ops.reshape(by_motion, (-1,)), wanted)
        by_symbol = self._by_symbol(by_column)
        return by_symbol, ops.expand_dims(ops.cast(pitched, "float32"), 1), motions, run
