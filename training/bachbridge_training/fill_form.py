"""The infilling network as a file: one pass over canvases of any length."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bachbridge import nets
from bachbridge.codecs import canvas, satb
from bachbridge.music import VOICES
from bachbridge_training import blanks
from bachbridge_training.export import convert
from bachbridge_training.recipe import InfillRecipe
from bachbridge_training.scores import Piece

_INPUTS = ("seen", "attacks", "place", "around")
_OUTPUTS = ("pitch_logits", "strike_logits")
_EXAMPLES = 8
PARTNER = "chorale-lstm"
"""The causal model that harmonises live where this one has not looked ahead."""


class Form:
    """See `export.Form`."""

    def __init__(self, model: keras.Model, recipe: InfillRecipe) -> None:
        self.model, self.recipe = model, recipe

    def write(self, folder: Path) -> None:
        model: Any = self.model
        shapes = ((len(VOICES),), (len(VOICES),), (canvas.FIELDS,), (len(VOICES), canvas.NEIGHBOURS))
        convert(
            lambda *inputs: model(list(inputs), training=False),
            {name: ((None, None, *shape), tf.int32) for name, shape in zip(_INPUTS, shapes, strict=True)},
            _OUTPUTS,
            folder / nets.CORE,
        )

    def runtime(self, folder: Path) -> nets.Fill:
        return nets.Fill(folder)

    def disagreement(self, folder: Path, piece: Piece) -> float:
        """Over windows of the piece with open cells, of several lengths."""
        runtime, model, worst = self.runtime(folder), self.model, 0.0
        for item in blanks.examples([piece], _EXAMPLES, told=True):
            batch = blanks.stacked([item], len(item.seen))
            ours = runtime.fill(batch.seen, batch.attacks, batch.place)
            theirs = model.predict_on_batch(batch.inputs)
            worst = max(worst, *(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True)))
        return worst

    def facts(self) -> dict[str, Any]:
        return {
            "tasks": ["continue", "harmonize", "mend", "vary"],
            "codec": "canvas",
            "partner": PARTNER,
            "parameters": int(self.model.count_params()),
            "classes": satb.CLASSES,
            "inputs": {nets.CORE: list(_INPUTS)},
            "outputs": {nets.CORE: list(_OUTPUTS)},
        }
