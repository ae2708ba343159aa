"""The causal chorale network in Keras: an LSTM over steps, and a chain of heads inside each step.

The LSTM reads the sum of the embedding rows of a step's feature ids (see `codecs.satb`). Head `v` sees the LSTM's view
of the step and the pitch indices of the other voices that are already chosen. The caller decides which ones these are,
so the same heads serve any order of the voices and any given voices. Four parallel heads could not agree on a chord;
with the chain, p(frame) is a product of true conditionals.

A head's logits are sums over three tables that it computes for each step: one over pitches, one over the interval from
the voice's own last pitch, one over the interval modulo 12 from each voice already chosen. The last two hold in all
keys at once; without them every interval would have to be learnt once for each of twelve keys.
Variational dropout: one mask for all steps of a window (Y. Gal and Z. Ghahramani, NeurIPS 2016).

Only `keras.ops` is used, so the code runs under TensorFlow and under JAX alike.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from bachbridge.codecs import satb, satb_copies
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale.pointer import FramePointer
from bachbridge_training.nets.gather import Gather, gather_rows
from bachbridge_training.nets.lstm import LSTM, lstm_step
from bachbridge_training.recipe import ChoraleRecipe

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_SLOTS_PER_VOICE = PITCH_INDEX_COUNT + 1
"""Rows of a voice in a head's table: one for "not chosen yet", then one per pitch index."""
_MAX_INTERVAL = 14
"""Melodic intervals up to this many semitones have columns of their own; wider ones share the outermost columns."""
_MELODIC_WIDTH, _HARMONIC_WIDTH = 2 * _MAX_INTERVAL + 2, 13
_COLUMNS_PER_HEAD = PITCH_INDEX_COUNT + _MELODIC_WIDTH + len(VOICES) * _HARMONIC_WIDTH
"""Columns of a head: for the pitch indices, for the melodic intervals, and for each voice's harmonic intervals.

The last column of each kind of interval means "none": a rest, the beginning of the piece, a voice not yet chosen.
"""


def _melodic_columns() -> np.ndarray:
    """Return `column[previous pitch index, pitch index]`; two of the rows mean "no frame before"."""
    before, now = np.mgrid[: PITCH_INDEX_COUNT + 2, :PITCH_INDEX_COUNT]
    none = (before == REST) | (before >= PITCH_INDEX_COUNT) | (now == REST)
    interval = np.where(none, _MELODIC_WIDTH - 1, np.clip(now - before, -_MAX_INTERVAL, _MAX_INTERVAL) + _MAX_INTERVAL)
    return (PITCH_INDEX_COUNT + interval).astype(np.int32)


def _harmonic_columns() -> np.ndarray:
    """Return `column[slot, pitch index]`, slot = `_SLOTS_PER_VOICE` * voice + 1 + its pitch index (-1: not chosen)."""
    other, now = np.mgrid[-1:PITCH_INDEX_COUNT, :PITCH_INDEX_COUNT]
    interval = np.where((other <= REST) | (now == REST), _HARMONIC_WIDTH - 1, (now - other) % 12)
    first = PITCH_INDEX_COUNT + _MELODIC_WIDTH + _HARMONIC_WIDTH * np.arange(len(VOICES))
    return (first[:, None, None] + interval).reshape(-1, PITCH_INDEX_COUNT).astype(np.int32)


_MELODIC, _HARMONIC = _melodic_columns(), _harmonic_columns()
_COLUMN_INDEX = np.concatenate([_MELODIC, _HARMONIC])
_VOICE_FIRST_ROW = (len(_MELODIC) + 1 + _SLOTS_PER_VOICE * np.arange(len(VOICES))).astype(np.int32)
"""`_COLUMN_INDEX`: the columns that a pitch index adds up, in rows for the previous pitch index and for each slot.

`_VOICE_FIRST_ROW[voice]` is the row of the pitch index 0 of a voice that is already chosen."""


