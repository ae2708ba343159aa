"""The files of the causal network: one step of the recurrent core, and the chain of heads inside a step.

The core's state is an input and an output. The heads are a file of their own, because they run several times per step.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bachbridge.codecs import satb, satb_copies
from bachbridge.inference.runtime import onnx_nets
from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES
from bachbridge_training.chorale import net as chorale_net
from bachbridge_training.chorale.net import ChoraleNetwork
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.onnx_export import ConvertFunction, convert_to_onnx

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

_LOWEST_COMPARED = -30.0
"""Log probabilities below this are not told apart (see `onnx_nets.MIN_PROBABILITY`)."""
_COMPARED_STEPS = 64
"""Steps of a piece on which Keras and a run-time are compared."""


class ChoraleExport:
    """The export of the causal network (see `onnx_export.ModelExport`)."""

    def __init__(self, network: ChoraleNetwork) -> None:
        self.network, self.recipe = network, network.recipe

    def write(self, folder: Path, convert: ConvertFunction = convert_to_onnx) -> None:
        recipe = self.recipe
        convert(
            lambda ids, state: chorale_net.core(self.network, ids, state, tf.gather),
            {
                "ids": ((None, satb.FIELD_COUNT), tf.int32),
                "state": ((2 * recipe.layers, None, recipe.units), tf.float32),
            },
            ("hidden", "state_out"),
            folder / onnx_nets.CORE_FILE,
        )
        convert(
            lambda hidden, known: chorale_net.heads(self.network, hidden, known, tf.gather),
            {
                "hidden": ((None, (len(VOICES) + 1) * recipe.head + len(VOICES)), tf.float32),
                "known": ((None, len(VOICES)), tf.int32),
            },
            ("pitch_logits", "strike_logits"),
            folder / onnx_nets.HEADS_FILE,
        )
        if self.network.pointer:
            convert(
                lambda *inputs: (self._mix(*inputs),),
                {
                    "logits": ((None, len(VOICES), PITCH_INDEX_COUNT), tf.float32),
                    "copies": ((None, satb_copies.COPY_COUNT, satb_copies.COPY_FIELDS), tf.int32),
                    "known": ((None, len(VOICES)), tf.int32),
                    "before": ((None, len(VOICES)), tf.int32),
                },
                ("pitch_logits",),
                folder / onnx_nets.POINTER_FILE,
            )

    def _mix(self, logits: Any, copies: Any, known: Any, before: Any) -> Any:
        """Return the pointer's log probabilities `[k, voice, pitch index]`; every head sees `known[k, voice]`."""
        assert self.network.pointer
        return self.network.pointer.mix(logits, copies, known[:, None], before, gather=tf.gather)

    def load_runtime(self, folder: Path, open_session: onnx_nets.SessionFactory | None = None) -> onnx_nets.ChoraleNet:
        return onnx_nets.ChoraleNet(
            folder,
            layers=self.recipe.layers,
            units=self.recipe.units,
            pointer={"calibration": self.recipe.calibration} if self.recipe.pointer else None,
            open_session=open_session,
        )

    def max_difference(self, runtime: onnx_nets.ChoraleNet, piece: FourPartPiece) -> float:
        """Return the largest difference of a logit over the first steps of the piece."""
        item = four_part_windows.whole_piece(piece, with_onsets=True, with_position=True, with_copies=True)
        assert item.copies is not None
        state = runtime.initial_state()
        keras_state: Any = ops.convert_to_tensor(state[: 2 * self.recipe.layers])
        worst = 0.0
        for step in range(min(_COMPARED_STEPS, len(item.ids))):
            ids, known = item.ids[step : step + 1], item.pitch_indices[step : step + 1]
            hidden, state = runtime.core(ids, state)
            keras_hidden, keras_state = chorale_net.core(self.network, ids, keras_state)
            ours = _normalized(*runtime.heads(hidden, known))
            logits, onset_logits = chorale_net.heads(self.network, keras_hidden, known)
            if self.network.pointer:
                before = ops.cast(keras_hidden[:, -len(VOICES) :], "int32")
                logits = self.network.pointer(logits, item.copies[step : step + 1], known[:, None], before)
            theirs = _normalized(np.asarray(logits), np.asarray(onset_logits))
            worst = max(worst, *(float(np.abs(a - np.asarray(b)).max()) for a, b in zip(ours, theirs, strict=True)))
        return worst

    def card_facts(self) -> dict[str, Any]:
        files = self._pointer_facts() if self.network.pointer else {"inputs": {}, "outputs": {}}
        return {
            "tasks": ["continue", "harmonize"],
            "codec": "satb",
            "chain": [VOICES[voice] for voice in four_part_windows.VOICE_ORDER],
            "layers": self.recipe.layers,
            "units": self.recipe.units,
            "classes": PITCH_INDEX_COUNT,
            "fields": satb.FIELD_COUNT,
            **files,
            "inputs": {
                onnx_nets.CORE_FILE: ["ids", "state"],
                onnx_nets.HEADS_FILE: ["hidden", "known"],
                **files["inputs"],
            },
            "outputs": {
                onnx_nets.CORE_FILE: ["hidden", "state_out"],
                onnx_nets.HEADS_FILE: ["pitch_logits", "strike_logits"],
                **files["outputs"],
            },
        }

    def _pointer_facts(self) -> dict[str, Any]:
        return {
            "pointer": {"calibration": self.recipe.calibration},
            "inputs": {onnx_nets.POINTER_FILE: ["logits", "copies", "known", "before"]},
            "outputs": {onnx_nets.POINTER_FILE: ["pitch_logits"]},
        }


def _normalized(pitch: np.ndarray, onset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log probabilities of pitches, and onset logits.

    A pointer gives log probabilities that have a lower bound, and leaves logits where there are no copies.
    """
    log_p = pitch - np.logaddexp.reduce(pitch, axis=-1, keepdims=True)
    return np.maximum(log_p, _LOWEST_COMPARED), onset
