"""The networks of the three families, run by onnxruntime (see `runtime.protocols` for their interfaces).

One thread inside an operator and no spinning: a step of a small network takes less time than waking a second thread,
and the engine's process needs the other core. Used on the main thread of the model process. Another run-time can take
the place of onnxruntime with another `SessionFactory`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import onnxruntime
from msgspec import Meta

from bachbridge.atomic_files import read_limited_bytes
from bachbridge.codecs import infill_beat, infill_grid, satb
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import pointer_state, row_cache
from bachbridge.inference.runtime.families import HELPER_FAMILY
from bachbridge.inference.runtime.library import Card, is_shipped
from bachbridge.inference.runtime.network_check import MAX_NETWORK_BYTES, check_network
from bachbridge.inference.runtime.pointer_state import PointerView
from bachbridge.inference.runtime.protocols import State
from bachbridge.music.frames import PITCH_INDEX_COUNT, Bools, Floats, Ints

CORE_FILE, HEADS_FILE, POINTER_FILE = "model.onnx", "heads.onnx", "pointer.onnx"
STEPS_INPUT, CELLS_INPUT = "steps", "cells"
"""Optional inputs of an infilling network: the steps that are wanted of its core, counted through the batch, and the
cells that are wanted of its heads, counted through the rows of one voice after another."""
MIN_PROBABILITY = np.float32(1e-20)
"""Added to a probability before the network takes its logarithm."""
_ERRORS_ONLY = 3

SessionFactory = Callable[[Path], Any]
"""Opens a file and returns an object with the method `run` of an onnxruntime session."""


class _PointerFacts(msgspec.Struct):
    """The fact on the card of a chorale model with a pointer: the temperature of the network's own distribution."""

    calibration: Annotated[float, Meta(gt=0)]


class ChoraleNet:
    """A causal network over frames: `core` makes one step in time, `heads` is the chain of voices inside a step.

    With a pointer the state ends with what is remembered of each past, and `hidden` with the copies (`pointer_state`).
    """

    __slots__ = ("_calibration", "_core", "_heads", "_layer_rows", "_pointer", "_seen", "_state_shape")

    def __init__(
        self,
        folder: Path,
        *,
        layers: int,
        units: int,
        pointer: Mapping[str, float] | None = None,
        open_session: SessionFactory | None = None,
    ) -> None:
        open_session = open_session or onnx_session
        self._core = open_session(folder / CORE_FILE)
        self._heads = open_session(folder / HEADS_FILE)
        self._pointer = open_session(folder / POINTER_FILE) if pointer else None
        self._calibration = np.float32(pointer["calibration"] if pointer else 1.0)
        self._seen: PointerView | None = None
        """The parts of the last `hidden`: one of these serves several calls of `heads`."""
        self._layer_rows = 2 * layers
        memory_rows = pointer_state.row_count(units) if pointer else 0
        self._state_shape = (self._layer_rows + memory_rows, 1, units)

    def initial_state(self) -> Floats:
        """The state of an empty past, `state[2 * layer + (h, c), batch, unit]`, then rows of a pointer's memory."""
        return np.zeros(self._state_shape, np.float32)

    def core(self, ids: Ints, state: Floats) -> tuple[Floats, Floats]:
        """`ids[batch, field]`, `state` → `hidden[batch, unit]` (the view of the next frame), the next state."""
        layers = self._layer_rows
        inputs = {"ids": ids, "state": np.ascontiguousarray(state[:layers])}
        if self._pointer is None:
            hidden, after = self._core.run(None, inputs)
            return hidden, after
        before = satb.previous_pitch_indices(ids)
        kept, copies = pointer_state.remember(state[layers:], before)
        network_view, after = self._core.run(None, inputs)
        self._seen = PointerView.join(network_view, copies, before)
        return self._seen.hidden, np.concatenate([after, kept])

    def heads(self, hidden: Floats, known: Ints) -> tuple[Floats, Floats]:
        """`hidden[k, unit]`, `known[k, voice]` (-1: unknown) → pitch logits `[k, voice, pitch_index]`, onset logits."""
        if self._pointer is None:
            pitch, onset = self._heads.run(None, {"hidden": hidden, "known": known})
            return pitch, onset
        seen = self._seen
        if seen is None or hidden is not seen.hidden:
            seen = self._seen = PointerView.split(hidden)
        pitch, onset = self._heads.run(None, {"hidden": seen.network_view, "known": known})
        if not seen.has_copies:
            pitch /= self._calibration
            return pitch, onset
        inputs = {"logits": pitch, "copies": seen.copies, "known": known, "before": seen.before}
        (mixed,) = self._pointer.run(None, inputs)
        return mixed, onset


