"""Comparison of the formats of a network of phrase ends: logits on held-out melodies, and the work of a live step."""

from collections.abc import Iterator, Sequence

import numpy as np

from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.onnx_nets import PhraseNet
from bachbridge_training.evaluation.held_out import HeldOutLogits
from bachbridge_training.phrasing import nll
from bachbridge_training.phrasing.melodies import PhrasedMelody


def held_out_logits(_card: Card, net: PhraseNet, pieces: Sequence[PhrasedMelody], /) -> HeldOutLogits:
    """Return the logits of going on (0) and of an end for each note with the future seen."""
    batch = nll.scored_rows(pieces, is_live=False)
    logit = nll.note_logits(net, batch)
    both = np.stack([np.zeros_like(logit), logit], axis=1)
    return HeldOutLogits((both,), (batch.is_end.astype(np.int32),), len(logit), "nats_per_note")


def live_steps(_card: Card, net: PhraseNet, piece: PhrasedMelody, /) -> Iterator[None]:
    """Score one note at each `next`, without end."""
    rows = nll.scored_rows([piece], is_live=True).features
    while True:
        for row in rows:
            net.logits(row[None])
            yield
