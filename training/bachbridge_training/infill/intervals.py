"""The intervals that are inputs of the infilling network, since they are the same in every key.

They could be learnt from the pitches, but only for each of the twelve keys separately. Each is a row of a table of
embeddings, which are summed. Only `keras.ops` is used, so the code runs under TensorFlow and under JAX.
"""

from typing import Any

import keras
import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.music.frames import REST
from bachbridge.music.notes import VOICES

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

STEPS_BACK = (1, 2, 4)
"""A voice's leaps are counted from its notes this many steps before."""
_OCTAVE = 12
MOD_12, LEAP = range(2)
"""The two kinds of intervals, as places in `interval_tables`."""
_LEAP_ROWS = 2 * _OCTAVE + 2
"""Rows of a leap: up to an octave down or up (wider ones share the outermost rows), and none."""
VOICE_PAIRS = np.triu_indices(len(VOICES), 1)
_SOUNDING_SIZES = [*[_OCTAVE + 1] * len(VOICE_PAIRS[0]), *[_LEAP_ROWS] * (len(STEPS_BACK) * len(VOICES))]
SOUNDING_FIRST_ROW = np.cumsum([0, *_SOUNDING_SIZES[:-1]]).astype(np.int32)
SOUNDING_ROWS = sum(_SOUNDING_SIZES)
"""Rows of the table of `sounding_intervals`."""


def sounding_intervals(seen: Any) -> Any:
    """Return the rows `[b, t, interval]` of the intervals of each step, for `seen[b, t, voice]`.

    These are the interval modulo 12 between each two voices, and the leap from each voice's own earlier notes; none
    where one of the two is masked or rests.
    """
    padding = max(STEPS_BACK)
    high, low = (ops.take(seen, voices.astype(np.int32), axis=2) for voices in VOICE_PAIRS)
    padded = ops.pad(seen, [(0, 0), (padding, 0), (0, 0)])
    leaps = [_leap(padded[:, padding - back : -back], seen) for back in STEPS_BACK]
    return ops.add(SOUNDING_FIRST_ROW, ops.concatenate([_interval_mod_12(low, high), *leaps], axis=2))


_NEIGHBOUR_SIZES = [*[_LEAP_ROWS] * (infill_grid.MELODIC_COUNT - 1), *[_OCTAVE + 1] * infill_grid.HARMONIC_COUNT]
NEIGHBOUR_FIRST_ROW = np.cumsum([0, *_NEIGHBOUR_SIZES[:-1]]).astype(np.int32)
NEIGHBOUR_ROWS = sum(_NEIGHBOUR_SIZES)
"""Rows of the table of `neighbour_intervals`."""


def neighbour_intervals(around: Any) -> Any:
    """Return the rows of the intervals from the last note of a cell's voice to the cell's neighbours.

    `around[n, voice, neighbour]` gives rows `[n, voice, neighbour - 1]`: the leaps to the other neighbours in its own
    voice, and the intervals modulo 12 to those in the other voices. Where no note came before, the next note is used.
    """
    start = ops.where(_is_pitch(around[..., :1]), around[..., :1], around[..., 1:2])
    leaps = _leap(start, around[..., 1 : infill_grid.MELODIC_COUNT])
    return ops.add(
        NEIGHBOUR_FIRST_ROW,
        ops.concatenate([leaps, _interval_mod_12(start, around[..., infill_grid.MELODIC_COUNT :])], axis=2),
    )


def _leap(start: Any, end: Any) -> Any:
    """Return 1 (an octave down or more) to 25 (an octave up or more); 0 where one of the two is masked or rests."""
    return _row_if(_is_pitch(start) & _is_pitch(end), ops.add(_OCTAVE, ops.clip(end - start, -_OCTAVE, _OCTAVE)))


def _interval_mod_12(low: Any, high: Any) -> Any:
    """Return 1 plus the interval modulo 12; 0 where one of the two is masked or rests."""
    return _row_if(_is_pitch(low) & _is_pitch(high), ops.mod(ops.add(10 * _OCTAVE, high - low), _OCTAVE))


def _is_pitch(cells: Any) -> Any:
    return (cells > REST) & (cells < infill_grid.TRANSPOSED_INDEX_COUNT)


def _row_if(known: Any, value: Any) -> Any:
    return ops.where(known, ops.add(1, value), 0)


def interval_tables(value_count: int) -> np.ndarray:
    """Return what `_interval_mod_12` and `_leap` say of all values of two cells: `[kind, first, second]`."""
    first, second = np.mgrid[:value_count, :value_count].astype(np.int32)
    return np.stack([np.asarray(of(first, second), np.int32) for of in (_interval_mod_12, _leap)])
