"""The inputs of a model's files while it reads music: the representative set from which fixed ranges are found.

The inputs are real ones, with the states and the memory that the networks themselves made of the music before. A few
of all the inputs of a file are kept, each with the same probability (J. S. Vitter, "Random sampling with a reservoir",
ACM Transactions on Mathematical Software, 1985).

The calibration of ranges needs inputs of one size. So all are cropped to a size that at least three in four of them
have, and the smaller ones are left out. This is sound because the last rows of a memory are a memory, the end of a
window is a window, and some frames of a piece are frames.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.runs.families import family_of

Inputs = Mapping[str, np.ndarray]
"""The inputs of one call of a file: an array for each name."""

INPUTS_PER_FILE = 512
"""Inputs kept of each file; enough to contain rare values, since values beyond the observed range are clipped."""
MAX_PIECES = 8
_SEED = 1


def collect_inputs(
    card: Card, pieces: Sequence[Any], inputs_per_file: int = INPUTS_PER_FILE
) -> dict[str, list[Inputs]]:
    """Let the model read at most `MAX_PIECES` pieces, evenly spread, and return the inputs of each file by its name."""
    sessions: dict[str, _RecordingSession] = {}

    def open_session(path: Path) -> _RecordingSession:
        sessions[path.name] = _RecordingSession(onnx_nets.onnx_session(path), inputs_per_file)
        return sessions[path.name]

    family, stride = family_of(card.codec), -(-len(pieces) // MAX_PIECES)
    family.held_out_logits(card, family.load_runtime(card, open_session), pieces[::stride])
    return {name: crop_to_common_size(session.inputs) for name, session in sessions.items()}


class _RecordingSession:
    """A session of onnxruntime that keeps some of its inputs."""

    def __init__(self, session: Any, capacity: int) -> None:
        self.inputs: list[Inputs] = []
        self._session, self._capacity, self._calls = session, capacity, 0
        self._rng = np.random.default_rng(_SEED)

    def run(self, names: None, inputs: Inputs) -> list[Any]:
        """Return the session's outputs."""
        if all(values.size for values in inputs.values()):
            self._calls += 1
            if len(self.inputs) < self._capacity:
                self.inputs.append(inputs)
            elif (at := int(self._rng.integers(self._calls))) < self._capacity:
                self.inputs[at] = inputs
        return self._session.run(names, inputs)


def crop_to_common_size(inputs: Sequence[Inputs]) -> list[Inputs]:
    """Crop all inputs to the lower quartile of their sizes along each axis; smaller ones are left out."""
    shapes = {name: np.array([call[name].shape for call in inputs]) for name in inputs[0]}
    cropped = {name: np.sort(sizes, axis=0)[len(sizes) // 4].tolist() for name, sizes in shapes.items()}
    is_large = np.all([(sizes >= cropped[name]).all(axis=1) for name, sizes in shapes.items()], axis=0)
    return [_crop_inputs(call, cropped) for call, large in zip(inputs, is_large, strict=True) if large]


def _crop_inputs(inputs: Inputs, sizes: Mapping[str, list[int]]) -> Inputs:
    """Keep the end of each axis."""
    ends = {name: tuple(slice(-size, None) for size in shape) for name, shape in sizes.items()}
    return {name: np.ascontiguousarray(values[ends[name]]) for name, values in inputs.items()}
