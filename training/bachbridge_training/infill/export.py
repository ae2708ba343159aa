"""The files of the infilling network: the encoder of all steps of canvases of any length, and the heads of a step."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.infill import encoder_graph, heads_graph
from bachbridge_training.infill.net import InfillNetwork
from bachbridge_training.onnx_export import ConvertFunction
from bachbridge_training.recipe import InfillRecipe

_ENCODER_INPUTS = ("seen", "attacks", "place")
_HEAD_INPUTS = ("hidden", "around")
_COMPARED_WINDOWS = 8
LIVE_PARTNER = "chorale-lstm"
"""The causal model that harmonizes live where this model has not looked ahead."""


class InfillExport:
    """The export of the infilling network (see `onnx_export.ModelExport`)."""

    def __init__(self, network: InfillNetwork, recipe: InfillRecipe) -> None:
        self.network, self.recipe = network, recipe

    def write(self, folder: Path, convert: ConvertFunction | None = None) -> None:
        """Write the files as ONNX graphs of their own, or by `convert` from the Keras functions."""
        if convert is None:
            encoder_graph.write_encoder(self.network.encoder, self.recipe, folder / onnx_nets.CORE_FILE)
            heads_graph.write_heads(self.network.heads, folder / onnx_nets.HEADS_FILE)
        else:
            self._convert(folder, convert)

    def _convert(self, folder: Path, convert: ConvertFunction) -> None:
        encoder, heads = (_without_dropout(model) for model in (self.network.encoder, self.network.heads))
        cells, fields = (len(VOICES),), (len(infill_grid.TRANSPOSED_PLACE_SIZES),)
        shapes = zip(_ENCODER_INPUTS, (cells, cells, fields), strict=True)
        convert(
            encoder,
            {name: ((None, None, *shape), tf.int32) for name, shape in shapes},
            ("hidden", "strike_logits"),
            folder / onnx_nets.CORE_FILE,
        )
        convert(
            heads,
            {
                "hidden": ((None, self.recipe.units), tf.float32),
                "around": ((None, len(VOICES), infill_grid.NEIGHBOUR_COUNT), tf.int32),
            },
            ("pitch_logits",),
            folder / onnx_nets.HEADS_FILE,
        )

    def load_runtime(self, folder: Path, open_session: onnx_nets.SessionFactory | None = None) -> onnx_nets.InfillNet:
        return onnx_nets.InfillNet(folder, open_session)

    def max_difference(self, runtime: onnx_nets.InfillNet, piece: FourPartPiece) -> float:
        """Return the largest difference of a logit over windows of the piece with masked cells, of several lengths."""
        model, worst = self.network.model, 0.0
        for item in infill_batches.validation_windows([piece], _COMPARED_WINDOWS, timing_given=True):
            batch = infill_batches.stack_windows([item], len(item.seen))
            ours = runtime.predict(batch.seen, batch.attacks, batch.place)
            logits, onset_logits = model.predict_on_batch(batch.model_inputs)
            shift = np.repeat(batch.tuning_shift, logits.shape[1])
            pitch_logits = infill_grid.untranspose_logits(logits.reshape(-1, *logits.shape[2:]), shift)
            theirs = pitch_logits.reshape(ours[0].shape), onset_logits
            masked = batch.seen == infill_grid.MASKED
            compared = masked, masked.any(axis=2)
            worst = max(
                worst, *(float(np.abs(a[at] - b[at]).max()) for a, b, at in zip(ours, theirs, compared, strict=True))
            )
        return worst

    def card_facts(self) -> dict[str, Any]:
        return {
            "tasks": ["continue", "harmonize", "mend", "vary"],
            "codec": "infill_grid",
            "partner": LIVE_PARTNER,
            "parameters": int(self.network.model.count_params()),
            "classes": PITCH_INDEX_COUNT,
            "units": self.recipe.units,
            "inputs": {onnx_nets.CORE_FILE: list(_ENCODER_INPUTS), onnx_nets.HEADS_FILE: list(_HEAD_INPUTS)},
            "outputs": {onnx_nets.CORE_FILE: ["hidden", "strike_logits"], onnx_nets.HEADS_FILE: ["pitch_logits"]},
        }


def _without_dropout(model: keras.Model) -> Callable[..., Any]:
    """Return the model as a function of its inputs, without dropout, that returns its outputs as a tuple."""

    def call_model(*inputs: Any) -> tuple[Any, ...]:
        outputs: Any = model(list(inputs), training=False)
        return tuple(outputs) if isinstance(outputs, list | tuple) else (outputs,)

    return call_model
