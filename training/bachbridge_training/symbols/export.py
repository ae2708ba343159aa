"""The network of symbol sequences as files: one step of the core, and the heads of a symbol's later fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bachbridge.inference.runtime import onnx_nets
from bachbridge_training.onnx_export import Convert, convert
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import step_graph
from bachbridge_training.symbols.batches import Passage
from bachbridge_training.symbols.net import Network

_STEPS = 64
"""So many symbols of a piece are walked through to compare."""


class Form:
    """See `export.Form`."""

    def __init__(self, net: Network, told: Mapping[str, Any]) -> None:
        """`told`: what the card says of the codec and the data."""
        self.net, self.recipe, self.told = net, net.recipe, told
        self._fields = len(net.alphabet.sizes)

    def write(self, folder: Path, convert: Convert = convert) -> None:
        layers, units = 2 * self.recipe.layers, self.recipe.units
        inputs: dict[str, tuple[Any, Any]] = {
            "ids": ((None, self._fields), tf.int32),
            "state": ((layers, None, units), tf.float32),
            "before": ((None, 1), tf.float32),
        }
        outputs = ["hidden", "state_out", "before_out"]
        if self.net.recall:
            inputs |= {
                "rows": ((None, None, self.net.recall.row), tf.float32),
                "run": ((None, None), tf.float32),
            }
            outputs += self._grown()
        convert(lambda *its: step_graph.core(self.net, *its), inputs, outputs, folder / onnx_nets.CORE)
        if self._fields == 1:
            return
        width = self.net.alphabet.sizes[0] + (self._fields - 1) * self.recipe.head
        convert(
            lambda hidden, known: (step_graph.heads(self.net, hidden, known),),
            {"hidden": ((None, width), tf.float32), "known": ((None, self._fields), tf.int32)},
            ("logits",),
            folder / onnx_nets.HEADS,
        )

    def runtime(self, folder: Path, opened: onnx_nets.Opened | None = None) -> onnx_nets.Sequence:
        return onnx_nets.Sequence(folder, self.facts(), opened)

    def disagreement(self, runtime: onnx_nets.Sequence, piece: Passage) -> float:
        """Over the first symbols of the piece, taken in one by one, against the model that was trained."""
        from bachbridge_training.symbols.net import window_model

        item = symbols_batches.window(piece.symbols, 0, _STEPS)
        theirs = window_model(self.net)([its[None] for its in item.all], training=False)
        logits = [np.asarray(its)[0] for its in (theirs if isinstance(theirs, list) else [theirs])]
        expected, state, worst = np.concatenate(logits, axis=-1), runtime.initial_state(), 0.0
        for ids, target, wanted in zip(item.ids, item.target, expected, strict=True):
            hidden, state = runtime.core(ids[None], state)
            ours = runtime.heads(hidden, target[None])[0]
            worst = max(worst, float(np.abs(ours - wanted).max()))
        return worst

    def _grown(self) -> list[str]:
        """The outputs of a network that looks back, beside those of any."""
        return ["row", "run_out", *["shares"] * self.recipe.copying]

    def facts(self) -> dict[str, Any]:
        recall = self.net.recall
        memory, grown = (["rows", "run"], self._grown()) if recall else ([], [])
        several = {"inputs": {onnx_nets.HEADS: ["hidden", "known"]}, "outputs": {onnx_nets.HEADS: ["logits"]}}
        heads = several if self._fields > 1 else {"inputs": {}, "outputs": {}}
        return {
            "tasks": ["continue"],
            "codec": self.recipe.codec,
            **self.told,
            "sizes": list(self.net.alphabet.sizes),
            "state": [list(shape) for shape in step_graph.state_shapes(self.net)],
            "memory": {"reach": recall.reach, "row": recall.row, "copying": self.recipe.copying} if recall else None,
            "inputs": {onnx_nets.CORE: ["ids", "state", "before", *memory]} | heads["inputs"],
            "outputs": {onnx_nets.CORE: ["hidden", "state_out", "before_out", *grown]} | heads["outputs"],
        }
