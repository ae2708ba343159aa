"""The numbers that a chorale network with a pointer carries along: a memory in the state, and copies in `hidden`.

Both are arrays with a row for each past, so whoever selects rows of a state or of `hidden` need not know of them. The
bytes that `codecs.satb_copies` remembers lie in further rows of the state's array of floats. The numbers of the copies
follow the network's own units in `hidden`.
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import satb_copies
from bachbridge.music.frames import PITCH_INDEX_COUNT, Floats, Ints
from bachbridge.music.notes import VOICES

_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class PointerView:
    """The parts of a `hidden[batch, unit]`: the network's own, `copies[batch, copy, field]`, the frame before.

    `has_copies` is False if there are none in any row.
    """

    hidden: Floats
    network_view: Floats
    copies: Ints
    before: Ints
    has_copies: bool

    @staticmethod
    def join(network_view: Floats, copies: Ints, before: Ints) -> "PointerView":
        """Return the parts with the `hidden` that they make."""
        numbers = copies.reshape(len(copies), -1).astype(np.float32)
        hidden = np.concatenate([network_view, numbers], axis=1)
        return PointerView(hidden, network_view, copies, before, _has_copies(copies))

    @staticmethod
    def split(hidden: Floats) -> "PointerView":
        """Return the parts of a `hidden`."""
        own = hidden.shape[1] - satb_copies.COPY_COUNT * satb_copies.COPY_FIELDS
        network_view = np.ascontiguousarray(hidden[:, :own])
        copies = hidden[:, own:].astype(np.int32).reshape(len(hidden), -1, satb_copies.COPY_FIELDS)
        before = network_view[:, -len(VOICES) :].astype(np.int32)
        return PointerView(hidden, network_view, copies, before, _has_copies(copies))


def _has_copies(copies: Ints) -> bool:
    return min(copies[:, 0, len(VOICES)].tolist()) != satb_copies.NO_COPY


def row_count(units: int) -> int:
    """Return how many rows of `units` floats in a state hold a memory."""
    return -(-satb_copies.MEMORY_SIZE // (units * _FLOAT_BYTES))


def remember(kept: Floats, pitch_indices: Ints) -> tuple[Floats, Ints]:
    """Return the memory's rows in a state after the frame `pitch_indices[batch, voice]`, and the copies.

    Nothing is remembered before the first frame, where pitch indices are `satb.PIECE_START` or `satb.UNKNOWN_PAST`.
    """
    memory_rows, batch, units = kept.shape
    memory = kept.swapaxes(0, 1).reshape(batch, -1).view(np.int8)
    if pitch_indices[0, 0] < PITCH_INDEX_COUNT:
        memory, copies = satb_copies.remember(memory, pitch_indices)
    else:
        copies = satb_copies.copies(memory)
    after = memory.view(np.float32).reshape(batch, memory_rows, units).swapaxes(0, 1)
    return after, copies
