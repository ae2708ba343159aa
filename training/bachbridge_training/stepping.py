"""One symbol at a time: the graphs of `streaming.Network` that play live, its state a value that goes in and comes out.

What does not depend on the moment is a constant: the sum of embeddings times the LSTM's first matrix is the sum of
rows of tables. `core` works out all that no chosen field changes, the first field's logits among it; `heads` is what
remains to be done for the fields after it.
"""

from typing import Any

import keras

from bachbridge_training.network import cell
from bachbridge_training.streaming import Network

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
    view, own, more = output, (), ()
    if network.recall:
        context, share, *more = network.recall.step(ids[:, 0], state[2 * recipe.layers - 2], output, *memory)
        view = ops.concatenate([output, context], axis=-1)
        own, more = ((share,), more) if recipe.copying else ((), more[:2])
    views = [inner(view) for inner in network.inner[1:]]
    hidden = ops.concatenate([network.first(view, ids[:, 0], *own), *views], axis=-1)
    return hidden, after, ops.cast(ids[:, :1], "float32"), *more


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
    total = sum(ops.take(table, ids[:, field], axis=0) for field, table in tables.items())
    if network.alphabet.spelled is None:
        return total
    notes = ops.matmul(network.spelled(ids[:, 0]), ops.matmul(network.spelling.kernel, kernel))
    return total + notes + ops.take(ops.matmul(network.leap.embeddings, kernel), network.leaps(ids, before), axis=0)


def heads(network: Network, hidden: Any, known: Any) -> Any:
    """`hidden[k, unit]` of `core`, `known[k, field]` (-1: open) → logits of all fields `[k, id]`, field after field."""
    first, width = network.alphabet.sizes[0], network.recipe.head
    views = [
        hidden[:, first + width * number : first + width * (number + 1)] for number in range(len(network.inner) - 1)
    ]
    later = [network.later(field, view, known) for field, view in enumerate(views, start=1)]
    return ops.concatenate([hidden[:, :first], *later], axis=-1)
