"""Negative log-likelihoods of an exported causal model, frame by frame, on chorales that it was not trained on.

The files that play are the files that are scored. Each piece is streamed through `model.onnx` from an empty context,
one step at a time. The four voices of a frame come in the chain's order, each given the true voices before it. The sum
of their losses in nats over all frames, divided by the number of frames, is `nats_per_frame`. Attacks are not scored.
By default neither they nor the bar lines are given, so that the figure can be compared with other models' and computed
from the community's JSON, which has neither.
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
    """A network that is scored (see `bachbridge.inference.runtime.onnx_nets`)."""

    def initial_state(self) -> Any: ...
    def core(self, ids: Any, state: Any) -> tuple[Any, Any]: ...
    def heads(self, hidden: Any, known: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class ChoraleNll:
    """The losses of one piece: `nats[step, voice]`, and `correct[step, voice]` where the likeliest index was true.

    `moves[step, voice]`: the pitch index differs from that of the step before (always true in the first step).
    """

    name: str
    nats: np.ndarray
    correct: np.ndarray
    moves: np.ndarray


def piece_nll(
    net: ScoredChoraleNet, voice_order: Sequence[int], piece: FourPartPiece, *, timing_given: bool
) -> ChoraleNll:
    """Stream one piece; `timing_given`: with past attacks and bar lines given."""
    item = four_part_windows.whole_piece(piece, with_onsets=timing_given, with_position=timing_given)
    logits = stream_logits(net, voice_order, item)
    nats, correct = nats_and_correct(logits, item.pitch_indices)
    moves = np.ones(item.pitch_indices.shape, bool)
    moves[1:] = item.pitch_indices[1:] != item.pitch_indices[:-1]
    return ChoraleNll(piece.name, nats, correct, moves)


def stream_logits(
    net: ScoredChoraleNet, voice_order: Sequence[int], item: four_part_windows.ChoraleBatch
) -> np.ndarray:
    """Return `logits[step, voice, pitch index]` of a piece, each voice given the true ones before it."""
    hidden = _stream_hidden(net, item.ids)
    logits = np.empty((*item.pitch_indices.shape, PITCH_INDEX_COUNT), np.float32)
    known = four_part_windows.known_pitches(item.pitch_indices, voice_order)
    for voice in range(len(VOICES)):
        pitch, _ = net.heads(hidden, known[:, voice])
        logits[:, voice] = pitch[:, voice]
    return logits


def _stream_hidden(net: ScoredChoraleNet, ids: np.ndarray) -> np.ndarray:
    """Return the core's output `hidden[step, unit]` for every frame."""
    state, rows = net.initial_state(), []
    for row in ids:
        hidden, state = net.core(row[None], state)
        rows.append(hidden[0])
    return np.stack(rows)


def summary(losses: Sequence[ChoraleNll]) -> dict[str, float]:
    """Return the scores of all pieces; a frame is moving if any voice moves in it, a cell if its own voice does."""
    nats = np.concatenate([loss.nats for loss in losses])
    correct = np.concatenate([loss.correct for loss in losses])
    moves = np.concatenate([loss.moves for loss in losses])
    frames = nats.sum(axis=1)
    return {
        "pieces": len(losses),
        "frames": len(frames),
        "nats_per_frame": float(frames.mean()),
        "nats_per_frame_moving": float(frames[moves.any(axis=1)].mean()),
        "accuracy": float(correct.mean()),
        "accuracy_moving": float(correct[moves].mean()),
    }


def evaluate(
    net: ScoredChoraleNet,
    voice_order: Sequence[int],
    pieces: Sequence[FourPartPiece],
    *,
    timing_given: bool = False,
    progress: Callable[[Sequence[FourPartPiece]], Iterable[FourPartPiece]] = iter,
) -> list[ChoraleNll]:
    """Stream all pieces; `progress` wraps the loop over them."""
    return [piece_nll(net, voice_order, piece, timing_given=timing_given) for piece in progress(pieces)]
