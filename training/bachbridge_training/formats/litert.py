"""LiteRT files of the functions that `onnx_export.convert_to_onnx` converts, and LiteRT's interpreter for them.

LiteRT (TensorFlow Lite) runs on telephones and small boards. A file has the names of its inputs and outputs in a
signature. All sizes that are open in the ONNX file are open in it, and it uses only LiteRT's own operations.

With 8-bit integers the matrices have a scale for each row. The values that they are multiplied with are either scaled
at each step ("dynamic range"), as in `quantize` and for the same reason. Or they are rounded to a range that was found
while the network read a representative set, and so is the product (B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference", CVPR 2018). Then tables are kept in 8 bits too, and
everything else stays in floats: states and gates; the memory, whose rows hold a symbol's number beside small numbers;
and products of stacked matrices, which LiteRT computes wrongly in integers. A chip that has integers alone, such as the
Edge TPU, can run neither kind.
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

schema: Any = schema_py_generated  # untyped, since it is generated

_INTEGER_OPS = ("FULLY_CONNECTED", "GATHER")
"""Operations that use integers where ranges are fixed."""
_INTEGER_STEPS = 255
"""Steps in the range of an 8-bit integer."""
_MAX_RANGE_RATIO = 2.0
"""A range more than this many times as wide as the observed one is too wide."""
LITERT_SUFFIX = ".tflite"


def litert_name(file: str) -> str:
    """Return the LiteRT name of an ONNX file: `model.onnx` → `model.tflite`."""
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
    """Write `function` as LiteRT, in the place of the ONNX file `path` (see `onnx_export.convert_to_onnx`).

    `int8`: with 8-bit integers, scaled at each step. `representative_inputs`, by ONNX file: with 8-bit integers in
    ranges fixed by these inputs.
    """
    signature = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]

    def named(*values: Any) -> dict[str, Any]:
        return {name: tf.identity(value) for name, value in zip(outputs, function(*values), strict=True)}

    concrete: Any = tf.function(named).get_concrete_function(*signature)
    module: Any = tf.Module()
    module.kept_variables = list(concrete.graph.variables)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=concrete)
        lite: Any = tf.lite
        converter = lite.TFLiteConverter.from_saved_model(folder)
        if int8 or representative_inputs:
            converter.optimizations = [lite.Optimize.DEFAULT]
        content = (
            _quantize_fixed_ranges(converter, representative_inputs[path.name])
            if representative_inputs
            else converter.convert()
        )
        path.with_name(litert_name(path.name)).write_bytes(content)


def _quantize_fixed_ranges(converter: Any, inputs: Sequence[Inputs]) -> bytes:
    """Quantize matrix products and look-ups; everything else stays in floats.

    Only LiteRT's "debugger" can leave operations in floats; nothing is debugged here. Values that are concatenated get
    one range, however wide each of them is. Products that would use too little of their range stay in floats as well.
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
        quantized = debugger.get_nondebug_quantized_model()
        if too_wide := _too_wide_products(debugger.calibrated_model, quantized):
            debugger.options = options(denylisted_ops=floats, denylisted_nodes=too_wide)
            quantized = debugger.get_nondebug_quantized_model()
    return quantized


def _too_wide_products(calibrated: bytes, quantized: bytes) -> list[str]:
    """Return the names of products whose range in `quantized` is far wider than the one observed in `calibrated`."""
    before, after = (schema.ModelT.InitFromPackedBuf(content, 0) for content in (calibrated, quantized))
    observed = {
        tensor.name: float(tensor.quantization.max[0] - tensor.quantization.min[0])
        for tensor in before.subgraphs[0].tensors
        if tensor.quantization is not None and tensor.quantization.max is not None
    }
    tensors, too_wide = after.subgraphs[0].tensors, set[str]()
    for operator in after.subgraphs[0].operators:
        if after.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.DEQUANTIZE:
            continue
        integers, floats = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
        scales = integers.quantization.scale
        # One of the two tensors has the name that the product had before.
        for name in {integers.name, floats.name} & observed.keys():
            if len(scales) == 1 and scales[0] * _INTEGER_STEPS > _MAX_RANGE_RATIO * observed[name]:
                too_wide.add(name.decode())
    return sorted(too_wide)


def session_opener(outputs: Mapping[str, Sequence[str]]) -> Callable[[Path], Any]:
    """Return a function that opens LiteRT files by the ONNX files' paths; `outputs` by file, under either name."""
    order = {litert_name(file): tuple(names) for file, names in outputs.items()}

    def open_session(path: Path) -> LiteRtSession:
        lite = path.with_name(litert_name(path.name))
        return LiteRtSession(lite, order[lite.name])

    return open_session


class LiteRtSession:
    """A file in LiteRT's interpreter, on one thread, with the method `run` of onnxruntime's sessions.

    XNNPACK, to which LiteRT delegates the arithmetic, refuses inputs without any rows, and a memory begins without any.
    A second interpreter without XNNPACK runs those.
    """

    def __init__(self, path: Path, outputs: Sequence[str]) -> None:
        self._path, self._outputs = path, tuple(outputs)
        self._interpreters: dict[bool, _Interpreter] = {}

    def run(self, _names: None, inputs: Mapping[str, Any]) -> list[Any]:
        """Return the outputs in the order of their names."""
        empty = any(values.size == 0 for values in inputs.values())
        if empty not in self._interpreters:
            self._interpreters[empty] = _Interpreter(self._path, self._outputs, use_delegates=not empty)
        return self._interpreters[empty].run(inputs)


class _Interpreter:
    """An interpreter whose sizes are set again only when they change."""

    def __init__(self, path: Path, outputs: Sequence[str], *, use_delegates: bool) -> None:
        lite: Any = tf.lite
        resolvers = lite.experimental.OpResolverType
        kind = resolvers.AUTO if use_delegates else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        with _without_user_warnings():
            self._interpreter = lite.Interpreter(str(path), num_threads=1, experimental_op_resolver_type=kind)
        signature = self._interpreter.get_signature_runner()
        self._inputs = {name: detail["index"] for name, detail in signature.get_input_details().items()}
        details = signature.get_output_details()
        self._outputs = [details[name]["index"] for name in outputs]
        self._shapes: dict[str, tuple[int, ...]] = {}

    def run(self, inputs: Mapping[str, Any]) -> list[Any]:
        """Return the outputs in the order of their names."""
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
    """Silence the warning that TensorFlow will drop its interpreter some day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
