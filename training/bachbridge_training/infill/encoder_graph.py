"""The ONNX graph of the infilling network's encoder, which does what `net` does in Keras and is quicker.

All embeddings are rows of one table and are added up at once; an interval is found by one look-up for two cells. The
biases of all blocks for all distances are looked up at once, and the scale of the scores is part of the matrix for the
queries. No step may lie outside the music: windows of unequal lengths exist in training alone.

The last block can be spared where nobody asks for its result: the optional input `steps` lists the steps that are
wanted, counted through the whole batch, and all outputs are then of these alone, `[1, number of steps, unit]`. Only
attention and the convolution, which look at other steps, are computed everywhere.
"""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.notes import VOICES
from bachbridge_training.infill import intervals
from bachbridge_training.infill import net as infill_net
from bachbridge_training.infill.onnx_graph import OnnxGraph, integers
from bachbridge_training.recipe import InfillRecipe

_VALUES = infill_grid.TRANSPOSED_VALUE_COUNT
_VOICES = len(VOICES)


def write_encoder(encoder: Any, recipe: InfillRecipe, path: Path) -> None:
    """Write `InfillNetwork.encoder` with its weights; inputs and outputs have the names of the Keras model's."""
    writer = _EncoderWriter(encoder, recipe)
    writer.write_blocks()
    cells, fields = ["batch", "step", _VOICES], ["batch", "step", len(infill_grid.TRANSPOSED_PLACE_SIZES)]
    writer.graph.save(
        path,
        {
            "seen": (TensorProto.INT32, cells),
            "attacks": (TensorProto.INT32, cells),
            "place": (TensorProto.INT32, fields),
            onnx_nets.STEPS_INPUT: (TensorProto.INT64, ["chosen"]),
        },
        {"hidden": (TensorProto.FLOAT, ["batch", "step", recipe.units]), "strike_logits": (TensorProto.FLOAT, cells)},
    )


