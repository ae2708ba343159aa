"""The infilling network as files: its view of all steps of canvases of any length, and the heads at chosen steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bachbridge.codecs import infill_grid, satb
from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.infill.net import Parts
from bachbridge_training.onnx_export import Convert, convert
from bachbridge_training.recipe import InfillRecipe

_VIEW = ("seen", "attacks", "place")
_HEADS = ("hidden", "around")
_EXAMPLES = 8
PARTNER = "chorale-lstm"
"""The causal model that harmonises live where this one has not looked ahead."""


class Form:
    """See `export.Form`."""

    def __init__(self, parts: Parts, recipe: InfillRecipe) -> None:
        self.parts, self.recipe = parts, recipe

    def write(self, folder: Path, convert: Convert = convert) -> None:
        view, heads = (_silent(model) for model in (self.parts.view, self.parts.heads))
        cells, fields = (len(VOICES),), (len(infill_grid.TUNED_SIZES),)
        shapes = zip(_VIEW, (cells, cells, fields), strict=True)
        convert(
            view,
            {name: ((None, None, *shape), tf.int32) for name, shape in shapes},
            ("hidden", "strike_logits"),
            folder / onnx_nets.CORE,
        )
        convert(
            heads,
            {
                "hidden": ((None, self.recipe.units), tf.float32),
                "around": ((None, len(VOICES), infill_grid.NEIGHBOURS), tf.int32),
            },
            ("pitch_logits",),
            folder / onnx_nets.HEADS,
        )

    def runtime(self, folder: Path, opened: onnx_nets.Opened | None = None) -> onnx_nets.Fill:
        return onnx_nets.Fill(folder, opened)

    def disagreement(self, runtime: onnx_nets.Fill, piece: Piece) -> float:
        """Over windows of the piece with open cells, of several lengths."""
        model, worst = self.parts.whole, 0.0
        for item in infill_batches.examples([piece], _EXAMPLES, told=True):
            batch = infill_batches.stacked([item], len(item.seen))
            ours = runtime.fill(batch.seen, batch.attacks, batch.place)
            logits, struck = model.predict_on_batch(batch.inputs)
            by = np.repeat(batch.by, logits.shape[1])
            theirs = infill_grid.untuned(logits.reshape(-1, *logits.shape[2:]), by).reshape(ours[0].shape), struck
            read = (batch.seen == infill_grid.OPEN).any(axis=2), slice(None)
            worst = max(
                worst, *(float(np.abs(a[at] - b[at]).max()) for a, b, at in zip(ours, theirs, read, strict=True))
            )
        return worst

    def facts(self) -> dict[str, Any]:
        return {
            "tasks": ["continue", "harmonize", "mend", "vary"],
            "codec": "canvas",
            "partner": PARTNER,
            "parameters": int(self.parts.whole.count_params()),
            "classes": satb.CLASSES,
            "units": self.recipe.units,
            "inputs": {onnx_nets.CORE: list(_VIEW), onnx_nets.HEADS: list(_HEADS)},
            "outputs": {onnx_nets.CORE: ["hidden", "strike_logits"], onnx_nets.HEADS: ["pitch_logits"]},
        }


def _silent(model: keras.Model) -> Callable[..., Any]:
    """The model as a function of its inputs, without dropout; its outputs as a tuple."""

    def called(*inputs: Any) -> tuple[Any, ...]:
        found: Any = model(list(inputs), training=False)
        return tuple(found) if isinstance(found, list | tuple) else (found,)

    return called
