"""Which cells of four voices a pass of the sampler forgets, to draw them anew.

While the music grows, a share of all open cells is masked in spans of a voice: one 16th of a note whose neighbours are
known would only be copied from them. When it is grown, the notes that do what is forbidden are.
"""

import numpy as np

from bachbridge.codecs.infill_grid import Bools, Floats, Ints

_NO_LOT = np.float32(2)
"""Higher than any lot."""
_TOUCHED = 0.7
"""Share of the cells about a forbidden thing whose notes are masked."""


def spans(open_: Bools, before: Bools, share: float, span: int, second: Bools, rng: np.random.Generator) -> Bools:
    """Mask a share of the cells `open_[step, voice]` after a pass in which `before[chain, step, voice]` were masked.

    Voices keep or lose spans of `span` steps. They begin anywhere; even ones with an 8th, if any step is known to be
    the `second[step]` 16th of one. Of the voices of a step that were just drawn at most one is kept: two of them have
    not heard of each other, and dissonances between them would stay.
    """
    chains, steps, voices = before.shape
    begin = rng.integers(0, span, (chains, 1), np.int32)
    if second.any() and span % 2 == 0:
        begin += (begin + int(second.argmax()) + 1) % 2
    number: Ints = (np.arange(steps, dtype=np.int32) + begin) // span
    lots = rng.random((chains, steps // span + 2, voices + 1), np.float32)
    lots = np.take_along_axis(lots, number[:, :, None], axis=1)
    lot: Floats = np.where(open_, lots[:, :, :voices], _NO_LOT)
    rank = (lot[..., None] > lot[..., None, :]).sum(axis=3)
    count = open_.sum(axis=1) * np.float32(1 - share)
    kept = rank < np.floor(count + lots[:, :, voices])[:, :, None]
    new = np.where(kept & before, lot, _NO_LOT)
    kept &= ~before | (new == new.min(axis=2, keepdims=True))
    return open_ & ~kept


def notes_at(classes: Ints, steps: Bools, rng: np.random.Generator) -> Bools:
    """Some of the notes of `classes[step, voice]` that sound at these steps or just before them, `[step, voice]`."""
    near = steps.copy()
    near[:-1] |= steps[1:]
    hit = near[:, None] & (rng.random(classes.shape) < _TOUCHED)
    begins = np.ones(classes.shape, bool)
    begins[1:] = classes[1:] != classes[:-1]
    number: Ints = begins.cumsum(axis=0, dtype=np.int32) - 1
    notes = np.zeros(classes.shape, bool)
    voices: Ints = np.arange(classes.shape[1], dtype=np.int32)
    np.logical_or.at(notes, (number, voices), hit)
    return np.take_along_axis(notes, number, axis=0)
