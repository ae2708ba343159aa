"""An LSTM layer that trains in half the time of Keras's own, with the same weights and the same gradients.

The loop over time does only what depends on the state: one product with the recurrent matrix per step, forwards and
backwards. The rest is computed for all steps at once: the inputs' share of the gates before the loop, the gates again
before the backward loop, the gradients of the matrices after it. Automatic differentiation sums the gradients of the
matrices step by step instead, and a small machine spends most of its time on moving them. J. Appleyard et al.,
"Optimizing Performance of Recurrent Neural Networks on GPUs", 2016, describe the same method.

Only `keras.ops` is used, so the code runs under TensorFlow and under JAX.
"""

from typing import Any

import keras
from keras import layers

ops: Any = keras.ops  # keras has no stubs, and the inferred types of its functions are wrong


class LSTM(layers.LSTM):
    """Keras's layer with its defaults, from `[b, t, input]` to all outputs `[b, t, unit]`; it accepts no masks.

    `weight_drop` is the share of the recurrent matrix that training leaves out, with one mask for all steps and the
    whole batch (S. Merity et al., "Regularizing and Optimizing LSTM Language Models", ICLR 2018).
    """

    def __init__(self, units: int, name: str, *, weight_drop: float = 0.0, seed: int = 0) -> None:
        super().__init__(units, return_sequences=True, name=name)
        self.weight_dropout = layers.Dropout(weight_drop, seed=seed)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Return the outputs from an empty state; raise `ValueError` for an initial state or a mask."""
        if initial_state is not None or mask is not None:
            raise ValueError("this LSTM starts empty and accepts no mask: use keras.layers.LSTM instead")
        cell: Any = self.cell
        gates = ops.matmul(sequences, cell.kernel) + cell.bias
        matrix = cell.recurrent_kernel + 0.0  # TensorFlow allows custom gradients for values only, not for variables
        outputs = _unroll(ops.transpose(gates, (1, 0, 2)), self.weight_dropout(matrix, training=training))
        return ops.transpose(outputs, (1, 0, 2))


@ops.custom_gradient
def _unroll(input_gates: Any, recurrent_kernel: Any) -> Any:
    """Return the outputs `[t, b, unit]` for the inputs' share of the gates `input_gates[t, b, 4 * unit]`.

    `recurrent_kernel[unit, 4 * unit]` leads from the previous output to the gates input, forget, new and output.
    """
    initial = ops.zeros_like(input_gates[0, :, : recurrent_kernel.shape[0]])

    def forwards(before: Any, share: Any) -> Any:
        enter, forget, new, leave = _activate_gates(share + ops.matmul(before[0], recurrent_kernel))
        cell = forget * before[1] + enter * new
        after = (leave * ops.tanh(cell), cell)
        return after, after

    _, (outputs, cells) = ops.scan(forwards, (initial, initial), input_gates)

    def gradient(*upstream: Any) -> Any:
        return _unroll_gradient(input_gates, recurrent_kernel, outputs, cells, upstream[0])

    return outputs, gradient


def _unroll_gradient(
    input_gates: Any, recurrent_kernel: Any, outputs: Any, cells: Any, upstream: Any
) -> tuple[Any, Any]:
    """Return the gradients by `input_gates` and `recurrent_kernel`; `upstream[t, b, unit]` is that by the outputs."""
    earlier, before = (ops.pad(values, [[1, 0], [0, 0], [0, 0]])[:-1] for values in (outputs, cells))
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

    initial = ops.zeros_like(upstream[0])
    steps = (upstream, leave * (1 - shown**2), forget, *slopes)
    _, (output, cell) = ops.scan(backwards, (initial, initial), steps, reverse=True)
    gates = _gate_gradients(output, cell, *slopes)
    return gates, ops.tensordot(earlier, gates, axes=[[0, 1], [0, 1]])


def _activate_gates(sums: Any) -> tuple[Any, Any, Any, Any]:
    enter, forget, new, leave = ops.split(sums, 4, axis=-1)
    return ops.sigmoid(enter), ops.sigmoid(forget), ops.tanh(new), ops.sigmoid(leave)


def _gate_gradients(output: Any, cell: Any, of_cell: Any, of_output: Any) -> Any:
    """Apply the chain rule: from the gradients by output and cell to those by the gates' sums."""
    return ops.concatenate([ops.concatenate([cell] * 3, axis=-1) * of_cell, output * of_output], axis=-1)


def lstm_step(layer: layers.LSTMCell, inputs: Any, hidden: Any, carry: Any) -> tuple[Any, list[Any]]:
    """Do one step of an LSTM, given its input's share of the gates; return the output, and `[output, carry]`."""
    gates = inputs + ops.matmul(hidden, layer.recurrent_kernel) + layer.bias
    input_gate, forget_gate, candidate, output_gate = ops.split(gates, 4, axis=-1)
    carry = ops.sigmoid(forget_gate) * carry + ops.sigmoid(input_gate) * ops.tanh(candidate)
    output = ops.sigmoid(output_gate) * ops.tanh(carry)
    return output, [output, carry]
