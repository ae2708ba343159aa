"""The graphs of `SymbolNetwork` that play live, one symbol at a time; the state is an input and an output.

What does not depend on the input is a constant: the sum of embeddings times the LSTM's first matrix is the sum of rows
of tables. `core` computes everything that no chosen field changes, including the first field's logits; `heads` does the
rest for the later fields. The look-ups are TensorFlow's (`tf.gather`), which become one ONNX node; Keras's, which also
accept negative numbers, become eight.
"""

from typing import Any

import keras
import tensorflow as tf

from bachbridge_training.nets.lstm import lstm_step
from bachbridge_training.symbols.alphabet import INTERVAL_COLUMNS
from bachbridge_training.symbols.net import SymbolNetwork, mix_copies

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong


def state_shapes(network: SymbolNetwork) -> list[tuple[int, ...]]:
    """Return the shapes of the state that every step replaces; it is all zeros at the beginning.

    It is `state[2 * layer + (h, c), batch, unit]` and `before[batch, 1]`, the first field of the symbol before. If
    melodic sequences are followed, `before[batch, 2]` also has the first field of the last symbol with a pitch.
    """
    recipe = network.recipe
    return [(2 * recipe.layers, 1, recipe.units), (1, 1 + bool(network.sequences))]


def core(network: SymbolNetwork, ids: Any, state: Any, before: Any, *memory: Any) -> tuple[Any, ...]:
    """Do one step with the symbol `ids[batch, field]`.

    `memory` is empty, or `rows` and `run` of `nets.attention`; then, if melodic sequences are followed, `motions` and
    `motion_run` of `nets.melodic_sequences`.

    Returns `hidden[batch, unit]` (the first field's logits, then the other heads' views), the next state, the next
    `before`, and the memory: the new row, and all of the rest. If the network copies, the first field's logits are
    without the copies, and the rows' shares come last: adding them up by symbol needs a loop, which does not belong in
    a graph.
    """
    recipe = network.recipe
    output, after = _lstm_layers(network, ids, state, ops.cast(before[:, 0], "int32"))
    if network.memory_attention is None:
        return _pack_hidden(network, output, _first_field_logits(network, output, ids[:, 0])), after, _next_before(ids)
    rows, run, *sequence_memory = memory
    context, own, row, run, shares = network.memory_attention.attend_step(
        ids[:, 0], state[2 * recipe.layers - 2], output, rows, run, tf.gather
    )
    view, before_out = ops.concatenate([output, context], axis=-1), _next_before(ids)
    first = _first_field_logits(network, view, ids[:, 0])
    if network.sequences:
        last = ops.cast(before[:, 1], "int32")
        votes, last, *sequence_memory = network.sequences.step_logits(
            ids[:, 0], last, *sequence_memory, gather=tf.gather
        )
        first, before_out = first + votes, ops.concatenate([before_out, last], axis=-1)
    grown = [row, run, *sequence_memory]
    if recipe.copying:
        first, grown = mix_copies(first, own), [*grown, shares]
    return _pack_hidden(network, view, first), after, before_out, *grown


def _pack_hidden(network: SymbolNetwork, view: Any, first: Any) -> Any:
    return ops.concatenate([first, *(inner(view) for inner in network.head_hidden[1:])], axis=-1)


def _next_before(ids: Any) -> Any:
    return ops.cast(ids[:, :1], "float32")


def _first_field_logits(network: SymbolNetwork, view: Any, ids: Any) -> Any:
    """Return `SymbolNetwork.first_field_logits`, by one look-up in a flat list, much quicker in onnxruntime."""
    if network.alphabet.pitch_features is None:
        return network.first_field_logits(view, ids)
    inner = network.head_output[0](ops.relu(network.head_hidden[0](view)))
    row = ops.expand_dims(ops.cumsum(ops.ones_like(ids), axis=0) - 1, 1)
    columns = inner[:, network.alphabet.pitch_features.shape[1] :][:, :INTERVAL_COLUMNS]
    by_interval = tf.gather(
        ops.reshape(columns, (-1,)), network.interval_columns(ids, tf.gather) + row * INTERVAL_COLUMNS
    )
    return network.symbol_logits(inner, inner[:, : network.alphabet.pitch_count] + by_interval)


def _lstm_layers(network: SymbolNetwork, ids: Any, state: Any, before: Any) -> tuple[Any, Any]:
    """Return the LSTM's output and its next state."""
    outputs: list[Any] = []
    for number, rnn in enumerate(network.rnns):
        inputs = ops.matmul(outputs[-2], rnn.cell.kernel) if number else _input_gates(network, ids, before)
        outputs += lstm_step(rnn.cell, inputs, state[2 * number], state[2 * number + 1])[1]
    return outputs[-2], ops.stack(outputs)


def _input_gates(network: SymbolNetwork, ids: Any, before: Any) -> Any:
    """Return the symbol's share of the first layer's gates."""
    kernel = network.rnns[0].cell.kernel
    tables = {field: ops.matmul(embedding.embeddings, kernel) for field, embedding in network.embeddings.items()}
    total = sum(tf.gather(table, ids[:, field]) for field, table in tables.items())
    if network.alphabet.pitch_features is None:
        return total
    leaps = network.interval_ids(ids, before, tf.gather)
    notes = ops.matmul(
        network.symbol_features(ids[:, 0], tf.gather), ops.matmul(network.pitch_embedding.kernel, kernel)
    )
    return total + notes + tf.gather(ops.matmul(network.interval_embedding.embeddings, kernel), leaps)


def heads(network: SymbolNetwork, hidden: Any, known: Any) -> Any:
    """Return the logits `[k, id]` of all fields, one after another.

    `hidden[k, unit]` is from `core`; `known[k, field]` are the fields chosen so far (-1: not chosen).
    """
    first, width = network.alphabet.vocab_sizes[0], network.recipe.head
    views = [
        hidden[:, first + width * number : first + width * (number + 1)]
        for number in range(len(network.head_hidden) - 1)
    ]
    later = [network.later_field_logits(field, view, known, tf.gather) for field, view in enumerate(views, start=1)]
    return ops.concatenate([hidden[:, :first], *later], axis=-1)
