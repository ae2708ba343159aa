"""Scores of an exported model: how surprised it is, frame by frame, by chorales that it was not trained on.

The files that play are the files that are scored: each piece is streamed through `model.onnx` from an empty context,
one step at a time, and the four voices of a frame come in the chain's order, each given the true voices before it. The
sum of their four surprises, in nats, over all frames and divided by the number of frames is `nats_per_frame`. Attacks
are not scored, and by default they and the bar lines are not told either, so that the figure can be compared with
other models' and computed from the community's JSON, which has neither.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.loss import nats_and_correct


class ScoredChoraleNet(Protocol):
    """What is scored (see `bachbridge.inference.runtime.onnx_nets`)."""

    def initial_state(self) -> Any: ...
    def core(self, ids: Any, state: Any) -> tuple[Any, Any]: ...
    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class ChoraleNll:
    """Of one piece: `nats[step, voice]`, and of the same cells whether the likeliest class was the `right` one.

    `moves[step, voice]`: the class differs from the step before (in the first step, always).
    """

    name: str
    nats: np.ndarray
    correct: np.ndarray
    moves: np.ndarray


def piece_nll(
    net: ScoredChoraleNet, voice_order: Sequence[int], piece: FourPartPiece, *, timing_given: bool
) -> ChoraleNll:
    """Stream one piece; `told`: whether past attacks and the bar lines are known."""
    item = four_part_windows.whole_piece(piece, with_onsets=timing_given, with_position=timing_given)
    logits = stream_logits(net, voice_order, item)
    nats, right = nats_and_correct(logits, item.pitch_indices)
    moves = np.ones(item.pitch_indices.shape, bool)
    moves[1:] = item.pitch_indices[1:] != item.pitch_indices[:-1]
    return ChoraleNll(piece.name, nats, right, moves)


def stream_logits(
    net: ScoredChoraleNet, voice_order: Sequence[int], item: four_part_windows.ChoraleBatch
) -> np.ndarray:
    """Of a whole piece, `logits[step, voice, class]`, each voice given the true ones before it in `order`."""
    hidden = _stream_hidden(net, item.ids)
    logits = np.empty((*item.pitch_indices.shape, PITCH_INDEX_COUNT), np.float32)
    known = four_part_windows.known_pitches(item.pitch_indices, voice_order)
    for voice in range(len(VOICES)):
        pitch, _ = net.heads(hidden, known[:, voice])
        logits[:, voice] = pitch[:, voice]
    return logits


def _stream_hidden(net: ScoredChoraleNet, ids: np.ndarray) -> np.ndarray:
    """The network's view of every frame before it is chosen, `hidden[step, unit]`."""
    state, rows = net.initial_state(), []
    for row in ids:
        hidden, state = net.core(row[None], state)
        rows.append(hidden[0])
    return np.stack(rows)


def summary(surprises: Sequence[ChoraleNll]) -> dict[str, float]:
    """The scores; a frame is moving if any voice moves in it, and a cell if its own voice does."""
    nats = np.concatenate([s.nats for s in surprises])
    right = np.concatenate([s.correct for s in surprises])
    moves = np.concatenate([s.moves for s in surprises])
    frames = nats.sum(axis=1)
    return {
        "pieces": len(surprises),
        "frames": len(frames),
        "nats_per_frame": float(frames.mean()),
        "nats_per_frame_moving": float(frames[moves.any(axis=1)].mean()),
        "accuracy": float(right.mean()),
        "accuracy_moving": float(right[moves].mean()),
    }


def evaluate(
    net: ScoredChoraleNet,
    voice_order: Sequence[int],
    pieces: Sequence[FourPartPiece],
    *,
    timing_given: bool = False,
    progress: Callable[[Sequence[FourPartPiece]], Iterable[FourPartPiece]] = iter,
) -> list[ChoraleNll]:
    """Stream all pieces; `progress` wraps the walk over them."""
    return [piece_nll(net, voice_order, piece, timing_given=timing_given) for piece in progress(pieces)]


# ---------------------------------------------------------------- the community's JSON