_Count = Annotated[int, Meta(ge=1, le=1 << 20)]


class _Memory(msgspec.Struct):
    reach: Annotated[int, Meta(ge=0, le=1 << 14)]
    row: Annotated[int, Meta(ge=0, le=1 << 12)]
    melodic_sequences: bool = False


class _SymbolNetFacts(msgspec.Struct):
    """The sizes on the card of a symbols model; they bound the memory of its states."""

    sizes: Annotated[list[_Count], Meta(min_length=1, max_length=8)]
    state: Annotated[
        list[Annotated[list[Annotated[int, Meta(ge=1, le=1 << 12)]], Meta(max_length=3)]], Meta(max_length=4)
    ]
    memory: _Memory | None = None


def kept_names(*, melodic_sequences: bool) -> tuple[str, ...]:
    """Return the names of the inputs that hold a number for each of the last symbols, for a network with attention."""
    return ("run", "motions", "motion_run") if melodic_sequences else ("run",)


class SymbolNet:
    """A causal network over symbols: `core` takes a symbol in, `heads` predicts one field after another.

    If it has attention, the state ends with what it keeps of the last symbols: how long each one's past agrees with the
    present (`run`); if it follows melodic sequences, the motions to them and how long these agree;
    and their rows, which states share (see `row_cache`).
    """

    __slots__ = ("_core", "_heads", "_kept_names", "_memory_reach", "_memory_width", "_state_shapes", "vocab_sizes")

    def __init__(self, folder: Path, facts: Mapping[str, Any], open_session: SessionFactory | None = None) -> None:
        open_session = open_session or onnx_session
        self.vocab_sizes = tuple(int(size) for size in facts["sizes"])
        self._core = open_session(folder / CORE_FILE)
        self._heads = open_session(folder / HEADS_FILE) if len(self.vocab_sizes) > 1 else None
        self._state_shapes = [tuple(shape) for shape in facts["state"]]
        memory = facts.get("memory") or {"reach": 0, "row": 0}
        self._memory_reach, self._memory_width = int(memory["reach"]), int(memory["row"])
        self._kept_names = kept_names(melodic_sequences=bool(memory.get("melodic_sequences")))

    def initial_state(self) -> State:
        """The state of an empty past."""
        state = tuple(np.zeros(shape, np.float32) for shape in self._state_shapes)
        if not self._memory_reach:
            return state
        kept = (np.zeros((1, 0), np.float32) for _ in self._kept_names)
        return (*state, *kept, row_cache.empty(self._memory_width))

    def core(self, ids: Ints, state: State) -> tuple[Floats, State]:
        """`ids[1, field]` (all zeros: the beginning), `state` → `hidden[1, unit]`, the next state."""
        inputs: dict[str, Any] = {"ids": ids, "state": state[0], "before": state[1]}
        if not self._memory_reach:
            hidden, *after = self._core.run(None, inputs)
            return hidden, tuple(after)
        *kept, rows = state[2:]
        inputs |= {"rows": rows.array, **dict(zip(self._kept_names, kept, strict=True))}
        hidden, lstm, before, row, *grown = self._core.run(None, inputs)
        rows = rows.with_row(row[0, 0], self._memory_reach)
        grown, shares = grown[: len(kept)], grown[len(kept) :]
        if shares:
            symbols, first_size = rows.array[0, :, -1], self.vocab_sizes[0]
            hidden[0, :first_size] = add_copy_shares(hidden[0, :first_size], shares[0][0, -len(symbols) :], symbols)
        return hidden, (lstm, before, *(values[:, -self._memory_reach :] for values in grown), rows)

    def heads(self, hidden: Floats, known: Ints) -> Floats:
        """`hidden[k, unit]`, `known[k, field]` (-1: unknown) → logits of all fields' ids side by side, `[k, id]`.

        Only those of the first unknown field are valid. Those of the first field are in `hidden`, whatever is known.
        """
        if self._heads is None:
            return hidden
        first_size = self.vocab_sizes[0]
        if max(known[:, 0].tolist()) < 0:
            logits = np.zeros((len(hidden), sum(self.vocab_sizes)), np.float32)
            logits[:, :first_size] = hidden[:, :first_size]
            return logits
        (logits,) = self._heads.run(None, {"hidden": hidden, "known": known})
        return logits

    def field_logits(self, hidden: Floats, ids: Ints) -> Iterator[Floats]:
        """Yield the logits of one field after another, each given those before it in `ids[1, field]`."""
        known = np.full_like(ids, -1)
        for field in range(len(self.vocab_sizes)):
            yield self.heads(hidden, known)
            known[:, field] = ids[:, field]


