"""One symbol at a time: the graphs of `streaming.Network` that play live, its state a value that goes in and comes out.

What does not depend on the moment is a constant: the sum of embeddings times the LSTM's first matrix is the sum of
rows of tables. `core` works out all that no chosen field changes, the first field's logits among it; `heads` is what
remains to be done for the fields after it. These graphs are made by TensorFlow, whose look-ups (`tf.gather`) become
one node of ONNX; those of Keras, which also take negative numbers, become eight.
"""

from typing import Any

import keras
import tensorflow as tf

from bachbridge_training.chorale.net import cell
from bachbridge_training.symbols.alphabet import INTERVALS
from bachbridge_training.symbols.net import Network, shared

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong


def state_shapes(network: Network) -> list[tuple[int, ...]]:
    """Of the state of one stream that every step replaces; all zeros at the beginning.

    `state[2 * layer + (h, c), batch, unit]`, and `before[batch, 1]`: the first field of the symbol before.
    """
    recipe = network.recipe
    return [(2 * recipe.layers, 1, recipe.units), (1, 1)]


def core(network: Network, ids: Any, state: Any, before: Any, *memory: Any) -> tuple[Any, ...]:
    """Takes `ids[batch, field]` in; `memory`: the `rows` and `run` of `recalling`, where the network looks back.

    Gives `hidden[batch, unit]` (the first field's logits, then the other heads' views), the state, what is `before`
    the next symbol, and the memory's new row and run. Where the network copies, the first field's logits are without
    the copies, and the rows' shares come last: to add them up by symbol is a loop, which is not for a graph.
    """
    recipe = network.recipe
    output, after = _recurrent(network, ids, state, ops.cast(before[:, 0], "int32"))
    if network.recall is None:
        return _hidden(network, output, _first(network, output, ids[:, 0])), after, _told(ids)
    context, own, *grown = network.recall.step(ids[:, 0], state[2 * recipe.layers - 2], output, *memory)
    view = ops.concatenate([output, context], axis=-1)
    first = _first(network, view, ids[:, 0])
    first, grown = (shared(first, own), grown) if recipe.copying else (first, grown[:2])
    return _hidden(network, view, first), after, _told(ids), *grown


def _hidden(network: Network, view: Any, first: Any) -> Any:
    return ops.concatenate([first, *(inner(view) for inner in network.inner[1:])], axis=-1)


def _told(ids: Any) -> Any:
    return ops.cast(ids[:, :1], "float32")


def _first(network: Network, view: Any, ids: Any) -> Any:
    """`Network.first`, the intervals' columns by one look-up in a flat list, which onnxruntime does much quicker."""
    if network.alphabet.spelled is None:
        return network.first(view, ids)
    inner = network.outer[0](ops.relu(network.inner[0](view)))
    row = ops.expand_dims(ops.cumsum(ops.ones_like(ids), axis=0) - 1, 1)
    led = inner[:, network.alphabet.spelled.shape[1] :][:, :INTERVALS]
    led = tf.gather(ops.reshape(led, (-1,)), network.columns(ids, tf.gather) + row * INTERVALS)
    return network.said(inner, inner[:, : network.alphabet.pitches] + led)


def _recurrent(network: Network, ids: Any, state: Any, before: Any) -> tuple[Any, Any]:
    """The LSTM's output and its next state."""
    outputs: list[Any] = []
    for number, rnn in enumerate(network.rnns):
        inputs = ops.matmul(outputs[-2], rnn.cell.kernel) if number else _taken_in(network, ids, before)
        outputs += cell(rnn.cell, inputs, state[2 * number], state[2 * number + 1])[1]
    return outputs[-2], ops.stack(outputs)


def _taken_in(network: Network, ids: Any, before: Any) -> Any:
    """The symbol's share of the first layer's gates."""
    kernel = network.rnns[0].cell.kernel
    tables = {field: ops.matmul(its.embeddings, kernel) for field, its in network.embeddings.items()}
    total = sum(tf.gather(table, ids[:, field]) for field, table in tables.items())
    if network.alphabet.spelled is None:
        return total
    leaps = network.leaps(ids, before, tf.gather)
    notes = ops.matmul(network.spelled(ids[:, 0], tf.gather), ops.matmul(network.spelling.kernel, kernel))
    return total + notes + tf.gather(ops.matmul(network.leap.embeddings, kernel), leaps)


def heads(network: Network, hidden: Any, known: Any) -> Any:
    """`hidden[k, unit]` of `core`, `known[k, field]` (-1: open) → logits of all fields `[k, id]`, field after field."""
    first, width = network.alphabet.sizes[0], network.recipe.head
    views = [
        hidden[:, first + width * number : first + width * (number + 1)] for number in range(len(network.inner) - 1)
    ]
    later = [network.later(field, view, known, tf.gather) for field, view in enumerate(views, start=1)]
    return ops.concatenate([hidden[:, :first], *later], axis=-1)
