"""Comparison of the formats of a causal chorale model: logits on held-out chorales, and the work of a live step."""

from collections.abc import Iterator, Sequence

import numpy as np

from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.held_out import HeldOutLogits


def held_out_logits(card: Card, net: onnx_nets.ChoraleNet, pieces: Sequence[FourPartPiece], /) -> HeldOutLogits:
    """Stream the pieces; the loss is in nats of a frame's four voices, with pitches alone given (see `nll`)."""
    items = [four_part_windows.whole_piece(piece, with_onsets=False, with_position=False) for piece in pieces]
    logits = np.concatenate([chorale_nll.stream_logits(net, card.chain, item) for item in items])
    target = np.concatenate([item.pitch_indices for item in items])
    return HeldOutLogits(
        (logits.reshape(-1, logits.shape[-1]),), (target.reshape(-1),), len(target), loss_name="nats_per_frame"
    )


def live_steps(card: Card, net: onnx_nets.ChoraleNet, piece: FourPartPiece, /) -> Iterator[None]:
    """Do the work of one frame at each `next`, as in live play, without end."""
    item = four_part_windows.whole_piece(piece, with_onsets=True, with_position=True)
    while True:
        state = net.initial_state()
        for ids, known in zip(item.ids, item.known, strict=True):
            hidden, state = net.core(ids[None], state)
            for voice in card.chain:
                net.heads(hidden, known[None, voice])
            yield
