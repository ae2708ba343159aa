"""An LSTM layer that trains in half the time of Keras's own, with the same weights and the same gradients.

What depends on the state is all that the loop over time does: one product with the recurrent matrix a step, forwards
and backwards. The rest is done for all steps at once: the inputs' share of the gates beforehand, the gates once more
before the way back, the matrices' gradients after it. Automatic differentiation adds up the matrices' gradients step by
step instead, and a small machine spends most of its time on moving them (J. Appleyard et al., "Optimizing Performance
of Recurrent Neural Networks on GPUs", 2016, do likewise).

Only `keras.ops` is used, so the code runs under TensorFlow and under JAX alike.
"""

from typing import Any

import keras
from keras import layers

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong


class LSTM(layers.LSTM):
    """Keras's layer with its defaults, all outputs `[b, t, unit]` of `[b, t, number]` returned; no masks.

    `drop`: share of the recurrent matrix that is left out in training, one mask for all steps and the whole batch
    (S. Merity et al., "Regularizing and Optimizing LSTM Language Models", ICLR 2018).
    """

    def __init__(self, units: int, name: str, *, weight_drop: float = 0.0, seed: int = 0) -> None:
        super().__init__(units, return_sequences=True, name=name)
        self.weight_dropout = layers.Dropout(weight_drop, seed=seed)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The outputs from an empty state on; what else Keras's layer takes must be left out."""
        if initial_state is not None or mask is not None:
            raise ValueError("this LSTM begins empty and takes no mask: use that of keras.layers for others")
        cell: Any = self.cell
        gates = ops.matmul(sequences, cell.kernel) + cell.bias
        matrix = cell.recurrent_kernel + 0.0  # TensorFlow has no custom gradients of variables, only of values
        outputs = _unroll(ops.transpose(gates, (1, 0, 2)), self.weight_dropout(matrix, training=training))
        return ops.transpose(outputs, (1, 0, 2))


@ops.custom_gradient
def _unroll(input_gates: Any, recurrent_kernel: Any) -> Any:
    """The inputs' share of the gates `given[t, b, 4 * unit]` → the outputs `[t, b, unit]`.

    `matrix[unit, 4 * unit]`: from the output before to the gates in, forget, new and out.
    """
    rest = ops.zeros_like(input_gates[0, :, : recurrent_kernel.shape[0]])

    def forwards(before: Any, share: Any) -> Any:
        enter, forget, new, leave = _activate_gates(share + ops.matmul(before[0], recurrent_kernel))
        cell = forget * before[1] + enter * new
        after = (leave * ops.tanh(cell), cell)
        return after, after

    _, (outputs, cells) = ops.scan(forwards, (rest, rest), input_gates)

    def gradient(*upstream: Any) -> Any:
        return _unroll_gradient(input_gates, recurrent_kernel, outputs, cells, upstream[0])

    return outputs, gradient


def _unroll_gradient(
    input_gates: Any, recurrent_kernel: Any, outputs: Any, cells: Any, upstream: Any
) -> tuple[Any, Any]:
    """What the loss changes by with `given` and `matrix`, if `upstream[t, b, unit]` is that with the outputs."""
    earlier, before = (ops.pad(its, [[1, 0], [0, 0], [0, 0]])[:-1] for its in (outputs, cells))
    enter, forget, new, leave = _activate_gates(input_gates + ops.matmul(earlier, recurrent_kernel))
    shown = ops.tanh(cells)
    of_cell = [new * enter * (1 - enter), before * forget * (1 - forget), enter * (1 - new**2)]
    of_output = shown * leave * (1 - leave)
    slopes = ops.concatenate(of_cell, axis=-1), of_output

    def backwards(after: Any, now: Any) -> Any:
        upstream, seen, forget, of_cell, of_output = now
        output = after[0] + upstream
        cell = after[1] + output * seen
        gates = _gate_gradients(output, cell, of_cell, of_output)
        return (ops.matmul(gates, ops.transpose(recurrent_kernel)), cell * forget), (output, cell)

    rest = ops.zeros_like(upstream[0])
    told = (upstream, leave * (1 - shown**2), forget, *slopes)
    _, (output, cell) = ops.scan(backwards, (rest, rest), told, reverse=True)
    gates = _gate_gradients(output, cell, *slopes)
    return gates, ops.tensordot(earlier, gates, axes=[[0, 1], [0, 1]])


def _activate_gates(sums: Any) -> tuple[Any, Any, Any, Any]:
    enter, forget, new, leave = ops.split(sums, 4, axis=-1)
    return ops.sigmoid(enter), ops.sigmoid(forget), ops.tanh(new), ops.sigmoid(leave)


def _gate_gradients(output: Any, cell: Any, of_cell: Any, of_output: Any) -> Any:
    """The chain rule: from the changes with output and cell to those with the gates' sums."""
    return ops.concatenate([ops.concatenate([cell] * 3, axis=-1) * of_cell, output * of_output], axis=-1)
