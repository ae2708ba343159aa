"""LiteRT files of the functions that `export.convert` makes ONNX of, and LiteRT's interpreter in onnxruntime's place.

LiteRT (TensorFlow Lite) is what telephones and small boards run. A file has the names of its inputs and outputs in a
signature, all sizes that are open in the ONNX file are open in it, and it uses none but LiteRT's own operations.

With 8-bit integers the matrices have a scale for each row. What they are multiplied by is scaled at each step ("dynamic
range"): as in `lighter`, and for the same reason. Or it is rounded to a range that was found while the network read a
representative set, and so is the product (B. Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", CVPR 2018). Then tables are kept in 8 bits too, and all else stays in floats: states
and gates, the memory, whose rows hold a symbol's number beside small ones, and products of stacked matrices, which
LiteRT does wrongly in integers. A chip that knows integers alone, such as the Edge TPU, takes neither.
"""

import tempfile
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated

from bachbridge_training.formats.calibration import Inputs

schema: Any = schema_py_generated  # untyped: it is generated

_INTEGER_OPS = ("FULLY_CONNECTED", "GATHER")
"""What is done in integers where ranges are fixed."""
_INTEGER_STEPS = 255
"""Of an integer's range."""
_MAX_RANGE_RATIO = 2.0
"""A range so many times as wide as need be is too wide."""
LITERT_SUFFIX = ".tflite"


def litert_name(file: str) -> str:
    """`model.onnx` → `model.tflite`."""
    return Path(file).with_suffix(LITERT_SUFFIX).name


def convert_to_litert(
    function: Callable[..., Any],
    inputs: dict[str, tuple[Any, Any]],
    outputs: Sequence[str],
    path: Path,
    *,
    int8: bool = False,
    representative_inputs: Mapping[str, Sequence[Inputs]] | None = None,
) -> None:
    """As `export.convert`, but LiteRT, beside where the ONNX file would be; `small`: with 8-bit integers.

    `heard`: with 8-bit integers in ranges that are fixed by what each ONNX file was fed.
    """
    signature = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]

    def told(*values: Any) -> dict[str, Any]:
        return {name: tf.identity(value) for name, value in zip(outputs, function(*values), strict=True)}

    concrete: Any = tf.function(told).get_concrete_function(*signature)
    module: Any = tf.Module()
    module.kept = list(concrete.graph.variables)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=concrete)
        lite: Any = tf.lite
        converter = lite.TFLiteConverter.from_saved_model(folder)
        if int8 or representative_inputs:
            converter.optimizations = [lite.Optimize.DEFAULT]
        made = (
            _quantize_fixed_ranges(converter, representative_inputs[path.name])
            if representative_inputs
            else converter.convert()
        )
        path.with_name(litert_name(path.name)).write_bytes(made)


def _quantize_fixed_ranges(converter: Any, inputs: Sequence[Inputs]) -> bytes:
    """LiteRT leaves operations in floats only by way of what it calls a debugger; it need not be asked anything.

    All that is put side by side gets one range, however far its parts reach. What is left too little of it stays in
    floats as well.
    """
    lite: Any = tf.lite
    converter.representative_dataset = lambda: iter(inputs)
    converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8, lite.OpsSet.TFLITE_BUILTINS]
    floats = [name for name in vars(schema.BuiltinOperator) if name.isupper() and name not in _INTEGER_OPS]
    options = lite.experimental.QuantizationDebugOptions
    with _without_user_warnings():
        debugger = lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=lambda: iter(inputs[:1]),
            debug_options=options(denylisted_ops=floats),
        )
        made = debugger.get_nondebug_quantized_model()
        if cramped := _too_wide_products(debugger.calibrated_model, made):
            debugger.options = options(denylisted_ops=floats, denylisted_nodes=cramped)
            made = debugger.get_nondebug_quantized_model()
    return made


def _too_wide_products(calibrated: bytes, made: bytes) -> list[str]:
    """Which products have a range in `made` that is far wider than what was seen of them, by `watched`."""
    before, after = (schema.ModelT.InitFromPackedBuf(its, 0) for its in (calibrated, made))
    seen = {
        its.name: float(its.quantization.max[0] - its.quantization.min[0])
        for its in before.subgraphs[0].tensors
        if its.quantization is not None and its.quantization.max is not None
    }
    tensors, found = after.subgraphs[0].tensors, set[str]()
    for operator in after.subgraphs[0].operators:
        if after.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.DEQUANTIZE:
            continue
        integers, floats = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
        scales = integers.quantization.scale
        # Either of the two has the name that the product had before.
        for name in {integers.name, floats.name} & seen.keys():
            if len(scales) == 1 and scales[0] * _INTEGER_STEPS > _MAX_RANGE_RATIO * seen[name]:
                found.add(name.decode())
    return sorted(found)


def session_opener(outputs: Mapping[str, Sequence[str]]) -> Callable[[Path], Any]:
    """Opens LiteRT files where `nets` would open ONNX files; `outputs` names each file's, under either name."""
    order = {litert_name(file): tuple(names) for file, names in outputs.items()}

    def opened(path: Path) -> LiteRtSession:
        lite = path.with_name(litert_name(path.name))
        return LiteRtSession(lite, order[lite.name])

    return opened


class LiteRtSession:
    """A file in LiteRT's interpreter, on one thread, with the method of onnxruntime's session that `nets` calls.

    XNNPACK, which LiteRT leaves the sums to, refuses inputs without any rows, and a memory begins with none: those are
    for a second interpreter that does without it.
    """

    def __init__(self, path: Path, outputs: Sequence[str]) -> None:
        self._path, self._outputs = path, tuple(outputs)
        self._interpreters: dict[bool, _Interpreter] = {}

    def run(self, _names: None, inputs: Mapping[str, Any]) -> list[Any]:
        """The outputs in their order."""
        empty = any(values.size == 0 for values in inputs.values())
        if empty not in self._interpreters:
            self._interpreters[empty] = _Interpreter(self._path, self._outputs, use_delegates=not empty)
        return self._interpreters[empty].run(inputs)


class _Interpreter:
    """An interpreter that has its sizes set anew only where they change."""

    def __init__(self, path: Path, outputs: Sequence[str], *, use_delegates: bool) -> None:
        lite: Any = tf.lite
        resolvers = lite.experimental.OpResolverType
        kind = resolvers.AUTO if use_delegates else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        with _without_user_warnings():
            self._interpreter = lite.Interpreter(str(path), num_threads=1, experimental_op_resolver_type=kind)
        signature = self._interpreter.get_signature_runner()
        self._inputs = {name: its["index"] for name, its in signature.get_input_details().items()}
        found = signature.get_output_details()
        self._outputs = [found[name]["index"] for name in outputs]
        self._shapes: dict[str, tuple[int, ...]] = {}

    def run(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The outputs in their order."""
        shapes = {name: values.shape for name, values in inputs.items()}
        if shapes != self._shapes:
            for name, shape in shapes.items():
                self._interpreter.resize_tensor_input(self._inputs[name], shape)
            self._interpreter.allocate_tensors()
            self._shapes = shapes
        for name, values in inputs.items():
            self._interpreter.set_tensor(self._inputs[name], values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


@contextmanager
def _without_user_warnings() -> Generator[None]:
    """Without the news that TensorFlow will do without an interpreter some day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
