"""What a model's files say of held-out music, so that two of them can be compared, and a step of one timed.

The true music is told all along: the logits of two files stand for the same question. The score follows the codec, as
in `evaluation` (nats of a frame's four voices, pitches alone told) and `surprises` (bits of a symbol's fields); of a
network that fills in it is the nats of an open cell in windows with open steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.onnx_nets import SessionFactory
from bachbridge.music.frames import Floats, Ints
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.evaluation.loss import nats_and_correct
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import nll as symbols_nll

_WINDOWS_PER_PIECE = 4
"""Of each piece, where cells are filled in."""
_TIMED_STEPS = 64
"""Steps of the window that is filled in when time is taken."""


@dataclass(frozen=True, slots=True)
class HeldOutLogits:
    """`logits[part][cell, id]` and `truth[part][cell]`; `count`: of how many frames, symbols or cells."""

    logits: tuple[Floats, ...]
    target: tuple[Ints, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest difference of a logit, and in which share of the cells the likeliest id is the same."""

    largest_difference: float
    same_choice: float


def load_runtime(card: Card, open_session: SessionFactory | None = None) -> Any:
    """The networks as they play, whatever the codec."""
    match card.family:
        case "chorale":
            return onnx_nets.load_chorale_net(card, open_session)
        case "infill":
            return onnx_nets.load_infill_net(card, open_session)
        case _:
            return onnx_nets.load_symbol_net(card, open_session)


def held_out_logits(card: Card, runtime: Any, pieces: Sequence[Any]) -> HeldOutLogits:
    """Let the networks read the pieces."""
    match card.family:
        case "chorale":
            items = [four_part_windows.whole_piece(piece, with_onsets=False, with_position=False) for piece in pieces]
            logits = np.concatenate([chorale_nll.stream_logits(runtime, card.chain, item) for item in items])
            truth = np.concatenate([item.pitch_indices for item in items])
            return HeldOutLogits((logits.reshape(-1, logits.shape[-1]),), (truth.reshape(-1),), len(truth))
        case "infill":
            found = [
                _masked_cell_logits(runtime, item)
                for item in infill_batches.validation_windows(
                    pieces, _WINDOWS_PER_PIECE * len(pieces), timing_given=False
                )
            ]
            logits = np.concatenate([its for its, _ in found])
            truth = np.concatenate([its for _, its in found])
            return HeldOutLogits((logits,), (truth,), len(truth))
        case _:
            items = [symbols_batches.whole_piece(piece) for piece in pieces]
            logits = np.concatenate([np.stack(list(symbols_nll.stream_logits(runtime, item))) for item in items])
            truth = np.concatenate([item.target for item in items])
            fields = np.split(logits, np.cumsum(runtime.vocab_sizes)[:-1], axis=1)
            return HeldOutLogits(tuple(fields), tuple(truth.T), len(truth))


def _masked_cell_logits(runtime: onnx_nets.InfillNet, item: infill_batches.InfillBatch) -> tuple[Floats, Ints]:
    """Of a window's open cells, the logits and the classes that stand there."""
    batch = infill_batches.stack_windows([item], len(item.seen))
    logits, _ = runtime.predict(batch.seen, batch.attacks, batch.place)
    open_ = batch.seen == infill_grid.MASKED
    return logits[open_], batch.pitch_indices[open_]


def score(card: Card, reading: HeldOutLogits) -> dict[str, float]:
    """The surprise at what is true, and the accuracy (of symbols: of their first field)."""
    found = [nats_and_correct(logits, truth) for logits, truth in zip(reading.logits, reading.target, strict=True)]
    nats = sum(float(its.sum(dtype=np.float64)) for its, _ in found) / reading.count
    accuracy = float(found[0][1].mean())
    match card.family:
        case "chorale":
            return {"nats_per_frame": nats, "accuracy": accuracy}
        case "infill":
            return {"nats_per_cell": nats, "accuracy": accuracy}
        case _:
            return {"bits_per_symbol": nats / np.log(2), "accuracy": accuracy}


def compare_logits(first: HeldOutLogits, second: HeldOutLogits) -> Agreement:
    """Between two readings of the same pieces."""
    pairs = list(zip(first.logits, second.logits, strict=True))
    same = np.concatenate([a.argmax(axis=-1) == b.argmax(axis=-1) for a, b in pairs])
    return Agreement(max(float(np.abs(a - b).max()) for a, b in pairs), float(same.mean()))


def live_steps(card: Card, runtime: Any, piece: Any) -> Iterator[None]:
    """The work of a step at a time, as in live play, for ever: a frame, a symbol, or a pass over four bars."""
    match card.family:
        case "chorale":
            yield from _frame_steps(card, runtime, piece)
        case "infill":
            batch = infill_batches.stack_windows(
                list(infill_batches.validation_windows([piece], 1, timing_given=False, window=_TIMED_STEPS)),
                _TIMED_STEPS,
            )
            while True:
                runtime.predict(batch.seen, batch.attacks, batch.place)
                yield
        case _:
            yield from _symbol_steps(runtime, piece)


def _frame_steps(card: Card, runtime: onnx_nets.ChoraleNet, piece: Any) -> Iterator[None]:
    item = four_part_windows.whole_piece(piece, with_onsets=True, with_position=True)
    while True:
        state = runtime.initial_state()
        for ids, known in zip(item.ids, item.known, strict=True):
            hidden, state = runtime.core(ids[None], state)
            for voice in card.chain:
                runtime.heads(hidden, known[None, voice])
            yield


def _symbol_steps(runtime: onnx_nets.SymbolNet, piece: Any) -> Iterator[None]:
    item = symbols_batches.whole_piece(piece)
    while True:
        state = runtime.initial_state()
        for ids, target in zip(item.ids, item.target, strict=True):
            hidden, state = runtime.core(ids[None], state)
            for _ in runtime.field_logits(hidden, target[None]):
                pass
            yield