def _column_indices(before: Any, known: Any) -> Any:
    """Return the columns that are added up, `[..., term, pitch index]`.

    `before[...]` is the voice's previous pitch index; `known[..., voice]` are those already chosen (-1: open).
    """
    rows = ops.concatenate([ops.expand_dims(before, -1), known + _VOICE_FIRST_ROW], axis=-1)
    return ops.take(_COLUMN_INDEX, rows, axis=0)


def _table_logits(columns: Any, before: Any, known: Any) -> Any:
    """Return logits `[..., pitch index]` from a head's `columns[..., column]`."""
    places = _column_indices(before, known)
    terms = [ops.take_along_axis(columns, places[..., term, :], axis=-1) for term in range(1 + len(VOICES))]
    return columns[..., :PITCH_INDEX_COUNT] + sum(terms)


def _seen_slots() -> np.ndarray:
    """Return the slot as which each head sees a slot, `[head, slot]`; the last head is that of the onsets.

    To its own head a voice always looks as if it were not chosen yet.
    """
    seen = np.tile(np.arange(len(VOICES) * _SLOTS_PER_VOICE, dtype=np.int32), (len(VOICES) + 1, 1))
    for voice in range(len(VOICES)):
        first = voice * _SLOTS_PER_VOICE
        seen[voice, first : first + _SLOTS_PER_VOICE] = first
    return seen


_SEEN_SLOTS = _seen_slots()
_FIRST_SLOTS = (1 + _SLOTS_PER_VOICE * np.arange(len(VOICES))).astype(np.int32)
_FIRST_MELODIC_ROWS = (len(_MELODIC) * np.arange(len(VOICES))).astype(np.int32)
"""Slots of the pitch index 0 by voice, and rows of `_MELODIC_OF_HEADS`."""
_MELODIC_OF_HEADS = np.concatenate([_MELODIC + voice * _COLUMNS_PER_HEAD for voice in range(len(VOICES))])
_HARMONIC_OF_HEADS = np.stack(
    [_HARMONIC[_SEEN_SLOTS[voice]] + voice * _COLUMNS_PER_HEAD for voice in range(len(VOICES))], axis=1
)
"""The columns that a pitch index adds up, where those of all heads lie side by side: `[row, pitch index]` with rows for
each voice's previous pitch index, and `[slot, voice, pitch index]`."""


def _pitch_columns_only(weights: Any) -> Any:
    """Return a head's `weights[..., column]` with zeros in all columns but those of the pitch indices."""
    return weights * (np.arange(_COLUMNS_PER_HEAD) < PITCH_INDEX_COUNT).astype(np.float32)


def _pitch_columns_initializer(shape: Any, dtype: Any = None) -> Any:
    return _pitch_columns_only(keras.initializers.GlorotUniform()(shape, dtype))


_NO_INTERVALS: dict[str, Any] = {
    "kernel_initializer": _pitch_columns_initializer,
    "kernel_constraint": _pitch_columns_only,
    "bias_constraint": _pitch_columns_only,
}
"""Options of a head's last layer whose tables of intervals stay zero."""


