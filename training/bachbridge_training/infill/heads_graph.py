"""The ONNX graph of the infilling network's heads, which does what `net` does in Keras and is quicker.

The columns that a cell's neighbours select are found by a table for each neighbour, whose rows hold the columns of all
pitch indices; one look-up along the columns then fetches them all.

The optional input `cells` lists the cells that are wanted, by `voice * n + row` and rising, since heads cost as much as
the encoder; the output then has a row for each of them, `[cell, 1, pitch index]`.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import HARMONIC_COUNT, MELODIC_COUNT, NEIGHBOUR_COUNT, TRANSPOSED_INDEX_COUNT
from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.frames import REST
from bachbridge.music.notes import VOICES
from bachbridge_training.infill import intervals
from bachbridge_training.infill import net as infill_net
from bachbridge_training.infill.encoder_graph import look_up_intervals
from bachbridge_training.infill.onnx_graph import OnnxGraph, integers

_VALUES = infill_grid.TRANSPOSED_VALUE_COUNT
_VOICES = len(VOICES)


def write_heads(heads: Any, path: Path) -> None:
    """Write `InfillNetwork.heads` with its weights; inputs and outputs have the names of the Keras model's."""
    graph = OnnxGraph()
    chosen = _chosen_cells(graph)
    flat = graph.add("Reshape", graph.add("Transpose", "around", perm=[1, 0, 2]), integers(-1, NEIGHBOUR_COUNT))
    around = graph.add("Gather", flat, chosen.cells)
    beside = _neighbour_embedding(graph, around, chosen.voice, heads)
    inputs = graph.add("Concat", graph.add("Gather", "hidden", chosen.row), beside, axis=1)
    columns = graph.add("Concat", *_voice_columns(graph, heads, inputs, chosen.voice), axis=0)
    logits = _look_up_logits(graph, columns, *_neighbour_columns(graph, around))
    sizes = graph.add("Concat", chosen.sizes, integers(TRANSPOSED_INDEX_COUNT), axis=0)
    graph.add("Transpose", graph.add("Reshape", logits, sizes), perm=[1, 0, 2], output="pitch_logits")
    units = heads.inputs[0].shape[-1]
    graph.save(
        path,
        {
            "hidden": (TensorProto.FLOAT, ["n", units]),
            "around": (TensorProto.INT32, ["n", _VOICES, NEIGHBOUR_COUNT]),
            onnx_nets.CELLS_INPUT: (TensorProto.INT64, ["chosen"]),
        },
        {"pitch_logits": (TensorProto.FLOAT, ["cell", "voice", TRANSPOSED_INDEX_COUNT])},
    )


class _ChosenCells(NamedTuple):
    """The cells that are wanted, by `voice * n + row`, the voice and the row of each, and the sizes of the output."""

    cells: str
    voice: str
    row: str
    sizes: str


def _chosen_cells(graph: OnnxGraph) -> _ChosenCells:
    row_count = graph.add("Slice", graph.add("Shape", "hidden"), integers(0), integers(1))
    given = graph.add_optional_input(onnx_nets.CELLS_INPUT, integers())
    given_count = graph.add("Shape", given)
    is_all = graph.add("Equal", given_count, integers(0))
    all_count = graph.add("Mul", graph.add("Mul", row_count, integers(_VOICES)), _as_integer(graph, is_all))
    every = graph.add("Range", np.array(0, np.int64), graph.add("Squeeze", all_count), np.array(1, np.int64))
    cells = graph.add("Concat", every, given, axis=0)
    voice = graph.add("Div", cells, row_count)
    row = graph.add("Sub", cells, graph.add("Mul", voice, row_count))
    whole = graph.add("Concat", integers(_VOICES), row_count, axis=0)
    part = graph.add("Concat", integers(1), given_count, axis=0)
    return _ChosenCells(cells, voice, row, graph.add("Where", is_all, whole, part))


def _as_integer(graph: OnnxGraph, values: str) -> str:
    return graph.add("Cast", values, to=TensorProto.INT64)


