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
from bachbridge.inference.runtime.onnx_nets import Floats, Ints, Opened
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.evaluation.loss import judged
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.symbols import batches as symbols_batches
from bachbridge_training.symbols import nll as symbols_nll

_WINDOWS = 4
"""Of each piece, where cells are filled in."""
_TIMED = 64
"""Steps of the window that is filled in when time is taken."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`logits[part][cell, id]` and `truth[part][cell]`; `count`: of how many frames, symbols or cells."""

    logits: tuple[Floats, ...]
    truth: tuple[Ints, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest difference of a logit, and in which share of the cells the likeliest id is the same."""

    largest_difference: float
    same_choice: float


def load(card: Card, opened: Opened | None = None) -> Any:
    """The networks as they play, whatever the codec."""
    match card.codec:
        case "satb":
            return onnx_nets.load(card, opened)
        case "canvas":
            return onnx_nets.load_fill(card, opened)
        case _:
            return onnx_nets.load_sequence(card, opened)


def read(card: Card, runtime: Any, pieces: Sequence[Any]) -> Reading:
    """Let the networks read the pieces."""
    match card.codec:
        case "satb":
            items = [four_part_windows.whole(piece, struck=False, position=False) for piece in pieces]
            logits = np.concatenate([chorale_nll.streamed(runtime, card.chain, item) for item in items])
            truth = np.concatenate([item.classes for item in items])
            return Reading((logits.reshape(-1, logits.shape[-1]),), (truth.reshape(-1),), len(truth))
        case "canvas":
            found = [
                _filled(runtime, item) for item in infill_batches.examples(pieces, _WINDOWS * len(pieces), told=False)
            ]
            logits = np.concatenate([its for its, _ in found])
            truth = np.concatenate([its for _, its in found])
            return Reading((logits,), (truth,), len(truth))
        case _:
            items = [symbols_batches.whole(piece) for piece in pieces]
            logits = np.concatenate([np.stack(list(symbols_nll.streamed(runtime, item))) for item in items])
            truth = np.concatenate([item.target for item in items])
            fields = np.split(logits, np.cumsum(runtime.sizes)[:-1], axis=1)
            return Reading(tuple(fields), tuple(truth.T), len(truth))


def _filled(runtime: onnx_nets.Fill, item: infill_batches.Blanks) -> tuple[Floats, Ints]:
    """Of a window's open cells, the logits and the classes that stand there."""
    batch = infill_batches.stacked([item], len(item.seen))
    logits, _ = runtime.fill(batch.seen, batch.attacks, batch.place)
    open_ = batch.seen == infill_grid.OPEN
    return logits[open_], batch.classes[open_]


def score(card: Card, reading: Reading) -> dict[str, float]:
    """The surprise at what is true, and the accuracy (of symbols: of their first field)."""
    found = [judged(logits, truth) for logits, truth in zip(reading.logits, reading.truth, strict=True)]
    nats = sum(float(its.sum(dtype=np.float64)) for its, _ in found) / reading.count
    accuracy = float(found[0][1].mean())
    match card.codec:
        case "satb":
            return {"nats_per_frame": nats, "accuracy": accuracy}
        case "canvas":
            return {"nats_per_cell": nats, "accuracy": accuracy}
        case _:
            return {"bits_per_symbol": nats / np.log(2), "accuracy": accuracy}


def agreement(ours: Reading, theirs: Reading) -> Agreement:
    """Between two readings of the same pieces."""
    pairs = list(zip(ours.logits, theirs.logits, strict=True))
    same = np.concatenate([a.argmax(axis=-1) == b.argmax(axis=-1) for a, b in pairs])
    return Agreement(max(float(np.abs(a - b).max()) for a, b in pairs), float(same.mean()))


def steps(card: Card, runtime: Any, piece: Any) -> Iterator[None]:
    """The work of a step at a time, as in live play, for ever: a frame, a symbol, or a pass over four bars."""
    match card.codec:
        case "satb":
            yield from _frames(card, runtime, piece)
        case "canvas":
            batch = infill_batches.stacked(list(infill_batches.examples([piece], 1, told=False, window=_TIMED)), _TIMED)
            while True:
                runtime.fill(batch.seen, batch.attacks, batch.place)
                yield
        case _:
            yield from _symbols(runtime, piece)


def _frames(card: Card, runtime: onnx_nets.Nets, piece: Any) -> Iterator[None]:
    item = four_part_windows.whole(piece, struck=True, position=True)
    while True:
        state = runtime.initial_state()
        for ids, known in zip(item.ids, item.known, strict=True):
            hidden, state = runtime.core(ids[None], state)
            for voice in card.chain:
                runtime.heads(hidden, known[None, voice])
            yield


def _symbols(runtime: onnx_nets.Sequence, piece: Any) -> Iterator[None]:
    item = symbols_batches.whole(piece)
    while True:
        state = runtime.initial_state()
        for ids, target in zip(item.ids, item.target, strict=True):
            hidden, state = runtime.core(ids[None], state)
            for _ in runtime.fields(hidden, target[None]):
                pass
            yield
