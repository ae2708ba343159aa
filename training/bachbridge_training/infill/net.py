"""The infilling network in Keras: it predicts all masked cells of four voices at once, given all other cells.

Coconet (C.-Z. A. Huang et al., "Counterpoint by convolution", ISMIR 2017) runs two-dimensional convolutions over time
and pitch. Here a step is one vector: the sum of embeddings of its four cells, of the intervals between them and from
earlier cells, and of its place. Each block mixes along time, by a depthwise convolution and by self-attention with a
learned bias for each distance (P. Shaw et al., NAACL 2018), and then within the step.

That intervals mean the same at every pitch is built into the heads instead. A cell's logits are sums over tables that
the network computes for it: one over pitches, one over the intervals from each neighbour in its own voice, and one over
the intervals modulo 12 from each neighbour in the other voices (see `infill_grid`). The head that computes the tables
is also given the distances of those neighbours from the voice's last note. A pass costs a tenth of that of a small
two-dimensional network, and so does learning.

Only `keras.ops` is used, so the code runs under TensorFlow and under JAX. The number of steps is free.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from bachbridge.codecs import infill_grid
from bachbridge.music.frames import REST
from bachbridge.music.notes import VOICES
from bachbridge_training.infill import intervals
from bachbridge_training.recipe import InfillRecipe

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_MAX_INTERVAL = 16
"""Melodic intervals up to this many semitones have columns of their own; wider ones share the outermost columns."""
_MELODIC_WIDTH, _HARMONIC_WIDTH = 2 * _MAX_INTERVAL + 2, 13
"""Columns of a neighbour; the last one means "none": no neighbour, or a rest on either side."""
_COLUMNS_PER_HEAD = (
    infill_grid.TRANSPOSED_INDEX_COUNT
    + infill_grid.MELODIC_COUNT * _MELODIC_WIDTH
    + infill_grid.HARMONIC_COUNT * _HARMONIC_WIDTH
)
EPSILON = 1e-3
_NEIGHBOUR_UNITS = 32
"""Units of the embedding of a head's neighbour intervals."""
MAX_DISTANCE = 64
"""Distances in steps from which on the attention has one bias for all."""
_KERNEL_STEPS = 5
PLACE_FIRST_ROW = np.cumsum((0, *infill_grid.TRANSPOSED_PLACE_SIZES[:-1])).astype(np.int32)


class DepthwiseMixing(layers.Layer):
    """A depthwise convolution along the steps, with weights of its own for each unit."""

    def build(self, input_shape: Any) -> None:
        spread = keras.initializers.RandomNormal(stddev=_KERNEL_STEPS**-0.5, seed=0)
        self.kernel = self.add_weight(shape=(_KERNEL_STEPS, input_shape[-1]), initializer=spread, name="kernel")

    def call(self, inputs: Any) -> Any:
        steps, reach = ops.shape(inputs)[1], _KERNEL_STEPS // 2
        padded = ops.pad(inputs, [(0, 0), (reach, reach), (0, 0)])
        return sum(padded[:, tap : tap + steps] * self.kernel[tap] for tap in range(_KERNEL_STEPS))


