"""A canvas whose phrases close: the closes of a melody that is to be harmonized, as nats and held steps."""

from collections.abc import Sequence
from dataclasses import replace

from bachbridge.codecs.infill_grid import Canvas
from bachbridge.music.notes import Key
from bachbridge.music.phrasing.closing.canvas_closes import closing_nats_of_steps


def with_closes(canvas: Canvas, phrase_ends: Sequence[int], key: Key | None, seed: int) -> Canvas:
    """Return the canvas with a close at each of the steps at which a phrase's last note begins, and at the end.

    `key` is the one that is set; None: the key is found from the given notes.
    """
    nats, holds = closing_nats_of_steps(
        canvas.pitch_indices, canvas.onsets, phrase_ends=phrase_ends, key=key, seed=seed
    )
    return replace(canvas, logit_mask=canvas.logit_mask + nats, holds=holds)
