"""Which cells of four voices a pass of the sampler forgets, to draw them anew.

While the music grows, a share of all open cells is masked in spans of a voice: one 16th of a note whose neighbours are
known would only be copied from them. When it is grown, the notes that do what is forbidden are.
"""

import numpy as np

from bachbridge.music.frames import Bools, Floats, Ints

_ABOVE_ANY_LOT = np.float32(2)
"""Higher than any lot."""
_MASKED_SHARE = 0.7
"""Share of the cells about a forbidden thing whose notes are masked."""


def mask_spans(
    to_fill: Bools,
    previously_masked: Bools,
    masked_share: float,
    span_steps: int,
    is_second_sixteenth: Bools,
    rng: np.random.Generator,
) -> Bools:
    """Mask a share of the cells `open_[step, voice]` after a pass in which `before[chain, step, voice]` were masked.

    Voices keep or lose spans of `span` steps. They begin anywhere; even ones with an 8th, if any step is known to be
    the `second[step]` 16th of one. Of the voices of a step that were just drawn at most one is kept: two of them have
    not heard of each other, and dissonances between them would stay.
    """
    chains, steps, voices = previously_masked.shape
    begin = rng.integers(0, span_steps, (chains, 1), np.int32)
    if is_second_sixteenth.any() and span_steps % 2 == 0:
        begin += (begin + int(is_second_sixteenth.argmax()) + 1) % 2
    number: Ints = (np.arange(steps, dtype=np.int32) + begin) // span_steps
    lots = rng.random((chains, steps // span_steps + 2, voices + 1), np.float32)
    lots = np.take_along_axis(lots, number[:, :, None], axis=1)
    lot: Floats = np.where(to_fill, lots[:, :, :voices], _ABOVE_ANY_LOT)
    rank = (lot[..., None] > lot[..., None, :]).sum(axis=3)
    count = to_fill.sum(axis=1) * np.float32(1 - masked_share)
    kept = rank < np.floor(count + lots[:, :, voices])[:, :, None]
    new = np.where(kept & previously_masked, lot, _ABOVE_ANY_LOT)
    kept &= ~previously_masked | (new == new.min(axis=2, keepdims=True))
    return to_fill & ~kept


def mask_notes_at(pitch_indices: Ints, steps: Bools, rng: np.random.Generator) -> Bools:
    """Some of the notes of `classes[step, voice]` that sound at these steps or just before them, `[step, voice]`."""
    near = steps.copy()
    near[:-1] |= steps[1:]
    hit = near[:, None] & (rng.random(pitch_indices.shape) < _MASKED_SHARE)
    begins = np.ones(pitch_indices.shape, bool)
    begins[1:] = pitch_indices[1:] != pitch_indices[:-1]
    number: Ints = begins.cumsum(axis=0, dtype=np.int32) - 1
    notes = np.zeros(pitch_indices.shape, bool)
    voices: Ints = np.arange(pitch_indices.shape[1], dtype=np.int32)
    np.logical_or.at(notes, (number, voices), hit)
    return np.take_along_axis(notes, number, axis=0)
