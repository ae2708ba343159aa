"""Which cells of four voices a sweep of the sampler masks again, to draw them anew.

While the music grows, a share of the cells to fill is masked in spans of a voice: a single 16th within a note would
only be copied from its neighbours. When it is complete, the notes that violate rules are masked.
"""

import numpy as np

from bachbridge.music.frames import Bools, Floats, Ints, changed_pitches

_ABOVE_ANY_LOT = np.float32(2)
"""Higher than every random number from 0 to 1."""
_MASKED_SHARE = 0.7
"""Share of the cells around a violation whose notes are masked."""


def mask_spans(
    to_fill: Bools,
    previously_masked: Bools,
    masked_share: float,
    span_steps: int,
    is_second_sixteenth: Bools,
    rng: np.random.Generator,
) -> Bools:
    """Return `masked[chain, step, voice]` for the next sweep: a share of the cells `to_fill[step, voice]`.

    Every span s of `span_steps` steps has random lots from 0 to 1, one for each voice and one more, u[s]. With n voices
    to fill at a step, floor(n * (1 - masked_share) + u[s]) of them are kept, the ones with the lowest lots:

        kept[step, voice] = rank of lot[s, voice] among the voices to fill < floor(n * (1 - masked_share) + u[s])

    On average this keeps n * (1 - masked_share) voices, and it keeps or masks whole spans of a voice. Spans begin
    anywhere; those of an even number of steps begin with an 8th, if any step is known to be the second 16th of one
    (`is_second_sixteenth[step]`).

    Of the voices of a step that were drawn in the last sweep (`previously_masked[chain, step, voice]`) only the one
    with the lowest lot may be kept: they were drawn without knowledge of each other, and dissonances between them would
    stay.
    """
    chains, steps, voices = previously_masked.shape
    offset = rng.integers(0, span_steps, (chains, 1), np.int32)
    if is_second_sixteenth.any() and span_steps % 2 == 0:
        offset += (offset + int(is_second_sixteenth.argmax()) + 1) % 2
    span: Ints = (np.arange(steps, dtype=np.int32) + offset) // span_steps
    lots = rng.random((chains, steps // span_steps + 2, voices + 1), np.float32)
    lots = np.take_along_axis(lots, span[:, :, None], axis=1)
    lot: Floats = np.where(to_fill, lots[:, :, :voices], _ABOVE_ANY_LOT)
    rank = (lot[..., None] > lot[..., None, :]).sum(axis=3)
    expected_count = to_fill.sum(axis=1) * np.float32(1 - masked_share)
    kept = rank < np.floor(expected_count + lots[:, :, voices])[:, :, None]
    new_lot = np.where(kept & previously_masked, lot, _ABOVE_ANY_LOT)
    kept &= ~previously_masked | (new_lot == new_lot.min(axis=2, keepdims=True))
    return to_fill & ~kept


def mask_notes_at(pitch_indices: Ints, steps: Bools, rng: np.random.Generator) -> Bools:
    """Mask some notes of `pitch_indices[step, voice]` that sound at the True `steps[step]` or just before them.

    Returns `masked[step, voice]`; a note is masked from its beginning to its end.
    """
    is_near = steps.copy()
    is_near[:-1] |= steps[1:]
    is_hit = is_near[:, None] & (rng.random(pitch_indices.shape) < _MASKED_SHARE)
    note_number: Ints = changed_pitches(pitch_indices).cumsum(axis=0, dtype=np.int32) - 1
    is_note_hit = np.zeros(pitch_indices.shape, bool)
    voices: Ints = np.arange(pitch_indices.shape[1], dtype=np.int32)
    np.logical_or.at(is_note_hit, (note_number, voices), is_hit)
    return np.take_along_axis(is_note_hit, note_number, axis=0)
