"""The infilling network as files: its view of all steps of canvases of any length, and the heads at chosen steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bachbridge import nets
from bachbridge.codecs import canvas, satb
from bachbridge.music import VOICES
from bachbridge_training import blanks
from bachbridge_training.export import Convert, convert
from bachbridge_training.infilling import Parts
from bachbridge_training.recipe import InfillRecipe
from bachbridge_training.scores import Piece

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
        cells, fields = (len(VOICES),), (len(canvas.TUNED_SIZES),)
        shapes = zip(_VIEW, (cells, cells, fields), strict=True)
        convert(
            view,
            {name: ((None, None, *shape), tf.int32) for name, shape in shapes},
            ("hidden", "strike_logits"),
            folder / nets.CORE,
        )
        convert(
            heads,
            {
                "hidden": ((None, self.recipe.units), tf.float32),
                "around": ((None, len(VOICES), canvas.NEIGHBOURS), tf.int32),
            },
            ("pitch_logits",),
            folder / nets.HEADS,
        )

    def runtime(self, folder: Path, opened: nets.Opened | None = None) -> nets.Fill:
        return nets.Fill(folder, opened)

    def disagreement(self, runtime: nets.Fill, piece: Piece) -> float:
        """Over windows of the piece with open cells, of several lengths."""
        model, worst = self.parts.whole, 0.0
        for item in blanks.examples([piece], _EXAMPLES, told=True):
            batch = blanks.stacked([item], len(item.seen))
            ours = runtime.fill(batch.seen, batch.attacks, batch.place)
            logits, struck = model.predict_on_batch(batch.inputs)
            by = np.repeat(batch.by, logits.shape[1])
            theirs = canvas.untuned(logits.reshape(-1, *logits.shape[2:]), by).reshape(ours[0].shape), struck
            read = (batch.seen == canvas.OPEN).any(axis=2), slice(None)
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
            "inputs": {nets.CORE: list(_VIEW), nets.HEADS: list(_HEADS)},
            "outputs": {nets.CORE: ["hidden", "strike_logits"], nets.HEADS: ["pitch_logits"]},
        }


def _silent(model: keras.Model) -> Callable[..., Any]:
    """The model as a function of its inputs, without dropout; its outputs as a tuple."""

    def called(*inputs: Any) -> tuple[Any, ...]:
        found: Any = model(list(inputs), training=False)
        return tuple(found) if isinstance(found, list | tuple) else (found,)

    return called
