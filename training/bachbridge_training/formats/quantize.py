"""Lighter ONNX files, made from a network's ONNX file itself; no run is needed.

*Half floats*: the large matrices are kept as 16-bit floats and converted to 32-bit ones when the file is loaded
(onnxruntime computes everything that depends on constants alone at that moment). All arithmetic is then done as before,
so a step takes the same time and only the file is half as large. Few processors add 16-bit floats any faster.

*Int8*: matrix products are done in 8-bit integers. A matrix has a scale for each of its columns, found now (one for all
of several stacked matrices); its weights take 7 of the bits, since processors without VNNI add up pairs of products in
16. The other factor has one scale, found at each step (onnxruntime's dynamic quantization). No representative set of
inputs is needed, and a state that is passed from step to step is never rounded to a range that another piece set.
Matrices that are only looked up in (embeddings) are kept as half floats.
"""

import logging
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_MATRIX_AXES = 2
"""Axes of a matrix; stacked matrices have more."""
_MIN_MATRIX_SIZE = 256
"""Size from which a matrix is worth a node of its own."""
_NO_NODE = "none"
"""A name that no node has; an empty list of names would mean all nodes."""


def write_half_floats(source: Path, target: Path) -> None:
    """Write the file with its matrices as 16-bit floats."""
    model = onnx.load(source)
    graph: Any = model.graph
    casts: list[Any] = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.ndim < _MATRIX_AXES or values.size < _MIN_MATRIX_SIZE:
            continue
        name = tensor.name
        half = np.clip(values, *_half_float_limits()).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}/half"))
        casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, target)


def _half_float_limits() -> tuple[float, float]:
    limits = np.finfo(np.float16)
    return float(limits.min), float(limits.max)


def write_int8(source: Path, target: Path) -> None:
    """Write the file with its matrix products in 8-bit integers and its look-up tables as 16-bit floats."""
    graph: Any = onnx.load(source).graph
    flat = {tensor.name for tensor in graph.initializer if len(tensor.dims) == _MATRIX_AXES}
    products = [node for node in graph.node if node.op_type == "MatMul"]
    columnwise = [node.name for node in products if node.input[1] in flat]
    with tempfile.TemporaryDirectory() as scratch:
        halfway = Path(scratch) / source.name
        _quantize_nodes(source, halfway, columnwise, per_channel=True)
        # onnxruntime can multiply stacked matrices only with one scale for all of them.
        stacked = [node.name for node in products if node.name not in columnwise]
        _quantize_nodes(halfway, halfway, stacked, per_channel=False)
        write_half_floats(halfway, target)


def _quantize_nodes(source: Path, target: Path, nodes: list[str], *, per_channel: bool) -> None:
    from onnxruntime import quantization

    untyped = cast("Any", quantization)
    with _errors_only():
        untyped.quantize_dynamic(
            onnx.load(source),
            target,
            nodes_to_quantize=nodes or [_NO_NODE],
            per_channel=per_channel,
            weight_type=untyped.QuantType.QInt8,
            reduce_range=True,
        )


@contextmanager
def _errors_only() -> Generator[None]:
    """Silence onnxruntime's advice to prepare the file: these files hold nothing that it would prepare."""
    log = logging.getLogger()
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
