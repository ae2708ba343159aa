"""What a model's files are fed while it reads music: the representative set by which fixed ranges are found.

The inputs are the true ones: the states, and the memory, that the networks themselves made of the music before. Of all
that a file is fed, a few inputs are kept, each with the same chance (J. S. Vitter, "Random sampling with a reservoir",
ACM Transactions on Mathematical Software, 1985).

Who watches ranges wants inputs of one size. So all are cut to a size that three in four of them have at least, and the
smaller ones are left out: the last rows of a memory are a memory, the end of a window is a window, some frames of a
piece are frames.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.formats import parity

Inputs = Mapping[str, np.ndarray]
"""Of one call of a file: an array for each input."""

INPUTS_PER_FILE = 512
"""Of a file, so many inputs: what is rare has to be seen, for beyond the range that was seen all is cut off."""
MAX_PIECES = 8
_SEED = 1


def collect_inputs(
    card: Card, pieces: Sequence[Any], inputs_per_file: int = INPUTS_PER_FILE
) -> dict[str, list[Inputs]]:
    """Let the model read some of the pieces, from all over their list; of each file, what it was fed."""
    cases: dict[str, _RecordingSession] = {}

    def opened(path: Path) -> _RecordingSession:
        cases[path.name] = _RecordingSession(onnx_nets.onnx_session(path), inputs_per_file)
        return cases[path.name]

    parity.held_out_logits(card, parity.load_runtime(card, opened), pieces[:: -(-len(pieces) // MAX_PIECES)])
    return {name: crop_to_common_size(case.inputs) for name, case in cases.items()}


class _RecordingSession:
    """A session of onnxruntime that keeps some of what it is fed."""

    def __init__(self, session: Any, capacity: int) -> None:
        self.inputs: list[Inputs] = []
        self._session, self._capacity, self._calls = session, capacity, 0
        self._rng = np.random.default_rng(_SEED)

    def run(self, names: None, inputs: Inputs) -> list[Any]:
        """The session's outputs."""
        if all(values.size for values in inputs.values()):
            self._calls += 1
            if len(self.inputs) < self._capacity:
                self.inputs.append(inputs)
            elif (at := int(self._rng.integers(self._calls))) < self._capacity:
                self.inputs[at] = inputs
        return self._session.run(names, inputs)


def crop_to_common_size(inputs: Sequence[Inputs]) -> list[Inputs]:
    """All of one size, along each axis that of the lower quartile."""
    sizes = {name: np.array([its[name].shape for its in inputs]) for name in inputs[0]}
    least = {name: np.sort(its, axis=0)[len(its) // 4].tolist() for name, its in sizes.items()}
    large = np.all([(its >= least[name]).all(axis=1) for name, its in sizes.items()], axis=0)
    return [_crop_inputs(its, least) for its, one in zip(inputs, large, strict=True) if one]


def _crop_inputs(inputs: Inputs, sizes: Mapping[str, list[int]]) -> Inputs:
    """The last of each axis."""
    ends = {name: tuple(slice(-size, None) for size in its) for name, its in sizes.items()}
    return {name: np.ascontiguousarray(values[ends[name]]) for name, values in inputs.items()}
