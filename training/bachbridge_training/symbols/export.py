"""The files of the network of symbol sequences: one step of the core, and the heads of a symbol's later fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bachbridge.inference.runtime import onnx_nets
from bachbridge_training.onnx_export import ConvertFunction, convert_to_onnx
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import step_graph
from bachbridge_training.symbols.batches import SymbolPiece
from bachbridge_training.symbols.net import SymbolNetwork

_COMPARED_SYMBOLS = 64
"""Symbols of a piece on which Keras and a run-time are compared."""


class SymbolExport:
    """The export of the network of symbol sequences (see `onnx_export.ModelExport`).

    `codec_facts`: the card's facts about the codec and the data.
    """

    def __init__(self, network: SymbolNetwork, codec_facts: Mapping[str, Any]) -> None:
        self.network, self.recipe, self.codec_facts = network, network.recipe, codec_facts
        self._field_count = len(network.alphabet.vocab_sizes)

    def write(self, folder: Path, convert: ConvertFunction = convert_to_onnx) -> None:
        layers, units = 2 * self.recipe.layers, self.recipe.units
        inputs: dict[str, tuple[Any, Any]] = {
            "ids": ((None, self._field_count), tf.int32),
            "state": ((layers, None, units), tf.float32),
            "before": ((None, 1 + bool(self.network.sequences)), tf.float32),
        }
        outputs = ["hidden", "state_out", "before_out"]
        if self.network.memory_attention:
            inputs["rows"] = ((None, None, self.network.memory_attention.row_size), tf.float32)
            inputs |= dict.fromkeys(self._kept_names(), ((None, None), tf.float32))
            outputs += self._memory_outputs()
        convert(lambda *args: step_graph.core(self.network, *args), inputs, outputs, folder / onnx_nets.CORE_FILE)
        if self._field_count == 1:
            return
        width = self.network.alphabet.vocab_sizes[0] + (self._field_count - 1) * self.recipe.head
        convert(
            lambda hidden, known: (step_graph.heads(self.network, hidden, known),),
            {"hidden": ((None, width), tf.float32), "known": ((None, self._field_count), tf.int32)},
            ("logits",),
            folder / onnx_nets.HEADS_FILE,
        )

    def load_runtime(self, folder: Path, open_session: onnx_nets.SessionFactory | None = None) -> onnx_nets.SymbolNet:
        return onnx_nets.SymbolNet(folder, self.card_facts(), open_session)

    def max_difference(self, runtime: onnx_nets.SymbolNet, piece: SymbolPiece) -> float:
        """Return the largest difference between the files, symbol by symbol, and the window model that was trained."""
        from bachbridge_training.symbols.net import window_model

        item = symbols_batches.cut_window(piece.symbols, 0, _COMPARED_SYMBOLS)
        outputs = window_model(self.network)([values[None] for values in item.trainer_inputs], training=False)
        logits = [np.asarray(field)[0] for field in (outputs if isinstance(outputs, list) else [outputs])]
        expected, state, worst = np.concatenate(logits, axis=-1), runtime.initial_state(), 0.0
        for ids, target, wanted in zip(item.ids, item.target, expected, strict=True):
            hidden, state = runtime.core(ids[None], state)
            ours = runtime.heads(hidden, target[None])[0]
            worst = max(worst, float(np.abs(ours - wanted).max()))
        return worst

    def _memory_outputs(self) -> list[str]:
        """Return the names of the further outputs of a network with attention."""
        return ["row", *(f"{name}_out" for name in self._kept_names()), *["shares"] * self.recipe.copying]

    def _kept_names(self) -> tuple[str, ...]:
        return onnx_nets.kept_names(melodic_sequences=self.recipe.melodic_sequences)

    def card_facts(self) -> dict[str, Any]:
        attention = self.network.memory_attention
        memory_inputs, memory_outputs = (
            (["rows", *self._kept_names()], self._memory_outputs()) if attention else ([], [])
        )
        head_inputs, head_outputs = {}, {}
        if self._field_count > 1:
            head_inputs, head_outputs = {onnx_nets.HEADS_FILE: ["hidden", "known"]}, {onnx_nets.HEADS_FILE: ["logits"]}
        return {
            "tasks": ["continue"],
            "codec": self.recipe.codec,
            **self.codec_facts,
            "sizes": list(self.network.alphabet.vocab_sizes),
            "state": [list(shape) for shape in step_graph.state_shapes(self.network)],
            "memory": {
                "reach": attention.reach,
                "row": attention.row_size,
                "copying": self.recipe.copying,
                "melodic_sequences": self.recipe.melodic_sequences,
            }
            if attention
            else None,
            "inputs": {onnx_nets.CORE_FILE: ["ids", "state", "before", *memory_inputs]} | head_inputs,
            "outputs": {onnx_nets.CORE_FILE: ["hidden", "state_out", "before_out", *memory_outputs]} | head_outputs,
        }
