"""Check a network of a stranger's before onnxruntime sees it.

A network is a message `ModelProto` (onnx.ai, "ONNX IR"). It may hold only what the networks of our three families are
made of: one graph without graphs inside it, operators that compute and end (no loops, no functions, no foreign ones),
and tensors that lie in the file itself and are as long as they say. Everything is counted against limits, so that the
check of a file takes time and memory in proportion to its length at most. `docs/decisions/0021-strangers-models.md`
says why this is a reader of our own.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bachbridge.errors import ModelError
from bachbridge.inference.runtime.protobuf import FieldReader, FieldValue, WireFormatError, packed_varints, signed

MAX_NETWORK_BYTES = 256 << 20
MAX_NODES = 5_000
_MAX_FIELDS = 500_000
"""The largest number of parts of the file; the largest of ours has 20,000."""
_MAX_DIMENSIONS = 8
_MAX_ELEMENTS = 1 << 26
"""The largest number of elements that a shape in the file may ask for; ours have less than a hundredth of it."""
_OPSETS = range(13, 22)
_STANDARD_DOMAINS = {b"", b"ai.onnx"}
_IMPORTED_DOMAINS = _STANDARD_DOMAINS | {b"ai.onnx.ml"}
"""Sets of operators that may be declared; tf2onnx declares ai.onnx.ml and uses nothing of it."""
OPERATORS = frozenset(
    re.findall(
        r"\w+",
        "Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant "
        "ConstantOfShape Conv Cos CumSum DequantizeLinear Div DynamicQuantizeLinear Einsum Elu Equal Erf Exp "
        "Expand Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool "
        "Greater GreaterOrEqual HardSigmoid Identity LSTM LayerNormalization LeakyRelu Less LessOrEqual Log "
        "LogSoftmax MatMul MatMulInteger Max MaxPool Mean Min Mod Mul Neg Not OneHot Or Pad Pow "
        "QuantizeLinear Range Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
        "ReduceSumSquare Relu Reshape Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice "
        "Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Trilu Unsqueeze Where "
        "Xor ",
    )
)
"""Operators that may be used: they compute on tensors, and their work ends."""
_GROWING_OPERATORS = {"ConstantOfShape", "Expand", "OneHot", "Pad", "Range", "Tile"}
"""Operators whose result is as large as a number in their inputs says."""
_ITEM_BYTES = {1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8}
"""Bytes of an element by the type's number: floats, integers and booleans. There are no texts."""
_INTEGER_FORMATS = {6: "i", 7: "q"}
_MAX_SIZE_NUMBERS = 64
"""A list of sizes is no longer than this."""


class _RefusedNetworkError(Exception):
    """The network holds what it may not hold; the message is the end of a sentence."""


@dataclass(slots=True)
class _Contents:
    """Everything that is counted while a network is read."""

    reader: FieldReader = field(default_factory=lambda: FieldReader(_MAX_FIELDS))
    nodes: int = 0
    elements: int = 0
    graphs: int = 0
    opsets: int = 0
    sizes: dict[bytes, list[int]] = field(default_factory=dict[bytes, list[int]])
    """The values of short integer tensors, by name; they may be sizes."""
    growing_inputs: list[list[bytes]] = field(default_factory=list[list[bytes]])
    """The inputs of the operators whose result they make large."""


def check_network(content: bytes, name: str) -> None:
    """Check the bytes of an ONNX file called `name`; raises `ModelError` that says what it may not hold."""
    try:
        if len(content) > MAX_NETWORK_BYTES:
            raise _RefusedNetworkError(f"it has more than {MAX_NETWORK_BYTES >> 20} MiB")
        contents = _Contents()
        _read_parts(memoryview(content), _MODEL_FIELDS, contents)
        if contents.graphs != 1 or not contents.opsets:
            raise _RefusedNetworkError("it holds no network in ONNX format")
        _check_sizes(contents)
    except (_RefusedNetworkError, WireFormatError) as error:
        reason = str(error) if isinstance(error, _RefusedNetworkError) else f"it is no ONNX file, as {error}"
        raise ModelError(f"{name} is refused: {reason}; use another model.") from error


_PartReader = Callable[[FieldValue, _Contents], None]


