"""A tiny infilling model in a folder: two tables that prefer white keys whatever the other cells are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import LOWEST_PITCH


def write_tiny_model(folder: Path, partner: str = "chorale-lstm") -> Path:
    """Write the network and the card, and return the folder; skips the test if the package onnx is missing."""
    onnx: Any = pytest.importorskip("onnx")
    int32, float32, helper = onnx.TensorProto.INT32, onnx.TensorProto.FLOAT, onnx.helper
    white = np.isin((np.arange(infill_grid.TRANSPOSED_INDEX_COUNT) + LOWEST_PITCH - 7) % 12, (0, 2, 4, 5, 7, 9, 11))
    pitch = np.repeat(4.0 * white[None], infill_grid.TRANSPOSED_VALUE_COUNT, axis=0).astype(np.float32)
    onset = np.full(infill_grid.TRANSPOSED_VALUE_COUNT, -3.0, np.float32)
    cells, rows = ["batch", "step", "voice"], ["batch", "step", "field"]
    folder.mkdir(parents=True)

    def save(name: str, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], tables: list[Any]) -> None:
        infos = [
            [helper.make_tensor_value_info(key, kind, sizes) for key, (kind, sizes) in side.items()]
            for side in (inputs, outputs)
        ]
        graph = helper.make_graph(nodes, "tiny", *infos, tables)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, str(folder / name))

    save(
        onnx_nets.CORE_FILE,
        [
            helper.make_node("Cast", ["seen"], ["hidden"], to=float32),
            helper.make_node("Gather", ["strikes", "seen"], ["strike_logits"], axis=0),
        ],
        {"seen": (int32, cells), "attacks": (int32, cells), "place": (int32, rows)},
        {"hidden": (float32, cells), "strike_logits": (float32, cells)},
        [onnx.numpy_helper.from_array(onset, "strikes")],
    )
    save(
        onnx_nets.HEADS_FILE,
        [
            helper.make_node("Cast", ["hidden"], ["seen"], to=int32),
            helper.make_node("Gather", ["pitches", "seen"], ["pitch_logits"], axis=0),
        ],
        {"hidden": (float32, ["n", "voice"]), "around": (int32, ["n", "voice", "neighbour"])},
        {"pitch_logits": (float32, ["n", "voice", infill_grid.TRANSPOSED_INDEX_COUNT])},
        [onnx.numpy_helper.from_array(pitch, "pitches")],
    )
    card = {
        "codec": "infill_grid",
        "tasks": ["continue", "harmonize", "vary"],
        "partner": partner,
        "sampler": {"temperature": 0.9, "top_p": 0.95},
        "files": {name: library.sha256(folder / name) for name in (onnx_nets.CORE_FILE, onnx_nets.HEADS_FILE)},
    }
    (folder / library.CARD_FILE).write_text(json.dumps(card))
    return folder
