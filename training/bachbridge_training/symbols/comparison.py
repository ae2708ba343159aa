"""Comparison of the formats of a symbol model: logits on held-out pieces, and the work of a live step."""

from collections.abc import Iterator, Sequence

import numpy as np

from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import Card
from bachbridge_training.evaluation.held_out import NATS_PER_BIT, HeldOutLogits
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols.batches import SymbolPiece, whole_piece


def held_out_logits(_card: Card, net: onnx_nets.SymbolNet, pieces: Sequence[SymbolPiece], /) -> HeldOutLogits:
    """Stream the pieces; the loss is in bits of all fields of a symbol (see `nll`)."""
    items = [whole_piece(piece) for piece in pieces]
    logits = np.concatenate([np.stack(list(symbols_nll.stream_logits(net, item))) for item in items])
    target = np.concatenate([item.target for item in items])
    fields = np.split(logits, np.cumsum(net.vocab_sizes)[:-1], axis=1)
    return HeldOutLogits(tuple(fields), tuple(target.T), len(target), "bits_per_symbol", NATS_PER_BIT)


def live_steps(_card: Card, net: onnx_nets.SymbolNet, piece: SymbolPiece, /) -> Iterator[None]:
    """Do the work of one symbol at each `next`, as in live play, without end."""
    item = whole_piece(piece)
    while True:
        state = net.initial_state()
        for ids, target in zip(item.ids, item.target, strict=True):
            hidden, state = net.core(ids[None], state)
            for _ in net.field_logits(hidden, target[None]):
                pass
            yield
