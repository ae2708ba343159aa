"""An infilling model in a folder: a network of two tables, which likes white keys and looks at nothing else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge.music.frames import LOWEST_PITCH


def write_tiny_model(folder: Path, partner: str = "chorale-lstm") -> Path:
    """The model's folder, made with its network and its card; skips the test where the package onnx is missing."""
    onnx: Any = pytest.importorskip("onnx")
    whole, real, helper = onnx.TensorProto.INT32, onnx.TensorProto.FLOAT, onnx.helper
    white = np.isin((np.arange(infill_grid.TRANSPOSED_INDEX_COUNT) + LOWEST_PITCH - 7) % 12, (0, 2, 4, 5, 7, 9, 11))
    pitch = np.repeat(4.0 * white[None], infill_grid.TRANSPOSED_VALUE_COUNT, axis=0).astype(np.float32)
    strike = np.full(infill_grid.TRANSPOSED_VALUE_COUNT, -3.0, np.float32)
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
            helper.make_node("Cast", ["seen"], ["hidden"], to=real),
            helper.make_node("Gather", ["strikes", "seen"], ["strike_logits"], axis=0),
        ],
        {"seen": (whole, cells), "attacks": (whole, cells), "place": (whole, rows)},
        {"hidden": (real, cells), "strike_logits": (real, cells)},
        [onnx.numpy_helper.from_array(strike, "strikes")],
    )
    save(
        onnx_nets.HEADS_FILE,
        [
            helper.make_node("Cast", ["hidden"], ["seen"], to=whole),
            helper.make_node("Gather", ["pitches", "seen"], ["pitch_logits"], axis=0),
        ],
        {"hidden": (real, ["n", "voice"]), "around": (whole, ["n", "voice", "neighbour"])},
        {"pitch_logits": (real, ["n", "voice", infill_grid.TRANSPOSED_INDEX_COUNT])},
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
