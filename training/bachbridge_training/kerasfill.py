"""A network that is still Keras's as the scores and the sampler want theirs: before it is exported, or never.

On a graphics card each new shape is compiled anew, which takes longer than all the sums; a network that knows what
lies beyond the music's ends (`canvas.OUTSIDE`) may be fed a few shapes only, and says the same.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from bachbridge.codecs import canvas

_STEPS = 64
"""A multiple of this is how many steps a padded canvas has; and a power of two is how many canvases go in."""

Inputs = Callable[[np.ndarray, np.ndarray, np.ndarray], list[np.ndarray]]


class KerasFill:
    """`inputs` makes what `model` takes of `seen`, `attacks` and `place`."""

    __slots__ = ("_inputs", "_model", "_padded")

    def __init__(self, model: keras.Model, inputs: Inputs, *, padded: bool = False) -> None:
        self._model, self._inputs, self._padded = model, inputs, padded

    def fill(
        self,
        seen: np.ndarray,
        attacks: np.ndarray,
        place: np.ndarray,
        wanted: np.ndarray | None = None,  # noqa: ARG002 # all steps are worked out
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pitch logits `[b, t, voice, class]` and strikes `[b, t, voice]`; without strikes nothing is struck again."""
        rows, steps = seen.shape[:2]
        told = (seen, attacks, place)
        if self._padded:
            told = tuple(_padded(its, value) for its, value in zip(told, (canvas.OUTSIDE, 0, 0), strict=True))
        found: Any = self._model.predict_on_batch(self._inputs(*told))
        pitch, strike = found if isinstance(found, list | tuple) else (found, np.full(told[0].shape, -30, np.float32))
        return np.asarray(pitch)[:rows, :steps], np.asarray(strike)[:rows, :steps]


def canvas_fill(model: keras.Model) -> KerasFill:
    """Of an infilling network in training (`infilling.Parts.whole`)."""
    return KerasFill(model, canvas.inputs, padded=True)


def _padded(its: np.ndarray, value: int) -> np.ndarray:
    rows, steps = its.shape[:2]
    more = ((0, (1 << (rows - 1).bit_length()) - rows), (0, -steps % _STEPS), (0, 0))
    return np.pad(its, more, constant_values=value).astype(np.int32)
