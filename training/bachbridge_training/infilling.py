"""The infilling network in Keras: every open cell of four voices at once, given all the others.

Coconet (C.-Z. A. Huang et al., "Counterpoint by convolution", ISMIR 2017) runs two-dimensional convolutions over time
and pitch. Here a step is one vector, the sum of what is told of its four cells and its place. Each block mixes along
time in two ways, by a depthwise convolution and by self-attention with a learned bias for each distance (P. Shaw et
al., NAACL 2018), and then within the step. That pitch is an axis along which all looks alike is said by the heads
instead: a cell's logits are sums over tables that the network writes for it, one over pitches, one over the intervals
from each neighbour in its own voice, and one over the intervals modulo 12 from each neighbour in the others (see
`canvas.around`). A pass costs a tenth of that of a small two-dimensional network, and learning likewise.

Only `keras.ops` is used, so the code runs under TensorFlow and under JAX alike. Any number of steps.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge.codecs import canvas, satb
from bachbridge.music import VOICES
from bachbridge_training.recipe import InfillRecipe

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

_REACH = 16
"""Melodic intervals up to so many semitones have columns of their own; wider ones share the outermost."""
_MELODIC, _HARMONIC = 2 * _REACH + 2, 13
"""Columns of a neighbour; the last one of each stands for none: no neighbour, or a rest on either side."""
_COLUMNS = satb.CLASSES + canvas.MELODIC * _MELODIC + canvas.HARMONIC * _HARMONIC
_FAR = 64
"""Distances in steps from here on are one to the attention."""
_KERNEL = 5
_PLACES = np.cumsum((0, *canvas.PLACE_SIZES[:-1])).astype(np.int32)


class Mixing(layers.Layer):
    """A depthwise convolution along the steps, with weights of its own for each unit."""

    def build(self, input_shape: Any) -> None:
        spread = keras.initializers.RandomNormal(stddev=_KERNEL**-0.5, seed=0)
        self.kernel = self.add_weight(shape=(_KERNEL, input_shape[-1]), initializer=spread, name="kernel")

    def call(self, inputs: Any) -> Any:
        steps, reach = ops.shape(inputs)[1], _KERNEL // 2
        padded = ops.pad(inputs, [(0, 0), (reach, reach), (0, 0)])
        return sum(padded[:, tap : tap + steps] * self.kernel[tap] for tap in range(_KERNEL))


class Attention(layers.Layer):
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
        self.bias = self.add_weight(shape=(2 * _FAR + 1, self.heads), initializer=spread, name="bias")

    def call(self, inputs: Any, inside: Any) -> Any:
        """`inputs[b, t, unit]`; steps where `inside[b, t]` is 0 are not looked at."""
        queries, keys, values = (self._split(part) for part in ops.split(self.inner(inputs), 3, axis=-1))
        step = ops.arange(ops.shape(inputs)[1])
        distance = ops.clip(step[None, :] - step[:, None], -_FAR, _FAR) + _FAR
        bias = ops.transpose(ops.take(self.bias, distance, axis=0), (2, 0, 1))
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * (self.units // self.heads) ** -0.5
        weights = ops.softmax(scores + bias + (inside[:, None, None, :] - 1) * 1e9)
        mixed = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))
        return self.outer(ops.reshape(mixed, (-1, ops.shape(inputs)[1], self.units)))

    def _split(self, part: Any) -> Any:
        """`[b, t, unit]` → `[b, head, t, unit of the head]`."""
        shape = (-1, ops.shape(part)[1], self.heads, self.units // self.heads)
        return ops.transpose(ops.reshape(part, shape), (0, 2, 1, 3))


def fill_model(recipe: InfillRecipe) -> keras.Model:
    """`seen`, `attacks` `[b, t, voice]`, `place[b, t, field]`, `around[b, t, voice, neighbour]` (see `codecs.canvas`)
    → pitch logits `[b, t, voice, class]` and strike logits `[b, t, voice]`.
    """
    voices = len(VOICES)
    seen, attacks = (keras.Input((None, voices), dtype="int32", name=name) for name in ("seen", "attacks"))
    place = keras.Input((None, canvas.FIELDS), dtype="int32", name="place")
    around = keras.Input((None, voices, canvas.NEIGHBOURS), dtype="int32", name="around")
    hidden = _hidden(recipe, seen, attacks, place)
    columns: list[Any] = []
    for voice in VOICES:
        view = _dropped(layers.Dense(recipe.head, activation="relu", name=f"view_{voice}")(hidden), recipe)
        columns.append(layers.Dense(_COLUMNS, name=f"columns_{voice}")(view))
    pitch = _logits(ops.stack(columns, axis=2), around)
    return keras.Model([seen, attacks, place, around], [pitch, layers.Dense(voices, name="strike")(hidden)])


def _hidden(recipe: InfillRecipe, seen: Any, attacks: Any, place: Any) -> Any:
    """The network's view of every step, `[b, t, unit]`."""
    inside = ops.cast(ops.not_equal(seen[..., 0], canvas.OUTSIDE), "float32")
    hidden = _told(recipe, seen, attacks, place)
    for block in range(recipe.blocks):
        view = layers.LayerNormalization(name=f"norm_time_{block}")(hidden) * inside[..., None]
        attended = Attention(recipe.units, recipe.heads, name=f"attention_{block}")(view, inside)
        hidden = hidden + _dropped(attended, recipe) + Mixing(name=f"mixing_{block}")(view)
        view = layers.LayerNormalization(name=f"norm_step_{block}")(hidden)
        wide = layers.Dense(recipe.wide, activation="relu", name=f"wide_{block}")(view)
        narrow = layers.Dense(recipe.units, name=f"narrow_{block}")(_dropped(wide, recipe))
        hidden = hidden + _dropped(narrow, recipe)
    return layers.LayerNormalization(name="norm")(hidden)


