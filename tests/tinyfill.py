"""An infilling model in a folder: a network of two tables, which likes white keys and looks at nothing else."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge import library, nets
from bachbridge.codecs import canvas, satb


def written(folder: Path, partner: str = "chorale-lstm") -> Path:
    """The model's folder, made with its network and its card; skips the test where the package onnx is missing."""
    onnx: Any = pytest.importorskip("onnx")
    whole, real, helper = onnx.TensorProto.INT32, onnx.TensorProto.FLOAT, onnx.helper
    white = np.isin((np.arange(satb.CLASSES) + satb.LOWEST - 1) % 12, (0, 2, 4, 5, 7, 9, 11))
    pitch = np.repeat(4.0 * white[None], canvas.SEEN, axis=0).astype(np.float32)
    strike = np.full(canvas.SEEN, -3.0, np.float32)
    cells, rows = ["batch", "step", "voice"], ["batch", "step", "field"]
    around = [*cells, "neighbour"]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["pitches", "seen"], ["pitch_logits"], axis=0),
            helper.make_node("Gather", ["strikes", "seen"], ["strike_logits"], axis=0),
        ],
        "tiny",
        [helper.make_tensor_value_info(name, whole, cells) for name in ("seen", "attacks")]
        + [helper.make_tensor_value_info(name, whole, sizes) for name, sizes in (("place", rows), ("around", around))],
        [
            helper.make_tensor_value_info("pitch_logits", real, [*cells, satb.CLASSES]),
            helper.make_tensor_value_info("strike_logits", real, cells),
        ],
        [onnx.numpy_helper.from_array(pitch, "pitches"), onnx.numpy_helper.from_array(strike, "strikes")],
    )
    folder.mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / nets.CORE))
    card = {
        "codec": "canvas",
        "tasks": ["continue", "harmonize", "vary"],
        "partner": partner,
        "sampler": {"temperature": 0.9, "top_p": 0.95},
        "files": {nets.CORE: library.sha256(folder / nets.CORE)},
    }
    (folder / library.CARD).write_text(json.dumps(card))
    return folder