class _EncoderWriter:
    """Writes the encoder. Between attention and convolutions, `hidden[batch * step, unit]` has all steps in a row."""

    def __init__(self, encoder: Any, recipe: InfillRecipe) -> None:
        self.graph = OnnxGraph()
        self._encoder, self._recipe = encoder, recipe
        shape = self.graph.add("Shape", "seen")
        self._batch_and_steps = self.graph.add("Slice", shape, integers(0), integers(2))
        self._steps = self.graph.add("Gather", shape, np.array(1, np.int64), axis=0)
        self._chosen, self._chosen_sizes = self._chosen_steps()

    def write_blocks(self) -> None:
        """Add all nodes."""
        graph, biases = self.graph, self._distance_biases()
        hidden = self._embedding()
        for block in self._blocks:
            view = self._layer_norm(hidden, f"norm_time_{block}")
            parts = hidden, self._attention(view, block, biases[block]), self._mixing(view, block)
            if block == self._blocks[-1]:
                parts = [graph.add("Gather", part, self._chosen) for part in parts]
            hidden, attended, mixed = parts
            attended = self.graph.add_dense(attended, self._layer(f"attention_{block}").outer)
            hidden = graph.add("Add", graph.add("Add", hidden, attended), mixed)
            view = self._layer_norm(hidden, f"norm_step_{block}")
            wide = graph.add("Relu", self.graph.add_dense(view, self._layer(f"wide_{block}")))
            hidden = graph.add("Add", hidden, self.graph.add_dense(wide, self._layer(f"narrow_{block}")))
        self._add_output("hidden", self._layer_norm(hidden, "norm"), self._recipe.units)
        self._add_output("strike_logits", self.graph.add_dense("hidden", self._layer("strike")), _VOICES)

    def _add_output(self, name: str, values: str, size: int) -> None:
        """Name the values of the chosen steps as an output, with axes for the batch and the steps."""
        sizes = self.graph.add("Concat", self._chosen_sizes, integers(size), axis=0)
        self.graph.add("Reshape", values, sizes, output=name)

    def _chosen_steps(self) -> tuple[str, str]:
        """Return the steps that are wanted, counted through the batch, and the sizes of their two axes."""
        graph = self.graph
        given = graph.add_optional_input(onnx_nets.STEPS_INPUT, integers())
        given_count = graph.add("Shape", given)
        is_all = graph.add("Equal", given_count, integers(0))
        count = graph.add("ReduceProd", self._batch_and_steps, keepdims=0)
        all_count = graph.add("Mul", count, graph.add("Cast", graph.add("Squeeze", is_all), to=TensorProto.INT64))
        every = graph.add("Range", np.array(0, np.int64), all_count, np.array(1, np.int64))
        sizes = graph.add("Concat", integers(1), given_count, axis=0)
        return (
            graph.add("Concat", every, given, axis=0),
            graph.add("Where", is_all, self._batch_and_steps, sizes),
        )

    def _embedding(self) -> str:
        """Return the sum of the embeddings of a step's cells, onsets, place and intervals."""
        names = ("cells", "attacks_told", "places", "intervals")
        tables = [np.asarray(self._layer(name).embeddings) for name in names]
        cell, onset, place, interval = np.cumsum([0, *(len(table) for table in tables[:-1])])
        first_rows = np.concatenate(
            [
                cell + _VALUES * np.arange(_VOICES),
                onset + 3 * np.arange(_VOICES),
                place + infill_net.PLACE_FIRST_ROW,
                interval + intervals.SOUNDING_FIRST_ROW,
            ]
        ).astype(np.int32)
        values = self.graph.add("Concat", "seen", "attacks", "place", self._sounding_intervals(), axis=2)
        rows = self.graph.add("Reshape", self.graph.add("Add", values, first_rows), integers(-1, len(first_rows)))
        return self._sum_rows(np.concatenate(tables), rows)

    def _sum_rows(self, table: np.ndarray, rows: str) -> str:
        """Return the sums of the `rows[n, number]` of a table, none of them twice, as a product with zeros and ones."""
        graph, number, zero, one = self.graph, integers(len(table)), *np.array([[0], [1]], np.float32)
        sizes = graph.add("Shape", rows)
        count = graph.add("Slice", sizes, integers(0), integers(1))
        zeros = graph.add("Expand", zero, graph.add("Concat", count, number, axis=0))
        ones = graph.add("Expand", one, sizes)
        return graph.add("MatMul", graph.add("ScatterElements", zeros, rows, ones, axis=1), table)

    def _sounding_intervals(self) -> str:
        """Return the values of `intervals.sounding_intervals`, `[batch, step, interval]`, without the tables' rows."""
        graph, back = self.graph, max(intervals.STEPS_BACK)
        padded = graph.add("Pad", "seen", integers(0, back, 0, 0, 0, 0))
        earlier = [
            graph.add("Slice", padded, integers(back - steps), integers(-steps), integers(1))
            for steps in intervals.STEPS_BACK
        ]
        high, low = (graph.add("Gather", "seen", voices, axis=2) for voices in intervals.VOICE_PAIRS)
        first = graph.add("Concat", low, *earlier, axis=2)
        second = graph.add("Concat", high, *["seen"] * len(earlier), axis=2)
        kinds = [intervals.MOD_12] * len(intervals.VOICE_PAIRS[0]) + [intervals.LEAP] * (_VOICES * len(earlier))
        return look_up_intervals(graph, first, second, kinds)

    def _distance_biases(self) -> list[str]:
        """Return the attention's biases of each block, `[1 head, step, step]`."""
        graph, furthest = self.graph, infill_net.MAX_DISTANCE
        table = np.concatenate([np.asarray(self._layer(f"attention_{block}").bias) for block in self._blocks], axis=1)
        step = graph.add("Range", np.array(0, np.int64), self._steps, np.array(1, np.int64))
        to, source = (graph.add("Unsqueeze", step, integers(axis)) for axis in (0, 1))
        distance = graph.add("Add", graph.add("Sub", to, source), integers(furthest))
        row = graph.add("Max", graph.add("Min", distance, integers(2 * furthest)), integers(0))
        by_head = graph.add("Transpose", graph.add("Gather", table, row), perm=[2, 0, 1])
        return graph.split(by_head, [self._recipe.heads] * self._recipe.blocks, axis=0)

    def _attention(self, view: str, block: int, bias: str) -> str:
        """Return `net.RelativeAttention` of `view[batch * step, unit]`, before its outer layer."""
        graph, layer, (units, heads) = self.graph, self._layer(f"attention_{block}"), self._sizes
        kernels = np.split(np.asarray(layer.inner.kernel), 3, axis=1)
        kernels[0] = kernels[0] * np.float32((units // heads) ** -0.5)
        queries, keys, values = (
            graph.add("Reshape", graph.add("MatMul", view, kernel), self._shape(heads, units // heads))
            for kernel in kernels
        )
        queries, values = (graph.add("Transpose", part, perm=[0, 2, 1, 3]) for part in (queries, values))
        scores = graph.add("MatMul", queries, graph.add("Transpose", keys, perm=[0, 2, 3, 1]))
        weights = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
        mixed = graph.add("Transpose", graph.add("MatMul", weights, values), perm=[0, 2, 1, 3])
        return graph.add("Reshape", mixed, integers(-1, units))

    def _mixing(self, view: str, block: int) -> str:
        """Return `net.DepthwiseMixing` of `view[batch * step, unit]`."""
        graph, (units, _) = self.graph, self._sizes
        kernel = np.asarray(self._layer(f"mixing_{block}").kernel)
        rows = graph.add("Transpose", graph.add("Reshape", view, self._shape(units)), perm=[0, 2, 1])
        reach = len(kernel) // 2
        mixed = graph.add("Conv", rows, np.ascontiguousarray(kernel.T)[:, None], group=units, pads=[reach, reach])
        return graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1]), integers(-1, units))

    def _layer_norm(self, values: str, name: str) -> str:
        layer = self._layer(name)
        gain, offset = np.asarray(layer.gain), np.asarray(layer.offset)
        return self.graph.add("LayerNormalization", values, gain, offset, axis=-1, epsilon=infill_net.EPSILON)

    def _shape(self, *sizes: int) -> str:
        """Return the shape `[batch, step, *sizes]`."""
        return self.graph.add("Concat", self._batch_and_steps, integers(*sizes), axis=0)

    def _layer(self, name: str) -> Any:
        return self._encoder.get_layer(name)

    @property
    def _blocks(self) -> range:
        return range(self._recipe.blocks)

    @property
    def _sizes(self) -> tuple[int, int]:
        return self._recipe.units, self._recipe.heads


def look_up_intervals(graph: OnnxGraph, first: str, second: str, kinds: list[int]) -> str:
    """Return the values of the intervals from `first[.., interval]` to `second[.., interval]`, of these kinds."""
    base = (np.array(kinds) * _VALUES**2).astype(np.int32)
    cells = graph.add("Add", graph.add("Mul", first, np.array([_VALUES], np.int32)), second)
    return graph.add("Gather", intervals.interval_tables(_VALUES).reshape(-1), graph.add("Add", cells, base))
