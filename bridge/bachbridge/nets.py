"""The networks behind two callables, run by onnxruntime.

One thread inside an operator and no spinning: a step of a small network takes less time than waking a second thread,
and the engine's process needs the other core. Used on one thread of the model's process.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bachbridge.codecs import canvas, satb
from bachbridge.errors import ModelError
from bachbridge.library import Card

CORE, HEADS = "model.onnx", "heads.onnx"
_ERRORS_ONLY = 3

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


class Nets:
    """`core` walks one step in time, `heads` is the chain of voices inside a step (shapes in the methods)."""

    __slots__ = ("_core", "_heads", "_state_shape")

    def __init__(self, folder: Path, *, layers: int, units: int) -> None:
        self._core = _session(folder / CORE)
        self._heads = _session(folder / HEADS)
        self._state_shape = (2 * layers, 1, units)

    def initial_state(self) -> Floats:
        """The state of an empty past, `state[2 * layer + (h, c), batch, unit]`."""
        return np.zeros(self._state_shape, np.float32)

    def core(self, ids: Ints, state: Floats) -> tuple[Floats, Floats]:
        """`ids[batch, field]`, `state` → `hidden[batch, unit]` (the view of the next frame), the next state."""
        hidden, after = self._core.run(None, {"ids": ids, "state": state})
        return hidden, after

    def heads(self, hidden: Floats, known: Ints) -> tuple[Floats, Floats]:
        """`hidden[k, unit]`, `known[k, voice]` (-1: open) → pitch logits `[k, voice, class]`, strikes `[k, voice]`."""
        pitch, strike = self._heads.run(None, {"hidden": hidden, "known": known})
        return pitch, strike


class Fill:
    """The infilling network: all open cells of some canvases of equal length at once (see `codecs.canvas`)."""

    __slots__ = ("_heads", "_view")

    def __init__(self, folder: Path) -> None:
        self._view = _session(folder / CORE)
        self._heads = _session(folder / HEADS)

    def fill(
        self, seen: Ints, attacks: Ints, place: Ints, wanted: NDArray[np.bool_] | None = None
    ) -> tuple[Floats, Floats]:
        """One pass: `seen`, `attacks` `[b, t, voice]`, `place[b, t, field]` → what every cell may be.

        Pitch logits `[b, t, voice, class]` and strike logits `[b, t, voice]`, the latter for cells that keep the class
        of the step before. Pitches are worked out only at the steps `wanted[b, t]`, by default those with open cells;
        elsewhere they are 0.
        """
        by = canvas.tuning(seen)
        *told, around = canvas.inputs(seen, attacks, place, by)
        hidden, strike = self._view.run(None, dict(zip(("seen", "attacks", "place"), told, strict=True)))
        at = (seen == canvas.OPEN).any(axis=2) if wanted is None else wanted
        pitch = np.zeros((*seen.shape, satb.CLASSES), np.float32)
        if at.any():
            logits = self._heads.run(None, {"hidden": hidden[at], "around": around[at]})[0]
            pitch[at] = canvas.untuned(logits, by[np.nonzero(at)[0]])
        return pitch, strike


def load_fill(card: Card) -> Fill:
    """The network of a model of codec "canvas" that `library.find` has checked."""
    if card.codec != "canvas":
        raise ModelError(f"{card.name} cannot fill in what is open: choose another model, such as coconet.")
    return Fill(card.folder)


def load(card: Card) -> Nets:
    """The networks of a causal model that `library.find` has checked."""
    if card.codec != "satb":
        other = card.partner or "chorale-lstm"
        raise ModelError(f"{card.name} does not go from frame to frame: choose another model, such as {other}.")
    return Nets(card.folder, layers=card.layers, units=card.units)


def _session(path: Path) -> Any:
    """A session of onnxruntime, whose own types say less than these methods' axes."""
    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    try:
        return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own kinds, all of them straight from Exception
        raise ModelError(f"{path} cannot be loaded by onnxruntime; install the model again ({error})") from error