class ChoraleNetwork:
    """The layers, shared by the graph over whole windows (training) and the graphs of one step (live play)."""

    def __init__(self, recipe: ChoraleRecipe) -> None:
        self.recipe = recipe
        self.embedding = layers.Embedding(satb.TABLE_ROWS, recipe.embedding, name="features")
        self.rnns = [
            LSTM(recipe.units, f"lstm_{n}", weight_drop=recipe.weight_drop, seed=recipe.seed + n)
            for n in range(recipe.layers)
        ]
        self.head_hidden = [layers.Dense(recipe.head, name=f"view_{name}") for name in (*VOICES, "strike")]
        self.known_voices = [
            layers.Embedding(len(VOICES) * _SLOTS_PER_VOICE, recipe.head, name=f"chosen_{name}")
            for name in (*VOICES, "strike")
        ]
        options = {} if recipe.intervals else _NO_INTERVALS
        self.head_output = [layers.Dense(_COLUMNS_PER_HEAD, name=f"pitch_{name}", **options) for name in VOICES]
        self.strike = layers.Dense(len(VOICES), name="strike")
        self.pointer = FramePointer(recipe.calibration) if recipe.pointer else None

    def embed(self, ids: Any) -> Any:
        """Return the embedding `[..., unit]` of `ids[..., field]`."""
        return ops.sum(self.embedding(ids), axis=-2)

    def head_view(self, index: int, hidden: Any, known: Any) -> Any:
        """Return the inner layer of head `index`, given the pitch indices `known[..., voice]` (-1: not chosen)."""
        slots = known + 1 + ops.arange(len(VOICES), dtype="int32") * _SLOTS_PER_VOICE
        return ops.relu(self.head_hidden[index](hidden) + ops.sum(self.known_voices[index](slots), axis=-2))

    def pitch_logits(self, voice: int, hidden: Any, known: Any, before: Any) -> Any:
        """Return logits `[..., pitch index]` of a voice whose pitch index one step earlier was `before[...]`."""
        return _table_logits(self.head_output[voice](self.head_view(voice, hidden, known)), before, known)

    def onset_logits(self, hidden: Any, pitch_indices: Any) -> Any:
        return self.strike(self.head_view(len(VOICES), hidden, pitch_indices))


def window_model(network: ChoraleNetwork) -> keras.Model:
    """Return the model over whole windows, which gives pitch logits and onset logits.

    Its inputs are ids `[batch, step, field]`, the chosen pitch indices `[batch, step, voice, other]` that each head
    sees, and the true pitch indices `[batch, step, voice]`.
    """
    recipe = network.recipe
    ids = keras.Input((None, satb.FIELD_COUNT), dtype="int32", name="ids")
    known: Any = keras.Input((None, len(VOICES), len(VOICES)), dtype="int32", name="known")
    pitch_indices = keras.Input((None, len(VOICES)), dtype="int32", name="pitch_indices")
    before = previous_frame(ids)
    hidden = network.embed(ids)
    for rnn in network.rnns:
        hidden = rnn(_dropout(hidden, recipe))
    hidden = _dropout(hidden, recipe)
    pitch = [
        network.pitch_logits(voice, hidden, known[:, :, voice], before[..., voice]) for voice in range(len(VOICES))
    ]
    onset_logits = network.onset_logits(hidden, pitch_indices)
    return keras.Model([ids, known, pitch_indices], [ops.stack(pitch, axis=2), onset_logits])


def pointer_model(pointer: FramePointer, frozen: keras.Model) -> keras.Model:
    """Return the model over whole windows with a pointer on top of a window model, which is not trained any more.

    It has one more input, the copies `[batch, step, copy, field]` of `codecs.satb_copies`.
    """
    frozen.trainable = False
    copies: Any = keras.Input((None, satb_copies.COPY_COUNT, satb_copies.COPY_FIELDS), dtype="int32", name="copies")
    ids, known, _ = frozen.inputs
    pitch, onset_logits = frozen(frozen.inputs)
    mixed = pointer(pitch, copies, known, previous_frame(ids))
    return keras.Model([*frozen.inputs, copies], [mixed, onset_logits])


def previous_frame(ids: Any) -> Any:
    """Return the pitch indices `[..., voice]` of the frame before `ids[..., field]`; rests where it is padded."""
    return ops.maximum(satb.previous_pitch_indices(ids), REST)


def _dropout(values: Any, recipe: ChoraleRecipe) -> Any:
    return layers.Dropout(recipe.dropout, noise_shape=(None, 1, None), seed=recipe.seed)(values)