def _told(recipe: InfillRecipe, seen: Any, attacks: Any, place: Any) -> Any:
    voice = np.arange(len(VOICES), dtype=np.int32)
    rows = layers.Embedding(len(VOICES) * canvas.SEEN, recipe.units, name="cells")(seen + canvas.SEEN * voice)
    struck = layers.Embedding(3 * len(VOICES), recipe.units, name="attacks_told")(attacks + 3 * voice)
    where = layers.Embedding(sum(canvas.PLACE_SIZES), recipe.units, name="places")(place + _PLACES)
    return ops.sum(rows, axis=2) + ops.sum(struck, axis=2) + ops.sum(where, axis=2)


def _dropped(values: Any, recipe: InfillRecipe) -> Any:
    """Variational dropout: one mask for all steps of a window (Y. Gal and Z. Ghahramani, NeurIPS 2016)."""
    return layers.Dropout(recipe.dropout, noise_shape=(None, 1, None), seed=recipe.seed)(values)


# ---------------------------------------------------------------- tables over pitches and over intervals

_TILES = np.eye(13, 12, dtype=np.float32)[[12, *(c % 12 for c in range(1, satb.CLASSES))]]
"""`[class, class modulo 12]`: what is said of a class modulo 12 counts for the class; a rest has none."""


def _logits(columns: Any, around: Any) -> Any:
    """Tables `columns[b, t, voice, column]` → logits `[b, t, voice, class]`."""
    melodic_end = satb.CLASSES + canvas.MELODIC * _MELODIC
    melodic = _by_neighbour(columns[..., satb.CLASSES : melodic_end], canvas.MELODIC)
    harmonic = _by_neighbour(columns[..., melodic_end:], canvas.HARMONIC)
    none = ops.logical_or(ops.less_equal(around, satb.REST), ops.greater_equal(around, satb.CLASSES))[..., None]
    by_melody = ops.take_along_axis(melodic, _melodic_places(around[..., : canvas.MELODIC, None], none), axis=-1)
    by_harmony = ops.take_along_axis(harmonic, _harmonic_places(around[..., canvas.MELODIC :, None], none), axis=-1)
    over_twelve = ops.matmul(ops.sum(by_harmony, axis=-2), _TILES.T)
    return columns[..., : satb.CLASSES] + ops.sum(by_melody, axis=-2) + over_twelve


def _by_neighbour(columns: Any, neighbours: int) -> Any:
    """`[..., column]` → `[..., neighbour, column of the neighbour]`."""
    return ops.stack(ops.split(columns, neighbours, axis=-1), axis=-2)


def _melodic_places(neighbour: Any, none: Any) -> Any:
    classes = np.arange(satb.CLASSES, dtype=np.int32)
    none = ops.logical_or(none[..., : canvas.MELODIC, :], classes == satb.REST)
    return ops.where(none, _MELODIC - 1, ops.clip(ops.subtract(classes, neighbour), -_REACH, _REACH) + _REACH)


def _harmonic_places(neighbour: Any, none: Any) -> Any:
    twelve = np.arange(4 * 12, 5 * 12, dtype=np.int32)  # far up: the remainder of a negative number differs in ONNX
    return ops.where(none[..., canvas.MELODIC :, :], _HARMONIC - 1, ops.mod(ops.subtract(twelve, neighbour), 12))