def _read_parts(message: memoryview, readers: Mapping[int, _PartReader | None], contents: _Contents) -> None:
    """Give each field of a message to its reader; a reader that is None skips it, and other fields are refused."""
    for number, value in contents.reader.fields(message):
        if number not in readers:
            raise _RefusedNetworkError("it holds functions, training data or other parts that are not played")
        reader = readers[number]
        if reader is not None:
            reader(value, contents)


def _bytes(value: FieldValue) -> memoryview:
    if isinstance(value, int):
        raise WireFormatError("a message is a number")
    return value


def _read_opset(value: FieldValue, contents: _Contents) -> None:
    domain, version = b"", 0
    for number, part in contents.reader.fields(_bytes(value)):
        if number == 1:
            domain = bytes(_bytes(part))
        elif number == 2 and isinstance(part, int):
            version = part
    if domain not in _IMPORTED_DOMAINS:
        raise _RefusedNetworkError(f"it needs operators that are foreign here ({_text(domain)})")
    if domain in _STANDARD_DOMAINS:
        contents.opsets += 1
        if version not in _OPSETS:
            raise _RefusedNetworkError(f"its operators are those of version {version} of ONNX, which is not played")


def _read_graph(value: FieldValue, contents: _Contents) -> None:
    contents.graphs += 1
    _read_parts(_bytes(value), _GRAPH_FIELDS, contents)


def _read_node(value: FieldValue, contents: _Contents) -> None:
    contents.nodes += 1
    if contents.nodes > MAX_NODES:
        raise _RefusedNetworkError(f"it has more than {MAX_NODES} operators")
    inputs: list[bytes] = []
    outputs: list[bytes] = []
    operator = b""
    for number, part in contents.reader.fields(_bytes(value)):
        match number:
            case 1:
                inputs.append(bytes(_bytes(part)))
            case 2:
                outputs.append(bytes(_bytes(part)))
            case 4:
                operator = bytes(_bytes(part))
            case 5:
                _read_attribute(part, contents, outputs)
            case 7 if bytes(_bytes(part)) not in _STANDARD_DOMAINS:
                raise _RefusedNetworkError(f"it uses operators that are foreign here ({_text(bytes(_bytes(part)))})")
            case 3 | 6 | 7 | 9:
                pass
            case _:
                raise _RefusedNetworkError("one of its operators has parts that are not played")
    if _text(operator) not in OPERATORS:
        raise _RefusedNetworkError(f"it uses the operator {_text(operator)}, which is not played")
    if _text(operator) in _GROWING_OPERATORS:
        contents.growing_inputs.append(inputs)


def _read_attribute(value: FieldValue, contents: _Contents, outputs: list[bytes]) -> None:
    """Check one attribute; a tensor in it is a constant by the name of the node's output."""
    for number, part in contents.reader.fields(_bytes(value)):
        match number:
            case 5:
                _read_tensor(part, contents, outputs[0] if outputs else None)
            case 1 | 2 | 3 | 4 | 7 | 8 | 9 | 13 | 20:
                pass
            case _:
                raise _RefusedNetworkError("one of its operators holds another network (a loop or a choice)")


@dataclass(slots=True)
class _Tensor:
    name: bytes = b""
    dimensions: list[int] = field(default_factory=list[int])
    kind: int = 0
    data: list[memoryview] = field(default_factory=list[memoryview])
    """The bytes of its elements: raw, or as packed numbers of their type."""
    is_raw: bool = False


def _read_initializer(value: FieldValue, contents: _Contents) -> None:
    _read_tensor(value, contents, None)