class RelativeAttention(layers.Layer):
    """Self-attention along the steps with a learned bias for each distance and head."""

    def __init__(self, units: int, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.heads = units, heads
        self.inner = layers.Dense(3 * units, use_bias=False, name="inner")
        self.outer = layers.Dense(units, name="outer")

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        self.outer.build((*input_shape[:-1], self.units))
        spread = keras.initializers.RandomNormal(stddev=0.02, seed=0)
        self.bias = self.add_weight(shape=(2 * MAX_DISTANCE + 1, self.heads), initializer=spread, name="bias")

    def call(self, inputs: Any, inside: Any) -> Any:
        """Mix `inputs[b, t, unit]` along the steps; steps where `inside[b, t]` is 0 are ignored."""
        queries, keys, values = (self._split_heads(part) for part in ops.split(self.inner(inputs), 3, axis=-1))
        step = ops.arange(ops.shape(inputs)[1])
        distance = ops.clip(step[None, :] - step[:, None], -MAX_DISTANCE, MAX_DISTANCE) + MAX_DISTANCE
        bias = ops.transpose(ops.take(self.bias, distance, axis=0), (2, 0, 1))
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * (self.units // self.heads) ** -0.5
        weights = ops.softmax(scores + bias + (ops.expand_dims(inside, (1, 2)) - 1) * 1e9)
        mixed = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))
        return self.outer(ops.reshape(mixed, (-1, ops.shape(inputs)[1], self.units)))

    def _split_heads(self, part: Any) -> Any:
        """Return `[b, head, t, unit of the head]` from `part[b, t, unit]`."""
        shape = (-1, ops.shape(part)[1], self.heads, self.units // self.heads)
        return ops.transpose(ops.reshape(part, shape), (0, 2, 1, 3))


class LayerNorm(layers.Layer):
    """Layer normalization, written in the operations that onnxruntime fuses into one."""

    def build(self, input_shape: Any) -> None:
        self.gain = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gain")
        self.offset = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="offset")

    def call(self, inputs: Any) -> Any:
        centred = inputs - ops.mean(inputs, axis=-1, keepdims=True)
        spread = ops.sqrt(ops.mean(ops.power(centred, 2.0), axis=-1, keepdims=True) + EPSILON)
        return centred / spread * self.gain + self.offset


class InfillNetwork(NamedTuple):
    """The infilling network, and its two parts that are exported."""

    model: keras.Model
    """From the inputs of both parts to pitch logits `[b, t, voice, index]` and onset logits `[b, t, voice]`."""
    encoder: keras.Model
    """From `seen`, `attacks` `[b, t, voice]` and `place[b, t, field]` to `hidden[b, t, unit]` and onset logits."""
    heads: keras.Model
    """From `hidden[n, unit]` and `around[n, voice, neighbour]` to pitch logits `[n, voice, index]`."""


def build_infill_network(recipe: InfillRecipe) -> InfillNetwork:
    """Build the network in two parts, so that the heads need to run only at steps with masked cells."""
    voices = len(VOICES)
    seen, attacks = (keras.Input((None, voices), dtype="int32", name=name) for name in ("seen", "attacks"))
    place = keras.Input((None, len(infill_grid.TRANSPOSED_PLACE_SIZES)), dtype="int32", name="place")
    hidden = _encode(recipe, seen, attacks, place)
    encoder = keras.Model([seen, attacks, place], [hidden, layers.Dense(voices, name="strike")(hidden)], name="view")

    step = keras.Input((recipe.units,), name="hidden")
    beside = keras.Input((voices, infill_grid.NEIGHBOUR_COUNT), dtype="int32", name="around")
    heads = keras.Model([step, beside], _pitch_logits(recipe, step, beside), name="heads")

    around = keras.Input((None, voices, infill_grid.NEIGHBOUR_COUNT), dtype="int32", name="around")
    encoded, onset_logits = encoder([seen, attacks, place])
    pitch = HeadsPerStep(heads, name="steps")(encoded, around)
    return InfillNetwork(keras.Model([seen, attacks, place, around], [pitch, onset_logits]), encoder, heads)


