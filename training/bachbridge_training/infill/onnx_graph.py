"""An ONNX graph written node by node, for networks that have to be quick in onnxruntime.

A converter translates each operation of the training framework by itself. Where an operation accepts more than the
network needs (look-ups with negative numbers, shapes of any rank), every use of it becomes several nodes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bachbridge_training.onnx_export import OPSET

_IR_VERSION = 8
"""The version of the file format that belongs to `OPSET`."""
Operand = str | np.ndarray
"""The input of a node: another node's output by its name, or a constant."""
Side = Mapping[str, tuple[int, Sequence[str | int]]]
"""Inputs or outputs of a graph: the element type (`onnx.TensorProto`) and the sizes of each name."""


class OnnxGraph:
    """A graph that grows by one node at a time; equal constants are stored once."""

    __slots__ = ("_constants", "_defaults", "_nodes")

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Any] = {}
        self._defaults: dict[str, Any] = {}

    def add(self, operator: str, *inputs: Operand, output: str | None = None, **attributes: Any) -> str:
        """Add a node with one output, and return the output's name."""
        (name,) = self._add_node(operator, inputs, [output or self._new_name(operator)], attributes)
        return name

    def add_dense(self, values: Operand, layer: Any) -> str:
        """Add a Keras `Dense` layer without its activation, and return the name of its output."""
        return self.add("Add", self.add("MatMul", values, np.asarray(layer.kernel)), np.asarray(layer.bias))

    def split(self, values: Operand, sizes: Sequence[int], *, axis: int) -> list[str]:
        """Add a node that divides `values` along an axis into parts of these sizes, and return their names."""
        return self.split_by(values, integers(*sizes), len(sizes), axis=axis)

    def split_by(self, values: Operand, sizes: Operand, count: int, *, axis: int) -> list[str]:
        """Do as `split` with `sizes[count]` that need not be constant."""
        outputs = [f"{self._new_name('Split')}_{part}" for part in range(count)]
        return self._add_node("Split", (values, sizes), outputs, {"axis": axis})

    def add_optional_input(self, name: str, default: np.ndarray) -> str:
        """Give an input, which `save` must be told too, a value that it has where none is given; return its name."""
        self._defaults[name] = numpy_helper.from_array(default, name)
        return name

    def save(self, path: Path, inputs: Side, outputs: Side) -> None:
        """Check the graph and write it as a file; raises onnx's `ValidationError` if it is not valid."""
        sides = [
            [helper.make_tensor_value_info(name, kind, list(sizes)) for name, (kind, sizes) in side.items()]
            for side in (inputs, outputs)
        ]
        tensors = [*self._constants.values(), *self._defaults.values()]
        graph = helper.make_graph(self._nodes, path.stem, *sides, initializer=tensors)
        model: Any = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION, producer_name="bachbridge"
        )
        onnx.checker.check_model(model)
        onnx.save(model, str(path))

    def _add_node(
        self, operator: str, inputs: Sequence[Operand], outputs: list[str], attributes: Mapping[str, Any]
    ) -> list[str]:
        names = [operand if isinstance(operand, str) else self._constant(operand) for operand in inputs]
        self._nodes.append(helper.make_node(operator, names, outputs, name=f"node_{len(self._nodes)}", **attributes))
        return outputs

    def _new_name(self, operator: str) -> str:
        return f"{operator}_{len(self._nodes)}"

    def _constant(self, values: np.ndarray) -> str:
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            contiguous = np.ascontiguousarray(values).reshape(values.shape)
            self._constants[key] = numpy_helper.from_array(contiguous, f"constant_{len(self._constants)}")
        return cast("str", self._constants[key].name)


def integers(*values: int) -> np.ndarray:
    """Return sizes, axes or positions as ONNX wants them."""
    return np.array(values, np.int64)
