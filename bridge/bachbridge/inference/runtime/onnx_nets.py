"""The networks behind two callables, run by onnxruntime.

One thread inside an operator and no spinning: a step of a small network takes less time than waking a second thread,
and the engine's process needs the other core. Used on one thread of the model's process. With something else
than `session` to open the files, another run-time takes its place.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bachbridge.codecs import infill_grid, satb
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import row_cache
from bachbridge.inference.runtime.library import Card

CORE, HEADS = "model.onnx", "heads.onnx"
LEAST = np.float32(1e-20)
"""Added to a probability before the network takes its logarithm."""
_ERRORS_ONLY = 3

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Opened = Callable[[Path], Any]
"""What makes of a file something with the method `run` of a session of onnxruntime."""


class Nets:
    """`core` walks one step in time, `heads` is the chain of voices inside a step (shapes in the methods)."""

    __slots__ = ("_core", "_heads", "_state_shape")

    def __init__(self, folder: Path, *, layers: int, units: int, opened: Opened | None = None) -> None:
        opened = opened or session
        self._core = opened(folder / CORE)
        self._heads = opened(folder / HEADS)
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


State = tuple[Any, ...]
"""Of a network of symbol sequences: arrays, and the rows that it looks back at."""


class Sequence:
    """The network of symbol sequences: `core` takes a symbol in, `heads` says of each field what it may be.

    Where it looks back, the state ends with what it keeps of the last symbols taken in: how long each one's past agrees
    with the present (`run`), and their rows, which states share (see `rows`).
    """

    __slots__ = ("_core", "_heads", "_reach", "_row", "_shapes", "sizes")

    def __init__(self, folder: Path, facts: Mapping[str, Any], opened: Opened | None = None) -> None:
        opened = opened or session
        self.sizes = tuple(int(size) for size in facts["sizes"])
        self._core = opened(folder / CORE)
        self._heads = opened(folder / HEADS) if len(self.sizes) > 1 else None
        self._shapes = [tuple(shape) for shape in facts["state"]]
        memory = facts["memory"] or {"reach": 0, "row": 0}
        self._reach, self._row = int(memory["reach"]), int(memory["row"])

    def initial_state(self) -> State:
        """The state of an empty past."""
        state = tuple(np.zeros(shape, np.float32) for shape in self._shapes)
        return (*state, np.zeros((1, 0), np.float32), row_cache.none(self._row)) if self._reach else state

    def core(self, ids: Ints, state: State) -> tuple[Floats, State]:
        """`ids[1, field]` (all zeros: the beginning), `state` → `hidden[1, unit]`, the next state."""
        inputs: dict[str, Any] = {"ids": ids, "state": state[0], "before": state[1]}
        if not self._reach:
            hidden, *after = self._core.run(None, inputs)
            return hidden, tuple(after)
        run, kept = state[2:]
        inputs |= {"rows": kept.seen, "run": run}
        hidden, lstm, before, row, run, *shares = self._core.run(None, inputs)
        kept = kept.with_row(row[0, 0], self._reach)
        if shares:
            symbols, first = kept.seen[0, :, -1], self.sizes[0]
            hidden[0, :first] = mixed(hidden[0, :first], shares[0][0, -len(symbols) :], symbols)
        return hidden, (lstm, before, run[:, -self._reach :], kept)

    def heads(self, hidden: Floats, known: Ints) -> Floats:
        """`hidden[k, unit]`, `known[k, field]` (-1: open) → logits of all fields' ids, one after another, `[k, id]`.

        Only those of the first open field are meant. Those of the first field are in `hidden`, whatever is known.
        """
        if self._heads is None:
            return hidden
        first = self.sizes[0]
        if (known[:, 0] < 0).all():
            return np.pad(hidden[:, :first], [(0, 0), (0, sum(self.sizes) - first)])
        (logits,) = self._heads.run(None, {"hidden": hidden, "known": known})
        return logits

    def fields(self, hidden: Floats, ids: Ints) -> Iterator[Floats]:
        """What `heads` says of one field after another, each given those before it in `ids[1, field]`."""
        for field in range(len(self.sizes)):
            yield self.heads(hidden, np.where(np.arange(len(self.sizes)) < field, ids, -1).astype(np.int32))


def mixed(logits: Floats, shares: Floats, symbols: Floats) -> Floats:
    """What may be new and what is copied: `logits[id]`, the `shares[row]` of the rows' `symbols`.

    The logits are logarithms of probabilities that add up to what the shares leave; none of them is 0 (see `LEAST`).
    """
    copied = np.bincount(symbols.astype(np.intp), shares, len(logits))
    return np.log(np.exp(logits) + copied.astype(np.float32))


class Fill:
    """The infilling network: all open cells of some canvases of equal length at once (see `codecs.canvas`)."""

    __slots__ = ("_heads", "_view")

    def __init__(self, folder: Path, opened: Opened | None = None) -> None:
        opened = opened or session
        self._view = opened(folder / CORE)
        self._heads = opened(folder / HEADS)

    def fill(
        self, seen: Ints, attacks: Ints, place: Ints, wanted: NDArray[np.bool_] | None = None
    ) -> tuple[Floats, Floats]:
        """One pass: `seen`, `attacks` `[b, t, voice]`, `place[b, t, field]` → what every cell may be.

        Pitch logits `[b, t, voice, class]` and strike logits `[b, t, voice]`, the latter for cells that keep the class
        of the step before. Pitches are worked out only at the steps `wanted[b, t]`, by default those with open cells;
        elsewhere they are 0.
        """
        by = infill_grid.tuning(seen)
        *told, around = infill_grid.inputs(seen, attacks, place, by)
        hidden, strike = self._view.run(None, dict(zip(("seen", "attacks", "place"), told, strict=True)))
        at = (seen == infill_grid.OPEN).any(axis=2) if wanted is None else wanted
        pitch = np.zeros((*seen.shape, satb.CLASSES), np.float32)
        if at.any():
            logits = self._heads.run(None, {"hidden": hidden[at], "around": around[at]})[0]
            pitch[at] = infill_grid.untuned(logits, by[np.nonzero(at)[0]])
        return pitch, strike


def load_fill(card: Card, opened: Opened | None = None) -> Fill:
    """The network of a model of codec "canvas" that `library.find` has checked."""
    if card.codec != "canvas":
        raise ModelError(f"{card.name} cannot fill in what is open: choose another model, such as coconet.")
    return Fill(card.folder, opened)


def load_sequence(card: Card, opened: Opened | None = None) -> Sequence:
    """The network of a model of symbol sequences that `library.find` has checked."""
    if "sizes" not in card.facts:
        raise ModelError(f"{card.name} does not go from symbol to symbol: choose another model, such as play-bach.")
    return Sequence(card.folder, card.facts, opened)


def load(card: Card, opened: Opened | None = None) -> Nets:
    """The networks of a causal model that `library.find` has checked."""
    if card.codec != "satb":
        other = card.partner or "chorale-lstm"
        raise ModelError(f"{card.name} does not go from frame to frame: choose another model, such as {other}.")
    return Nets(card.folder, layers=card.layers, units=card.units, opened=opened)


def session(path: Path) -> Any:
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