def add_copy_shares(logits: Floats, shares: Floats, symbols: Floats) -> Floats:
    """Mix the probabilities of new symbols, `logits[id]`, with the copying `shares[row]` of the rows' `symbols[row]`.

    The logits are logarithms of probabilities that add up to what the shares leave; none of these is 0 (see
    `MIN_PROBABILITY`).
    """
    copied = np.bincount(symbols.astype(np.intp), shares, len(logits))
    return np.log(np.exp(logits) + copied.astype(np.float32))


class InfillNet:
    """The infilling network: it predicts all masked cells of some canvases of equal length (`codecs.infill_grid`)."""

    __slots__ = ("_core", "_heads", "_optional_inputs")

    def __init__(self, folder: Path, open_session: SessionFactory | None = None) -> None:
        open_session = open_session or onnx_session
        self._core = open_session(folder / CORE_FILE)
        self._heads = open_session(folder / HEADS_FILE)
        self._optional_inputs = _optional_inputs(self._core) | _optional_inputs(self._heads)

    def predict(self, seen: Ints, attacks: Ints, place: Ints, wanted: Bools | None = None) -> tuple[Floats, Floats]:
        """`seen`, `attacks` `[b, t, voice]`, `place[b, t, field]` → pitch logits and onset logits of every cell.

        Pitch logits are `[b, t, voice, pitch_index]`; they hold for masked cells, or for all at the steps
        `wanted[b, t]`. Onset logits are `[b, t, voice]`; they hold for cells that keep the pitch of the step before,
        at steps that are wanted or have masked cells, and if there are none, at all. What does not hold may be 0.
        The key, and the beat where `place` does not say it, are inferred from the given cells.
        """
        shifts = infill_grid.key_shifts(seen)
        place = infill_beat.with_inferred_beat(seen, place)
        *core_inputs, neighbours = infill_grid.network_inputs(seen, attacks, place, shifts)
        inputs = dict(zip(("seen", "attacks", "place"), core_inputs, strict=True))
        masked = seen == infill_grid.MASKED
        at = masked.any(axis=2) if wanted is None else wanted
        if STEPS_INPUT in self._optional_inputs and at.any():
            (hidden,), (chosen_onset,) = self._core.run(None, {**inputs, STEPS_INPUT: np.flatnonzero(at)})
            onset = np.zeros(seen.shape, np.float32)
            onset[at] = chosen_onset
        else:
            every_hidden, onset = self._core.run(None, inputs)
            hidden = every_hidden[at]
        pitch = np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32)
        if at.any():
            cells = masked[at] if wanted is None else None
            pitch[at] = self._pitch_logits(hidden, neighbours[at], shifts[np.nonzero(at)[0]], cells)
        return pitch, onset

    def _pitch_logits(self, hidden: Floats, around: Ints, shifts: Ints, cells: Bools | None) -> Floats:
        """Return the heads' logits `[n, voice, pitch_index]`, if possible only of `cells[n, voice]`."""
        inputs = {"hidden": hidden, "around": around}
        if cells is None or CELLS_INPUT not in self._optional_inputs:
            return infill_grid.untranspose_logits(self._heads.run(None, inputs)[0], shifts)
        voice, row = np.nonzero(cells.T)
        (chosen,) = self._heads.run(None, {**inputs, CELLS_INPUT: voice * len(cells) + row})
        logits = np.zeros((*cells.shape, PITCH_INDEX_COUNT), np.float32)
        logits[row, voice] = infill_grid.untranspose_logits(chosen, shifts[row])[:, 0]
        return logits


