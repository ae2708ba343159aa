"""The file of the network of phrase ends."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bachbridge.codecs import phrase_features
from bachbridge.inference.runtime import onnx_nets
from bachbridge_training.onnx_export import ConvertFunction, convert_to_onnx
from bachbridge_training.phrasing.melodies import PhrasedMelody
from bachbridge_training.phrasing.net import PhrasingNetwork


class PhrasingExport:
    """The export of the network (see `onnx_export.ModelExport`)."""

    def __init__(self, network: PhrasingNetwork) -> None:
        self.network, self.recipe = network, network.recipe

    def write(self, folder: Path, convert: ConvertFunction = convert_to_onnx) -> None:
        inputs = {"features": ((None, phrase_features.FEATURE_COUNT), tf.float32)}
        convert(lambda features: (self.network.logits(features),), inputs, ("logits",), folder / onnx_nets.CORE_FILE)

    def load_runtime(self, folder: Path, open_session: onnx_nets.SessionFactory | None = None) -> onnx_nets.PhraseNet:
        return onnx_nets.PhraseNet(folder, open_session)

    def max_difference(self, runtime: onnx_nets.PhraseNet, piece: PhrasedMelody) -> float:
        """Return the largest difference of a logit of the piece."""
        features = phrase_features.feature_rows(piece.notes)
        return float(np.abs(runtime.logits(features) - np.asarray(self.network.logits(features))).max())

    def card_facts(self) -> dict[str, Any]:
        return {
            "tasks": [],
            "codec": "phrase_ends",
            "features": phrase_features.FEATURE_COUNT,
            "distances": phrase_features.DISTANCE_CLASSES,
            "inputs": {onnx_nets.CORE_FILE: ["features"]},
            "outputs": {onnx_nets.CORE_FILE: ["logits"]},
        }