def _read_tensor(value: FieldValue, contents: _Contents, name: bytes | None) -> None:
    """Check a tensor and keep its values under `name`, by default its own, if they may be sizes."""
    tensor = _Tensor()
    for number, part in contents.reader.fields(_bytes(value)):
        match number:
            case 1:
                tensor.dimensions += packed_varints(part, _MAX_DIMENSIONS)
                if len(tensor.dimensions) > _MAX_DIMENSIONS:
                    raise _RefusedNetworkError(f"it holds a tensor with more than {_MAX_DIMENSIONS} dimensions")
            case 2 if isinstance(part, int):
                tensor.kind = part
            case 4 | 5 | 7 | 10:
                tensor.data.append(_bytes(part))
            case 8:
                tensor.name = bytes(_bytes(part))
            case 9:
                tensor.data.append(_bytes(part))
                tensor.is_raw = True
            case 14 if part == 0:
                pass
            case 13 | 14:
                raise _RefusedNetworkError("its weights lie in another file")
            case 12 | 16:
                pass
            case _:
                raise _RefusedNetworkError("it holds tensors of a kind that is not played")
    _check_tensor(tensor, contents)
    if tensor.kind in _INTEGER_FORMATS and math.prod(tensor.dimensions) <= _MAX_SIZE_NUMBERS:
        contents.sizes[tensor.name if name is None else name] = _integers(tensor)


def _check_tensor(tensor: _Tensor, contents: _Contents) -> None:
    """Refuse a tensor that is larger than the data it brings."""
    if tensor.kind not in _ITEM_BYTES:
        raise _RefusedNetworkError("it holds tensors of a kind that is not played")
    elements = math.prod(tensor.dimensions)
    contents.elements += elements
    if max(elements, contents.elements) > _MAX_ELEMENTS:
        raise _RefusedNetworkError(f"its tensors have more than {_MAX_ELEMENTS} elements")
    held = sum(map(len, tensor.data))
    is_whole = (
        held == elements * _ITEM_BYTES[tensor.kind]
        if tensor.is_raw and len(tensor.data) == 1
        else not tensor.is_raw and held >= elements
    )
    if not is_whole:
        raise _RefusedNetworkError("it holds a tensor whose size and data disagree")


def _integers(tensor: _Tensor) -> list[int]:
    if not tensor.is_raw:
        return [signed(number) for part in tensor.data for number in packed_varints(part, _MAX_SIZE_NUMBERS)]
    count = math.prod(tensor.dimensions)
    return list(struct.unpack(f"<{count}{_INTEGER_FORMATS[tensor.kind]}", tensor.data[0]))


def _check_sizes(contents: _Contents) -> None:
    """Refuse a constant size that would fill the memory."""
    for inputs in contents.growing_inputs:
        for name in inputs:
            sizes = [abs(size) for size in contents.sizes.get(name, []) if size]
            if math.prod(sizes) > _MAX_ELEMENTS:
                raise _RefusedNetworkError(f"it makes tensors of more than {_MAX_ELEMENTS} elements")


def _read_value_type(value: FieldValue, contents: _Contents) -> None:
    """Refuse an input or output that is no tensor (they can be nested), or has a fixed size that is too large."""
    for number, part in contents.reader.fields(_bytes(value)):
        if number != 2:
            continue
        for kind, tensor_type in contents.reader.fields(_bytes(part)):
            if kind not in (1, 6):
                raise _RefusedNetworkError("it takes or gives other values than tensors")
            if kind == 1 and math.prod(_fixed_sizes(_bytes(tensor_type), contents)) > _MAX_ELEMENTS:
                raise _RefusedNetworkError(f"it takes or gives tensors of more than {_MAX_ELEMENTS} elements")


def _fixed_sizes(tensor_type: memoryview, contents: _Contents) -> list[int]:
    """Return the sizes that a type fixes."""
    shapes = [_bytes(part) for number, part in contents.reader.fields(tensor_type) if number == 2]
    dimensions = [_bytes(part) for shape in shapes for number, part in contents.reader.fields(shape) if number == 1]
    sizes = [part for dimension in dimensions for number, part in contents.reader.fields(dimension) if number == 1]
    return [size for size in sizes if isinstance(size, int) and size]


def _text(name: bytes) -> str:
    """Return a name in the file for people, who need not see all of it."""
    text = name[:40].decode(errors="replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


_MODEL_FIELDS: Mapping[int, _PartReader | None] = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 14), None),
    7: _read_graph,
    8: _read_opset,
}
_GRAPH_FIELDS: Mapping[int, _PartReader | None] = {
    **dict.fromkeys((2, 10, 14, 16), None),
    1: _read_node,
    5: _read_initializer,
    **dict.fromkeys((11, 12, 13), _read_value_type),
}