def _optional_inputs(session: Any) -> set[str]:
    """Return the names of inputs that need not be given; none of other run-times than onnxruntime."""
    found: list[Any] = getattr(session, "get_overridable_initializers", list)()
    return {each.name for each in found}


class PhraseNet:
    """The network that says where a melody's phrases end (`codecs.phrase_features`)."""

    __slots__ = ("_core",)

    def __init__(self, folder: Path, open_session: SessionFactory | None = None) -> None:
        self._core = (open_session or onnx_session)(folder / CORE_FILE)

    def logits(self, features: Floats) -> Floats:
        """`features[note, field]` → `logits[note, class of the distance from the phrase's beginning]`."""
        return self._core.run(None, {"features": features})[0]


def load_phrase_net(card: Card, open_session: SessionFactory | None = None) -> PhraseNet:
    """Return the network of phrase ends whose files were checked; raises `ModelError`."""
    if card.family != HELPER_FAMILY:
        raise ModelError(f"{card.name} does not say where phrases end: choose another model, such as phrase-ends.")
    return PhraseNet(card.folder, open_session)


def load_infill_net(card: Card, open_session: SessionFactory | None = None) -> InfillNet:
    """Return the network of an infilling model whose files were checked; raises `ModelError`."""
    if card.family != "infill":
        raise ModelError(f"{card.name} cannot fill in missing notes: choose another model, such as coconet.")
    return InfillNet(card.folder, open_session)


def load_symbol_net(card: Card, open_session: SessionFactory | None = None) -> SymbolNet:
    """Return the network of a symbols model whose files were checked; raises `ModelError`."""
    if "sizes" not in card.facts:
        raise ModelError(f"{card.name} does not generate symbol by symbol: choose another model, such as play-bach.")
    try:
        msgspec.convert(card.facts, _SymbolNetFacts)
    except msgspec.ValidationError as error:
        raise ModelError(f"the card of {card.name} is damaged ({error}): install the model again.") from error
    return SymbolNet(card.folder, card.facts, open_session)


def load_chorale_net(card: Card, open_session: SessionFactory | None = None) -> ChoraleNet:
    """Return the network of a chorale model whose files were checked; raises `ModelError`."""
    if card.family != "chorale":
        other = card.partner or "chorale-lstm"
        raise ModelError(f"{card.name} does not generate frame by frame: choose another model, such as {other}.")
    try:
        pointer = msgspec.convert(card.facts.get("pointer"), _PointerFacts | None)
    except msgspec.ValidationError as error:
        raise ModelError(f"the card of {card.name} is damaged ({error}): install the model again.") from error
    facts = pointer and {"calibration": pointer.calibration}
    return ChoraleNet(card.folder, layers=card.layers, units=card.units, pointer=facts, open_session=open_session)


def onnx_session(path: Path) -> Any:
    """Open a session of onnxruntime; it is `Any`, because its own types are less exact than the methods above.

    onnxruntime is given the bytes that were checked, not the file, which could be another one by then. Networks that
    come with the program are known by their hashes.
    """
    content = read_limited_bytes(path, MAX_NETWORK_BYTES, ModelError)
    if not is_shipped(path.parent):
        check_network(content, str(path))
    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors all derive from Exception directly
        raise ModelError(f"{path} cannot be loaded by onnxruntime: install the model again ({error}).") from error
