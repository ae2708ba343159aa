"""The causal chorale network in Keras: an LSTM over steps, and a chain of heads inside each step.

The LSTM reads the sum of the embedding rows of a step's feature ids (see `codecs.satb`). Head `v` sees the LSTM's view
of the step and the classes of those other voices that are already chosen; which ones is the caller's business, so the
same heads serve any order of the voices and any voices given. Four parallel heads cannot agree on a chord; the chain
is what makes p(frame) a product of true conditionals.

A head's logits are sums over three tables that it writes anew for each step: one over pitches, one over the interval
from the voice's own last pitch, one over the interval modulo 12 from each voice already chosen. The last two say in all
keys at once what else would have to be learnt twelve times over.
Variational dropout: one mask for all steps of a window (Y. Gal and Z. Ghahramani, NeurIPS 2016).

Only `keras.ops` is used, so the code runs under TensorFlow and under JAX alike.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge.codecs import satb
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST
from bachbridge.music.notes import VOICES
from bachbridge_training.nets.lstm import LSTM
from bachbridge_training.recipe import ChoraleRecipe

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

_SLOTS_PER_VOICE = PITCH_INDEX_COUNT + 1
"""Rows of a voice in a head's table: not chosen yet, then the classes."""
_MAX_INTERVAL = 14
"""Melodic intervals up to so many semitones have columns of their own; wider ones share the outermost."""
_MELODIC_WIDTH, _HARMONIC_WIDTH = 2 * _MAX_INTERVAL + 2, 13
_COLUMNS_PER_HEAD = PITCH_INDEX_COUNT + _MELODIC_WIDTH + len(VOICES) * _HARMONIC_WIDTH
"""Columns of a head: of the classes, of the melodic intervals, and per other voice of the harmonic ones.

The last column of each kind of interval stands for none: a rest, the piece's beginning, a voice not yet chosen.
"""


def _melodic_columns() -> np.ndarray:
    """`column[class before, class]`; the rows include the two that stand for no frame before."""
    before, now = np.mgrid[: PITCH_INDEX_COUNT + 2, :PITCH_INDEX_COUNT]
    none = (before == REST) | (before >= PITCH_INDEX_COUNT) | (now == REST)
    interval = np.where(none, _MELODIC_WIDTH - 1, np.clip(now - before, -_MAX_INTERVAL, _MAX_INTERVAL) + _MAX_INTERVAL)
    return (PITCH_INDEX_COUNT + interval).astype(np.int32)


def _harmonic_columns() -> np.ndarray:
    """`column[_SLOTS * voice + class of the voice + 1, class]`; class -1: the voice is not chosen."""
    other, now = np.mgrid[-1:PITCH_INDEX_COUNT, :PITCH_INDEX_COUNT]
    interval = np.where((other <= REST) | (now == REST), _HARMONIC_WIDTH - 1, (now - other) % 12)
    first = PITCH_INDEX_COUNT + _MELODIC_WIDTH + _HARMONIC_WIDTH * np.arange(len(VOICES))
    return (first[:, None, None] + interval).reshape(-1, PITCH_INDEX_COUNT).astype(np.int32)


_COLUMN_INDEX = np.concatenate([_melodic_columns(), _harmonic_columns()])
_VOICE_FIRST_ROW = (len(_melodic_columns()) + 1 + _SLOTS_PER_VOICE * np.arange(len(VOICES))).astype(np.int32)
"""Which columns a class adds up, by row: one for each class before, then one for each other voice's slot."""


def _column_indices(before: Any, known: Any) -> Any:
    """Which columns a class adds up, `[..., term, class]`, for the class `before[...]` and `known[..., voice]`."""
    rows = ops.concatenate([ops.expand_dims(before, -1), known + _VOICE_FIRST_ROW], axis=-1)
    return ops.take(_COLUMN_INDEX, rows, axis=0)


