"""The causal network as files: one step of the recurrent core, and the chain of heads inside a step.

The core's state is a value that goes in and comes out; the heads are a file of their own, because they are run several
times for each step.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bachbridge.codecs import satb
from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale import net as chorale_net
from bachbridge_training.chorale.net import Network
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.onnx_export import Convert, convert

_STEPS = 64
"""So many steps of a piece are walked through to compare."""


class Form:
    """See `export.Form`."""

    def __init__(self, net: Network) -> None:
        self.net, self.recipe = net, net.recipe

    def write(self, folder: Path, convert: Convert = convert) -> None:
        recipe = self.recipe
        convert(
            lambda ids, state: chorale_net.core(self.net, ids, state),
            {"ids": ((None, satb.FIELDS), tf.int32), "state": ((2 * recipe.layers, None, recipe.units), tf.float32)},
            ("hidden", "state_out"),
            folder / onnx_nets.CORE,
        )
        convert(
            lambda hidden, known: chorale_net.heads(self.net, hidden, known),
            {
                "hidden": ((None, (len(VOICES) + 1) * recipe.head + len(VOICES)), tf.float32),
                "known": ((None, len(VOICES)), tf.int32),
            },
            ("pitch_logits", "strike_logits"),
            folder / onnx_nets.HEADS,
        )

    def runtime(self, folder: Path, opened: onnx_nets.Opened | None = None) -> onnx_nets.Nets:
        return onnx_nets.Nets(folder, layers=self.recipe.layers, units=self.recipe.units, opened=opened)

    def disagreement(self, runtime: onnx_nets.Nets, piece: Piece) -> float:
        """Over the first steps of the piece, walked through."""
        item = four_part_windows.whole(piece, struck=True, position=True)
        state = runtime.initial_state()
        keras_state: Any = tf.constant(state)
        worst = 0.0
        for step in range(min(_STEPS, len(item.ids))):
            ids, known = item.ids[step : step + 1], item.classes[step : step + 1]
            hidden, state = runtime.core(ids, state)
            keras_hidden, keras_state = chorale_net.core(self.net, ids, keras_state)
            ours = runtime.heads(hidden, known)
            theirs = chorale_net.heads(self.net, keras_hidden, known)
            worst = max(worst, *(float(np.abs(a - np.asarray(b)).max()) for a, b in zip(ours, theirs, strict=True)))
        return worst

    def facts(self) -> dict[str, Any]:
        return {
            "tasks": ["continue", "harmonize"],
            "codec": "satb",
            "chain": [VOICES[voice] for voice in four_part_windows.CHAIN],
            "layers": self.recipe.layers,
            "units": self.recipe.units,
            "classes": satb.CLASSES,
            "fields": satb.FIELDS,
            "inputs": {onnx_nets.CORE: ["ids", "state"], onnx_nets.HEADS: ["hidden", "known"]},
            "outputs": {onnx_nets.CORE: ["hidden", "state_out"], onnx_nets.HEADS: ["pitch_logits", "strike_logits"]},
        }