def _neighbour_embedding(graph: OnnxGraph, around: str, voice: str, heads: Any) -> str:
    """Return the embedding `[cell, unit]` of the intervals to the neighbours `around[cell, neighbour]`."""
    before, after, _ = graph.split(around, [1, 1, NEIGHBOUR_COUNT - 2], axis=1)
    pair = graph.add("Add", graph.add("Mul", before, np.array([_VALUES], np.int32)), after)
    start = graph.add("Gather", _start_table(), pair)
    others = graph.add("Slice", around, integers(1), integers(NEIGHBOUR_COUNT), integers(1))
    kinds = [intervals.LEAP] * (MELODIC_COUNT - 1) + [intervals.MOD_12] * HARMONIC_COUNT
    found = graph.add("Add", look_up_intervals(graph, start, others, kinds), intervals.NEIGHBOUR_FIRST_ROW)
    first_rows = (intervals.NEIGHBOUR_ROWS * np.arange(_VOICES)[:, None]).astype(np.int32)
    rows = graph.add("Add", found, graph.add("Gather", first_rows, voice))
    embedded = graph.add("Gather", np.asarray(heads.get_layer("beside").embeddings), rows)
    return graph.add("ReduceSum", embedded, integers(1), keepdims=0)


def _start_table() -> np.ndarray:
    """Return the note from which the intervals count by the values of the notes before and after: the first of them."""
    before, after = np.mgrid[:_VALUES, :_VALUES]
    is_pitch = (before > REST) & (before < TRANSPOSED_INDEX_COUNT)
    return np.where(is_pitch, before, after).astype(np.int32).reshape(-1)


def _neighbour_columns(graph: OnnxGraph, around: str) -> tuple[str, str]:
    """Return the columns `[cell, column]` that the melodic and the harmonic neighbours select.

    They are in the order of the neighbours, and of one neighbour in the order of the pitch indices (or pitch classes).
    """
    rows = graph.add("Add", around, _first_rows(MELODIC_COUNT, HARMONIC_COUNT))
    columns: list[str] = []
    for part, table, first_column in zip(
        graph.split(rows, [MELODIC_COUNT, HARMONIC_COUNT], axis=1),
        (infill_net.MELODIC_COLUMN_INDEX, infill_net.HARMONIC_COLUMN_INDEX),
        (infill_net.MELODIC_FIRST_COLUMN, infill_net.HARMONIC_FIRST_COLUMN),
        strict=True,
    ):
        of_each = np.concatenate([table + first for first in first_column]).astype(np.int32)
        found = graph.add("Gather", of_each, part)
        columns.append(graph.add("Reshape", found, integers(0, len(first_column) * table.shape[1])))
    melodic, harmonic = columns
    return melodic, harmonic


def _first_rows(*counts: int) -> np.ndarray:
    """Return the first row of each neighbour in the tables of its group; a table has a row for each value of a cell."""
    return np.concatenate([_VALUES * np.arange(count) for count in counts]).astype(np.int32)


def _voice_columns(graph: OnnxGraph, heads: Any, inputs: str, voice: str) -> list[str]:
    """Return the columns of each voice's cells, from `inputs[cell, unit]`, in which the voices follow one another."""
    is_voice = graph.add("Equal", graph.add("Unsqueeze", voice, integers(1)), integers(*range(_VOICES)))
    counts = graph.add("ReduceSum", _as_integer(graph, is_voice), integers(0), keepdims=0)
    columns: list[str] = []
    for name, part in zip(VOICES, graph.split_by(inputs, counts, _VOICES, axis=0), strict=True):
        view = graph.add("Relu", graph.add_dense(part, heads.get_layer(f"view_{name}")))
        columns.append(graph.add_dense(view, heads.get_layer(f"columns_{name}")))
    return columns


def _look_up_logits(graph: OnnxGraph, columns: str, melodic: str, harmonic: str) -> str:
    """Return logits `[cell, pitch index]`: the own columns, and the sums of those that the neighbours select."""
    own = graph.add("Slice", columns, integers(0), integers(TRANSPOSED_INDEX_COUNT), integers(1))
    selected = graph.add("GatherElements", columns, melodic, axis=1)
    by_neighbour = graph.add("Reshape", selected, integers(0, MELODIC_COUNT, TRANSPOSED_INDEX_COUNT))
    by_melody = graph.add("ReduceSum", by_neighbour, integers(1), keepdims=0)
    tiles = np.tile(infill_net.PITCH_CLASS_TILES.T, (HARMONIC_COUNT, 1))
    by_harmony = graph.add("MatMul", graph.add("GatherElements", columns, harmonic, axis=1), tiles)
    return graph.add("Add", graph.add("Add", own, by_melody), by_harmony)
