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

from bachbridge.codecs import infill_grid
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import row_cache
from bachbridge.inference.runtime.library import Card
from bachbridge.music.frames import PITCH_INDEX_COUNT, Floats, Ints

CORE_FILE, HEADS_FILE = "model.onnx", "heads.onnx"
MIN_PROBABILITY = np.float32(1e-20)
"""Added to a probability before the network takes its logarithm."""
_ERRORS_ONLY = 3

SessionFactory = Callable[[Path], Any]
"""What makes of a file something with the method `run` of a session of onnxruntime."""


class ChoraleNet:
    """`core` walks one step in time, `heads` is the chain of voices inside a step (shapes in the methods)."""

    __slots__ = ("_core", "_heads", "_state_shape")

    def __init__(self, folder: Path, *, layers: int, units: int, open_session: SessionFactory | None = None) -> None:
        open_session = open_session or onnx_session
        self._core = open_session(folder / CORE_FILE)
        self._heads = open_session(folder / HEADS_FILE)
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


class SymbolNet:
    """The network of symbol sequences: `core` takes a symbol in, `heads` says of each field what it may be.

    Where it looks back, the state ends with what it keeps of the last symbols taken in: how long each one's past agrees
    with the present (`run`), and their rows, which states share (see `rows`).
    """

    __slots__ = ("_core", "_heads", "_memory_reach", "_memory_width", "_state_shapes", "vocab_sizes")

    def __init__(self, folder: Path, facts: Mapping[str, Any], open_session: SessionFactory | None = None) -> None:
        open_session = open_session or onnx_session
        self.vocab_sizes = tuple(int(size) for size in facts["sizes"])
        self._core = open_session(folder / CORE_FILE)
        self._heads = open_session(folder / HEADS_FILE) if len(self.vocab_sizes) > 1 else None
        self._state_shapes = [tuple(shape) for shape in facts["state"]]
        memory = facts["memory"] or {"reach": 0, "row": 0}
        self._memory_reach, self._memory_width = int(memory["reach"]), int(memory["row"])

    def initial_state(self) -> State:
        """The state of an empty past."""
        state = tuple(np.zeros(shape, np.float32) for shape in self._state_shapes)
        return (
            (*state, np.zeros((1, 0), np.float32), row_cache.empty(self._memory_width)) if self._memory_reach else state
        )

    def core(self, ids: Ints, state: State) -> tuple[Floats, State]:
        """`ids[1, field]` (all zeros: the beginning), `state` → `hidden[1, unit]`, the next state."""
        inputs: dict[str, Any] = {"ids": ids, "state": state[0], "before": state[1]}
        if not self._memory_reach:
            hidden, *after = self._core.run(None, inputs)
            return hidden, tuple(after)
        run, kept = state[2:]
        inputs |= {"rows": kept.array, "run": run}
        hidden, lstm, before, row, run, *shares = self._core.run(None, inputs)
        kept = kept.with_row(row[0, 0], self._memory_reach)
        if shares:
            symbols, first = kept.array[0, :, -1], self.vocab_sizes[0]
            hidden[0, :first] = add_copy_shares(hidden[0, :first], shares[0][0, -len(symbols) :], symbols)
        return hidden, (lstm, before, run[:, -self._memory_reach :], kept)

    def heads(self, hidden: Floats, known: Ints) -> Floats:
        """`hidden[k, unit]`, `known[k, field]` (-1: open) → logits of all fields' ids, one after another, `[k, id]`.

        Only those of the first open field are meant. Those of the first field are in `hidden`, whatever is known.
        """
        if self._heads is None:
            return hidden
        first = self.vocab_sizes[0]
        if (known[:, 0] < 0).all():
            return np.pad(hidden[:, :first], [(0, 0), (0, sum(self.vocab_sizes) - first)])
        (logits,) = self._heads.run(None, {"hidden": hidden, "known": known})
        return logits

    def field_logits(self, hidden: Floats, ids: Ints) -> Iterator[Floats]:
        """What `heads` says of one field after another, each given those before it in `ids[1, field]`."""
        for field in range(len(self.vocab_sizes)):
            yield self.heads(hidden, np.where(np.arange(len(self.vocab_sizes)) < field, ids, -1).astype(np.int32))


def add_copy_shares(logits: Floats, shares: Floats, symbols: Floats) -> Floats:
    """What may be new and what is copied: `logits[id]`, the `shares[row]` of the rows' `symbols`.

    The logits are logarithms of probabilities that add up to what the shares leave; none of them is 0 (see `LEAST`).
    """
    copied = np.bincount(symbols.astype(np.intp), shares, len(logits))
    return np.log(np.exp(logits) + copied.astype(np.float32))


class InfillNet:
    """The infilling network: all open cells of some canvases of equal length at once (see `codecs.canvas`)."""

    __slots__ = ("_core", "_heads")

    def __init__(self, folder: Path, open_session: SessionFactory | None = None) -> None:
        open_session = open_session or onnx_session
        self._core = open_session(folder / CORE_FILE)
        self._heads = open_session(folder / HEADS_FILE)

    def predict(
        self, seen: Ints, attacks: Ints, place: Ints, wanted: NDArray[np.bool_] | None = None
    ) -> tuple[Floats, Floats]:
        """One pass: `seen`, `attacks` `[b, t, voice]`, `place[b, t, field]` → what every cell may be.

        Pitch logits `[b, t, voice, class]` and strike logits `[b, t, voice]`, the latter for cells that keep the class
        of the step before. Pitches are worked out only at the steps `wanted[b, t]`, by default those with open cells;
        elsewhere they are 0.
        """
        by = infill_grid.key_shifts(seen)
        *told, around = infill_grid.network_inputs(seen, attacks, place, by)
        hidden, strike = self._core.run(None, dict(zip(("seen", "attacks", "place"), told, strict=True)))
        at = (seen == infill_grid.MASKED).any(axis=2) if wanted is None else wanted
        pitch = np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)
        if at.any():
            logits = self._heads.run(None, {"hidden": hidden[at], "around": around[at]})[0]
            pitch[at] = infill_grid.untranspose_logits(logits, by[np.nonzero(at)[0]])
        return pitch, strike


def load_infill_net(card: Card, open_session: SessionFactory | None = None) -> InfillNet:
    """The network of a model of codec "canvas" that `library.find` has checked."""
    if card.codec != "canvas":
        raise ModelError(f"{card.name} cannot fill in what is open: choose another model, such as coconet.")
    return InfillNet(card.folder, open_session)


def load_symbol_net(card: Card, open_session: SessionFactory | None = None) -> SymbolNet:
    """The network of a model of symbol sequences that `library.find` has checked."""
    if "sizes" not in card.facts:
        raise ModelError(f"{card.name} does not go from symbol to symbol: choose another model, such as play-bach.")
    return SymbolNet(card.folder, card.facts, open_session)


def load_chorale_net(card: Card, open_session: SessionFactory | None = None) -> ChoraleNet:
    """The networks of a causal model that `library.find` has checked."""
    if card.codec != "satb":
        other = card.partner or "chorale-lstm"
        raise ModelError(f"{card.name} does not go from frame to frame: choose another model, such as {other}.")
    return ChoraleNet(card.folder, layers=card.layers, units=card.units, open_session=open_session)


def onnx_session(path: Path) -> Any:
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
