"""The causal network as files: one step of the recurrent core, and the chain of heads inside a step.

The core's state is a value that goes in and comes out; the heads are a file of their own, because they are run several
times for each step.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bachbridge import nets
from bachbridge.codecs import satb
from bachbridge.music import VOICES
from bachbridge_training import batches, network
from bachbridge_training.export import Convert, convert
from bachbridge_training.network import Network
from bachbridge_training.scores import Piece

_STEPS = 64
"""So many steps of a piece are walked through to compare."""


class Form:
    """See `export.Form`."""

    def __init__(self, net: Network) -> None:
        self.net, self.recipe = net, net.recipe

    def write(self, folder: Path, convert: Convert = convert) -> None:
        recipe = self.recipe
        convert(
            lambda ids, state: network.core(self.net, ids, state),
            {"ids": ((None, satb.FIELDS), tf.int32), "state": ((2 * recipe.layers, None, recipe.units), tf.float32)},
            ("hidden", "state_out"),
            folder / nets.CORE,
        )
        convert(
            lambda hidden, known: network.heads(self.net, hidden, known),
            {
                "hidden": ((None, (len(VOICES) + 1) * recipe.head + len(VOICES)), tf.float32),
                "known": ((None, len(VOICES)), tf.int32),
            },
            ("pitch_logits", "strike_logits"),
            folder / nets.HEADS,
        )

    def runtime(self, folder: Path, opened: nets.Opened | None = None) -> nets.Nets:
        return nets.Nets(folder, layers=self.recipe.layers, units=self.recipe.units, opened=opened)

    def disagreement(self, runtime: nets.Nets, piece: Piece) -> float:
        """Over the first steps of the piece, walked through."""
        item = batches.whole(piece, struck=True, position=True)
        state = runtime.initial_state()
        keras_state: Any = tf.constant(state)
        worst = 0.0
        for step in range(min(_STEPS, len(item.ids))):
            ids, known = item.ids[step : step + 1], item.classes[step : step + 1]
            hidden, state = runtime.core(ids, state)
            keras_hidden, keras_state = network.core(self.net, ids, keras_state)
            ours = runtime.heads(hidden, known)
            theirs = network.heads(self.net, keras_hidden, known)
            worst = max(worst, *(float(np.abs(a - np.asarray(b)).max()) for a, b in zip(ours, theirs, strict=True)))
        return worst

    def facts(self) -> dict[str, Any]:
        return {
            "tasks": ["continue", "harmonize"],
            "codec": "satb",
            "chain": [VOICES[voice] for voice in batches.CHAIN],
            "layers": self.recipe.layers,
            "units": self.recipe.units,
            "classes": satb.CLASSES,
            "fields": satb.FIELDS,
            "inputs": {nets.CORE: ["ids", "state"], nets.HEADS: ["hidden", "known"]},
            "outputs": {nets.CORE: ["hidden", "state_out"], nets.HEADS: ["pitch_logits", "strike_logits"]},
        }