def _table_logits(columns: Any, before: Any, known: Any) -> Any:
    """A head's columns `[..., column]` → logits `[..., class]`."""
    places = _column_indices(before, known)
    terms = [ops.take_along_axis(columns, places[..., term, :], axis=-1) for term in range(1 + len(VOICES))]
    return columns[..., :PITCH_INDEX_COUNT] + sum(terms)


def _table_logits_flat(columns: Any, before: Any, known: Any) -> Any:
    """The same of `columns[k, voice, column]` by one look-up in a flat list, which onnxruntime does much quicker."""
    places = _column_indices(before, known)
    row = ops.reshape(ops.arange(ops.shape(columns)[0] * len(VOICES), dtype="int32"), (-1, len(VOICES), 1, 1))
    taken = ops.take(ops.reshape(columns, (-1,)), places + row * _COLUMNS_PER_HEAD, axis=0)
    return columns[..., :PITCH_INDEX_COUNT] + ops.sum(taken, axis=-2)


class ChoraleNetwork:
    """The layers, shared by the graph over whole windows (training) and the graphs of one step (live play)."""

    def __init__(self, recipe: ChoraleRecipe) -> None:
        self.recipe = recipe
        self.embedding = layers.Embedding(satb.TABLE_ROWS, recipe.embedding, name="features")
        self.rnns = [LSTM(recipe.units, f"lstm_{n}") for n in range(recipe.layers)]
        self.head_hidden = [layers.Dense(recipe.head, name=f"view_{name}") for name in (*VOICES, "strike")]
        self.known_voices = [
            layers.Embedding(len(VOICES) * _SLOTS_PER_VOICE, recipe.head, name=f"chosen_{name}")
            for name in (*VOICES, "strike")
        ]
        self.head_output = [layers.Dense(_COLUMNS_PER_HEAD, name=f"pitch_{name}") for name in VOICES]
        self.strike = layers.Dense(len(VOICES), name="strike")

    def embed(self, ids: Any) -> Any:
        """`[..., field]` ids → `[..., embedding]`."""
        return ops.sum(self.embedding(ids), axis=-2)

    def head_view(self, index: int, hidden: Any, known: Any) -> Any:
        """The inner layer of head `index` given `known[..., voice]` classes (-1: not chosen)."""
        slots = known + 1 + ops.arange(len(VOICES), dtype="int32") * _SLOTS_PER_VOICE
        return ops.relu(self.head_hidden[index](hidden) + ops.sum(self.known_voices[index](slots), axis=-2))

    def pitch_logits(self, voice: int, hidden: Any, known: Any, before: Any) -> Any:
        """Logits `[..., class]` of a voice whose class one step earlier was `before[...]`."""
        return _table_logits(self.head_output[voice](self.head_view(voice, hidden, known)), before, known)

    def strike_logits(self, hidden: Any, classes: Any) -> Any:
        return self.strike(self.head_view(len(VOICES), hidden, classes))


def window_model(network: ChoraleNetwork) -> keras.Model:
    """Ids `[batch, step, field]`, chosen classes `[batch, step, voice, other]`, true classes → both kinds of logits."""
    recipe = network.recipe
    ids = keras.Input((None, satb.FIELD_COUNT), dtype="int32", name="ids")
    known: Any = keras.Input((None, len(VOICES), len(VOICES)), dtype="int32", name="known")
    classes = keras.Input((None, len(VOICES)), dtype="int32", name="classes")
    before = _previous_frame(ids)
    hidden = network.embed(ids)
    for rnn in network.rnns:
        hidden = rnn(_dropout(hidden, recipe))
    hidden = _dropout(hidden, recipe)
    pitch = [
        network.pitch_logits(voice, hidden, known[:, :, voice], before[..., voice]) for voice in range(len(VOICES))
    ]
    return keras.Model([ids, known, classes], [ops.stack(pitch, axis=2), network.strike_logits(hidden, classes)])