def core(network: ChoraleNetwork, ids: Any, state: Any, gather: Gather = gather_rows) -> tuple[Any, Any]:
    """Do one step: `ids[batch, field]` and `state[2 * layer + (h, c), batch, unit]` give `hidden` and the next state.

    `hidden[batch, unit]` holds, one after another, the views of the five heads (four voices, then the onsets) and the
    pitch indices of the frame before. A view is the part of a head's inner layer that does not depend on the voices
    chosen in this step, so that `heads` has little left to do.
    """
    inputs, before = _sum_rows(gather(_input_rows(network), ids)), ops.unstack(state, 2 * network.recipe.layers)
    output, after = lstm_step(network.rnns[0].cell, inputs, before[0], before[1])
    for number, rnn in enumerate(network.rnns[1:], start=1):
        inputs = ops.matmul(output, rnn.cell.kernel)
        output, states = lstm_step(rnn.cell, inputs, before[2 * number], before[2 * number + 1])
        after = after + states
    kernels, biases = (
        ops.concatenate([getattr(inner, name) for inner in network.head_hidden], axis=-1) for name in ("kernel", "bias")
    )
    views = ops.matmul(output, kernels) + biases
    return ops.concatenate([views, ops.cast(previous_frame(ids), "float32")], axis=-1), ops.stack(after)


def _input_rows(network: ChoraleNetwork) -> Any:
    """Return what each feature id adds to the gates of the first layer, `[id, 4 * unit]`.

    A sum of embedding rows times a matrix is the sum of the rows' products, and these are constant.
    """
    return ops.matmul(network.embedding.embeddings, network.rnns[0].cell.kernel)


def _sum_rows(rows: Any) -> Any:
    """Return the sums `[k, unit]` of `rows[k, row, unit]`, by a product with ones, which onnxruntime is quick at."""
    return ops.squeeze(ops.matmul(np.ones((1, rows.shape[1]), np.float32), rows), 1)


def heads(network: ChoraleNetwork, hidden: Any, known: Any, gather: Gather = gather_rows) -> tuple[Any, Any]:
    """Run all heads at one step; return pitch logits `[k, voice, pitch index]` and onset logits `[k, voice]`.

    `hidden` is from `core`, `known[k, voice]` are the pitch indices chosen so far. The result is that of
    `ChoraleNetwork.pitch_logits` voice by voice. A voice's own pitch index is hidden from its own head alone. All heads
    look up in common tables, so that there are few operators: in live play they take longer than their arithmetic.
    """
    voices = len(VOICES)
    slots = known + _FIRST_SLOTS
    inner = ops.relu(hidden[:, :-voices] + _sum_rows(gather(_chosen_by_heads(network), slots)))
    *views, onset_view = ops.split(inner, voices + 1, axis=-1)
    columns = ops.concatenate([outer(view) for outer, view in zip(network.head_output, views, strict=True)], axis=-1)
    zeros = ops.zeros_like(known)
    before = ops.cast(hidden[:, -voices:], "int32") + (zeros + _FIRST_MELODIC_ROWS)
    melodic = ops.expand_dims(gather(_MELODIC_OF_HEADS, before), 1)
    places = ops.concatenate([melodic, gather(_HARMONIC_OF_HEADS, slots)], axis=1)
    width = voices * _COLUMNS_PER_HEAD
    begin = ops.cumsum(zeros + width, axis=0) - width
    terms = gather(ops.reshape(columns, (-1,)), places + begin[:, None, :, None])
    plain = ops.reshape(columns, (-1, voices, _COLUMNS_PER_HEAD))[..., :PITCH_INDEX_COUNT]
    return plain + ops.sum(terms, axis=1), network.strike(onset_view)


def _chosen_by_heads(network: ChoraleNetwork) -> Any:
    """Return what a voice that is chosen adds to the inner layers of all heads, `[slot, unit]`; units side by side."""
    tables = [
        ops.take(other.embeddings, slots, axis=0)
        for other, slots in zip(network.known_voices, _SEEN_SLOTS, strict=True)
    ]
    return ops.concatenate(tables, axis=-1)
