"""One symbol at a time: the graphs of `streaming.Network` that play live, its state a value that goes in and comes out.

What does not depend on the moment is a constant: the sum of embeddings times the LSTM's first matrix is the sum of
rows of tables. `core` works out all that no chosen field changes, the first field's logits among it; `heads` is what
remains to be done for the fields after it. These graphs are made by TensorFlow, whose look-ups (`tf.gather`) become
one node of ONNX; those of Keras, which also take negative numbers, become eight.
"""

from typing import Any

import keras
import tensorflow as tf

from bachbridge_training.chorale.net import lstm_step
from bachbridge_training.symbols.alphabet import INTERVAL_COLUMNS
from bachbridge_training.symbols.net import SymbolNetwork, mix_copies

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong


def state_shapes(network: SymbolNetwork) -> list[tuple[int, ...]]:
    """Of the state of one stream that every step replaces; all zeros at the beginning.

    `state[2 * layer + (h, c), batch, unit]`, and `before[batch, 1]`: the first field of the symbol before.
    """
    recipe = network.recipe
    return [(2 * recipe.layers, 1, recipe.units), (1, 1)]


def core(network: SymbolNetwork, ids: Any, state: Any, before: Any, *memory: Any) -> tuple[Any, ...]:
    """Takes `ids[batch, field]` in; `memory`: the `rows` and `run` of `recalling`, where the network looks back.

    Gives `hidden[batch, unit]` (the first field's logits, then the other heads' views), the state, what is `before`
    the next symbol, and the memory's new row and run. Where the network copies, the first field's logits are without
    the copies, and the rows' shares come last: to add them up by symbol is a loop, which is not for a graph.
    """
    recipe = network.recipe
    output, after = _lstm_layers(network, ids, state, ops.cast(before[:, 0], "int32"))
    if network.memory_attention is None:
        return _pack_hidden(network, output, _first_field_logits(network, output, ids[:, 0])), after, _next_before(ids)
    context, own, *grown = network.memory_attention.attend_step(
        ids[:, 0], state[2 * recipe.layers - 2], output, *memory
    )
    view = ops.concatenate([output, context], axis=-1)
    first = _first_field_logits(network, view, ids[:, 0])
    first, grown = (mix_copies(first, own), grown) if recipe.copying else (first, grown[:2])
    return _pack_hidden(network, view, first), after, _next_before(ids), *grown


def _pack_hidden(network: SymbolNetwork, view: Any, first: Any) -> Any:
    return ops.concatenate([first, *(inner(view) for inner in network.head_hidden[1:])], axis=-1)


def _next_before(ids: Any) -> Any:
    return ops.cast(ids[:, :1], "float32")


def _first_field_logits(network: SymbolNetwork, view: Any, ids: Any) -> Any:
    """`Network.first`, the intervals' columns by one look-up in a flat list, which onnxruntime does much quicker."""
    if network.alphabet.pitch_features is None:
        return network.first_field_logits(view, ids)
    inner = network.head_output[0](ops.relu(network.head_hidden[0](view)))
    row = ops.expand_dims(ops.cumsum(ops.ones_like(ids), axis=0) - 1, 1)
    led = inner[:, network.alphabet.pitch_features.shape[1] :][:, :INTERVAL_COLUMNS]
    led = tf.gather(ops.reshape(led, (-1,)), network.interval_columns(ids, tf.gather) + row * INTERVAL_COLUMNS)
    return network.symbol_logits(inner, inner[:, : network.alphabet.pitch_count] + led)


def _lstm_layers(network: SymbolNetwork, ids: Any, state: Any, before: Any) -> tuple[Any, Any]:
    """The LSTM's output and its next state."""
    outputs: list[Any] = []
    for number, rnn in enumerate(network.rnns):
        inputs = ops.matmul(outputs[-2], rnn.cell.kernel) if number else _input_gates(network, ids, before)
        outputs += lstm_step(rnn.cell, inputs, state[2 * number], state[2 * number + 1])[1]
    return outputs[-2], ops.stack(outputs)


def _input_gates(network: SymbolNetwork, ids: Any, before: Any) -> Any:
    """The symbol's share of the first layer's gates."""
    kernel = network.rnns[0].cell.kernel
    tables = {field: ops.matmul(its.embeddings, kernel) for field, its in network.embeddings.items()}
    total = sum(tf.gather(table, ids[:, field]) for field, table in tables.items())
    if network.alphabet.pitch_features is None:
        return total
    leaps = network.interval_ids(ids, before, tf.gather)
    notes = ops.matmul(
        network.symbol_features(ids[:, 0], tf.gather), ops.matmul(network.pitch_embedding.kernel, kernel)
    )
    return total + notes + tf.gather(ops.matmul(network.interval_embedding.embeddings, kernel), leaps)


def heads(network: SymbolNetwork, hidden: Any, known: Any) -> Any:
    """`hidden[k, unit]` of `core`, `known[k, field]` (-1: open) → logits of all fields `[k, id]`, field after field."""
    first, width = network.alphabet.vocab_sizes[0], network.recipe.head
    views = [
        hidden[:, first + width * number : first + width * (number + 1)]
        for number in range(len(network.head_hidden) - 1)
    ]
    later = [network.later_field_logits(field, view, known, tf.gather) for field, view in enumerate(views, start=1)]
    return ops.concatenate([hidden[:, :first], *later], axis=-1)