def _previous_frame(ids: Any) -> Any:
    """The frame before, ids `[..., field]` → classes `[..., voice]`; rests where a batch is padded with zeros."""
    return ops.maximum(satb.previous_pitch_indices(ids), REST)


def _dropout(values: Any, recipe: ChoraleRecipe) -> Any:
    return layers.Dropout(recipe.dropout, noise_shape=(None, 1, None), seed=recipe.seed)(values)


def core(network: ChoraleNetwork, ids: Any, state: Any) -> tuple[Any, Any]:
    """One step: `ids[batch, field]`, `state[2 * layer + (h, c), batch, unit]` → `hidden`, the next state.

    `hidden[batch, head * unit + voice]` is what the five heads (four voices, then the strikes) see of the step: the
    part of their inner layers that does not depend on the voices chosen in it, so that `heads` has next to nothing to
    do; and last the classes of the frame before.
    """
    first = network.rnns[0].cell
    # A sum of embedding rows times a matrix is the sum of the rows' products, and those are a constant table.
    inputs = ops.sum(ops.take(ops.matmul(network.embedding.embeddings, first.kernel), ids, axis=0), axis=-2)
    output, after = lstm_step(first, inputs, state[0], state[1])
    for number, rnn in enumerate(network.rnns[1:], start=1):
        inputs = ops.matmul(output, rnn.cell.kernel)
        output, states = lstm_step(rnn.cell, inputs, state[2 * number], state[2 * number + 1])
        after = after + states
    before = ops.cast(_previous_frame(ids), "float32")
    return ops.concatenate([*(inner(output) for inner in network.head_hidden), before], axis=-1), ops.stack(after)


def lstm_step(layer: layers.LSTMCell, inputs: Any, hidden: Any, carry: Any) -> tuple[Any, list[Any]]:
    """One step of an LSTM from its input's share of the gates: the output, and `[output, carry]`."""
    gates = inputs + ops.matmul(hidden, layer.recurrent_kernel) + layer.bias
    enter, forget, new, leave = ops.split(gates, 4, axis=-1)
    carry = ops.sigmoid(forget) * carry + ops.sigmoid(enter) * ops.tanh(new)
    output = ops.sigmoid(leave) * ops.tanh(carry)
    return output, [output, carry]


def heads(network: ChoraleNetwork, hidden: Any, known: Any) -> tuple[Any, Any]:
    """The chain at one step: `hidden` of `core`, `known[k, voice]` → pitches `[k, voice, class]`, strikes `[k, voice]`.

    All heads at once, which gives what `Network.head` gives one by one. A voice's own class is hidden from its own
    head, and from none of the others.
    """
    voices = len(VOICES)
    own = np.vstack([np.eye(voices, dtype=np.int32), np.zeros((1, voices), np.int32)])
    first = (np.arange(voices) + voices * np.arange(voices + 1)[:, None]).astype(np.int32) * _SLOTS_PER_VOICE
    slots = known[:, None, :] * (1 - own) - own + 1 + first
    table = ops.concatenate([other.embeddings for other in network.known_voices], axis=0)
    view = ops.reshape(hidden[:, :-voices], (-1, voices + 1, network.recipe.head))
    inner = ops.relu(view + ops.sum(ops.take(table, slots, axis=0), axis=-2))
    weights = ops.concatenate([ops.expand_dims(outer.kernel, 0) for outer in network.head_output], axis=0)
    pitch = ops.transpose(ops.matmul(ops.transpose(inner[:, :voices], (1, 0, 2)), weights), (1, 0, 2))
    biases = ops.concatenate([ops.expand_dims(outer.bias, 0) for outer in network.head_output], axis=0)
    before = ops.cast(hidden[:, -voices:], "int32") + ops.zeros_like(known)
    others = slots[:, :voices] - first[:voices] - 1
    return _table_logits_flat(pitch + biases, before, others), network.strike(inner[:, voices])