class HeadsPerStep(layers.Layer):
    """The heads at every step of a batch."""

    def __init__(self, heads: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def call(self, hidden: Any, around: Any) -> Any:
        steps = ops.shape(hidden)[1]
        flat = ops.reshape(hidden, (-1, hidden.shape[-1])), ops.reshape(around, (-1, *around.shape[2:]))
        return ops.reshape(self.heads(flat), (-1, steps, len(VOICES), infill_grid.TRANSPOSED_INDEX_COUNT))

    def compute_output_shape(self, hidden_shape: Any, around_shape: Any) -> Any:  # noqa: ARG002  Keras passes both by name
        return (*hidden_shape[:2], len(VOICES), infill_grid.TRANSPOSED_INDEX_COUNT)


def _pitch_logits(recipe: InfillRecipe, hidden: Any, around: Any) -> Any:
    """Return logits `[n, voice, index]` for `hidden[n, unit]` and `around[n, voice, neighbour]`."""
    beside = _neighbour_embedding(around)
    columns: list[Any] = []
    for number, voice in enumerate(VOICES):
        inputs = ops.concatenate([hidden, beside[:, number]], axis=1)
        view = layers.Dense(recipe.head, activation="relu", name=f"view_{voice}")(inputs)
        view = layers.Dropout(recipe.dropout, seed=recipe.seed)(view)
        columns.append(layers.Dense(_COLUMNS_PER_HEAD, name=f"columns_{voice}")(view))
    return IntervalTableLogits(name="pitch")(ops.stack(columns, axis=1), around)


def _neighbour_embedding(around: Any) -> Any:
    """Return the embedding `[n, voice, unit]` of the intervals to a cell's neighbours."""
    rows = ops.add(
        intervals.NEIGHBOUR_ROWS * np.arange(len(VOICES), dtype=np.int32)[:, None],
        intervals.neighbour_intervals(around),
    )
    return ops.sum(
        layers.Embedding(len(VOICES) * intervals.NEIGHBOUR_ROWS, _NEIGHBOUR_UNITS, name="beside")(rows), axis=2
    )


def _encode(recipe: InfillRecipe, seen: Any, attacks: Any, place: Any) -> Any:
    """Return the view `[b, t, unit]` of every step."""
    inside = ops.cast(ops.not_equal(seen[..., 0], infill_grid.TRANSPOSED_OUTSIDE), "float32")
    hidden = _input_embedding(recipe, seen, attacks, place)
    for block in range(recipe.blocks):
        view = LayerNorm(name=f"norm_time_{block}")(hidden) * ops.expand_dims(inside, -1)
        attended = RelativeAttention(recipe.units, recipe.heads, name=f"attention_{block}")(view, inside)
        hidden = hidden + _dropout(attended, recipe) + DepthwiseMixing(name=f"mixing_{block}")(view)
        view = LayerNorm(name=f"norm_step_{block}")(hidden)
        wide = layers.Dense(recipe.wide, activation="relu", name=f"wide_{block}")(view)
        narrow = layers.Dense(recipe.units, name=f"narrow_{block}")(_dropout(wide, recipe))
        hidden = hidden + _dropout(narrow, recipe)
    return LayerNorm(name="norm")(hidden)


def _input_embedding(recipe: InfillRecipe, seen: Any, attacks: Any, place: Any) -> Any:
    # The constants come first: Keras takes one that comes second for a bias, which LiteRT can add to floats only.
    voice = np.arange(len(VOICES), dtype=np.int32)
    cell_rows = layers.Embedding(len(VOICES) * infill_grid.TRANSPOSED_VALUE_COUNT, recipe.units, name="cells")(
        ops.add(infill_grid.TRANSPOSED_VALUE_COUNT * voice, seen)
    )
    onset_rows = layers.Embedding(3 * len(VOICES), recipe.units, name="attacks_told")(ops.add(3 * voice, attacks))
    place_rows = layers.Embedding(sum(infill_grid.TRANSPOSED_PLACE_SIZES), recipe.units, name="places")(
        ops.add(PLACE_FIRST_ROW, place)
    )
    interval_rows = layers.Embedding(intervals.SOUNDING_ROWS, recipe.units, "zeros", name="intervals")(
        intervals.sounding_intervals(seen)
    )
    cells, onsets, places, gaps = (ops.sum(rows, axis=2) for rows in (cell_rows, onset_rows, place_rows, interval_rows))
    return cells + onsets + places + gaps


def _dropout(values: Any, recipe: InfillRecipe) -> Any:
    """Variational dropout: one mask for all steps of a window (Y. Gal and Z. Ghahramani, NeurIPS 2016)."""
    return layers.Dropout(recipe.dropout, noise_shape=(None, 1, None), seed=recipe.seed)(values)


# ---------------------------------------------------------------- tables over pitches and intervals

PITCH_CLASS_TILES = np.eye(13, 12, dtype=np.float32)[
    [12, *(c % 12 for c in range(1, infill_grid.TRANSPOSED_INDEX_COUNT))]
]
"""`[pitch index, pitch index modulo 12]`: the logits of a residue count for all its pitch indices; a rest has none."""


def _melodic_columns() -> np.ndarray:
    """Return `column[neighbour as seen, pitch index]` within a neighbour's columns."""
    neighbour, now = np.mgrid[: infill_grid.TRANSPOSED_VALUE_COUNT, : infill_grid.TRANSPOSED_INDEX_COUNT]
    none = (neighbour == REST) | (neighbour >= infill_grid.TRANSPOSED_INDEX_COUNT) | (now == REST)
    return np.where(
        none, _MELODIC_WIDTH - 1, np.clip(now - neighbour, -_MAX_INTERVAL, _MAX_INTERVAL) + _MAX_INTERVAL
    ).astype(np.int32)


def _harmonic_columns() -> np.ndarray:
    """Return `column[neighbour as seen, pitch index modulo 12]` within a neighbour's columns."""
    neighbour, now = np.mgrid[: infill_grid.TRANSPOSED_VALUE_COUNT, :12]
    none = (neighbour == REST) | (neighbour >= infill_grid.TRANSPOSED_INDEX_COUNT)
    return np.where(none, _HARMONIC_WIDTH - 1, (now - neighbour) % 12).astype(np.int32)


MELODIC_COLUMN_INDEX, HARMONIC_COLUMN_INDEX = _melodic_columns(), _harmonic_columns()
MELODIC_FIRST_COLUMN = (
    infill_grid.TRANSPOSED_INDEX_COUNT + _MELODIC_WIDTH * np.arange(infill_grid.MELODIC_COUNT)
).astype(np.int32)
HARMONIC_FIRST_COLUMN = (
    MELODIC_FIRST_COLUMN[-1] + _MELODIC_WIDTH + _HARMONIC_WIDTH * np.arange(infill_grid.HARMONIC_COUNT)
).astype(np.int32)


def _table_logits(columns: Any, around: Any) -> Any:
    """Return logits `[n, voice, pitch index]` from the tables `columns[n, voice, column]`."""
    cells = ops.shape(columns)[0] * len(VOICES)
    flat = ops.reshape(columns, (-1,))
    cell = ops.reshape(ops.arange(cells, dtype="int32") * _COLUMNS_PER_HEAD, (-1, len(VOICES), 1, 1))

    def sum_columns(table: np.ndarray, neighbour: Any, first: np.ndarray) -> Any:
        """Sum the neighbours' columns by one look-up in a flat list, which is quickest in onnxruntime."""
        places = ops.take(table, neighbour, axis=0) + (cell + first[:, None])
        return ops.sum(ops.take(flat, places, axis=0), axis=-2)

    by_melody = sum_columns(MELODIC_COLUMN_INDEX, around[..., : infill_grid.MELODIC_COUNT], MELODIC_FIRST_COLUMN)
    by_harmony = sum_columns(HARMONIC_COLUMN_INDEX, around[..., infill_grid.MELODIC_COUNT :], HARMONIC_FIRST_COLUMN)
    return columns[..., : infill_grid.TRANSPOSED_INDEX_COUNT] + by_melody + ops.matmul(by_harmony, PITCH_CLASS_TILES.T)


class IntervalTableLogits(layers.Layer):
    """`_table_logits` as a layer, since the shapes are known only when it runs."""

    def call(self, columns: Any, around: Any) -> Any:
        return _table_logits(columns, around)

    def compute_output_shape(self, columns_shape: Any, around_shape: Any) -> Any:  # noqa: ARG002  Keras passes both by name
        return (*columns_shape[:-1], infill_grid.TRANSPOSED_INDEX_COUNT)
