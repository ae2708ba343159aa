"""The loss of the network of phrase ends: nats per note, given where the phrase began."""

from collections.abc import Sequence

import numpy as np

from bachbridge.inference.phrasing.predictor import PhraseEndNet
from bachbridge.music.frames import Floats
from bachbridge_training.phrasing.batches import NoteBatch, rows_of
from bachbridge_training.phrasing.melodies import PhrasedMelody

_SEED = 7
"""Seed of how long the notes of live play have sounded."""


def note_logits(net: PhraseEndNet, batch: NoteBatch) -> Floats:
    """Return the logit of each note at its distance."""
    return np.take_along_axis(net.logits(batch.features), batch.distance[:, None], axis=1)[:, 0]


def scored_rows(melodies: Sequence[PhrasedMelody], *, is_live: bool) -> NoteBatch:
    """Return the rows on which networks are compared."""
    return rows_of(melodies, np.random.default_rng(_SEED), is_placed=True, is_live=is_live)


def nats_per_note(net: PhraseEndNet, melodies: Sequence[PhrasedMelody]) -> float:
    """Return the mean of the loss with the future seen and of that in live play."""
    losses: list[float] = []
    for is_live in (False, True):
        batch = scored_rows(melodies, is_live=is_live)
        logit = note_logits(net, batch)
        losses.append(float((np.logaddexp(0, logit) - batch.is_end * logit).mean()))
    return sum(losses) / len(losses)
