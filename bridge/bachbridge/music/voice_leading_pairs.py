"""Costs of steps from frame to frame by the rules of voice-leading, for very many pairs of frames at once.

The verdicts are those of `voice_leading.check_rules`, for every one of `k` frames of a moment followed by every one of
`k` frames of the next; a test compares the two. The rules exist twice for speed: `check_rules` works on a list of
frames, and there are too many pairs to be written out as such a list. Here all that belongs to one frame is computed
before pairs are formed, all is done on 8-bit integers, and the many moments are the last axis, along which array
operations are quick. Costs and intervals come from `voice_leading`.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import (
    AWKWARD_LEAP_COST,
    AWKWARD_LEAPS,
    DIRECT_INTERVAL_COST,
    MAX_STEP_SEMITONES,
    OCTAVE_SEMITONES,
    OVER_OCTAVE_LEAP_COST,
    OVERLAP_COST,
    PERFECT_INTERVALS,
    VOICE_PAIRS,
)

_ABOVE_ALL_PITCHES, _BELOW_ALL_PITCHES = 127, -127
"""In place of a rest, so that no pitch is above it, or none below it."""
_IMPERFECT_BEFORE, _IMPERFECT_AFTER = -1, -2
"""Two values for an interval that is not perfect, so that it never equals another one."""
_MAX_INTERVAL = PITCH_INDEX_COUNT
_INTERVALS = np.arange(-_MAX_INTERVAL, _MAX_INTERVAL + 1) % OCTAVE_SEMITONES
_INTERVAL_KINDS = np.where(
    np.isin(_INTERVALS, PERFECT_INTERVALS), _INTERVALS, np.array([[_IMPERFECT_BEFORE], [_IMPERFECT_AFTER]])
).astype(np.int8)
"""`[before or after, interval in semitones + _MAX_INTERVAL]`: the interval modulo an octave if it is perfect."""
_UPPER, _LOWER = (np.array(voices) for voices in zip(*VOICE_PAIRS, strict=True))
_BASS = len(VOICES) - 1
_OUTER_PAIR = VOICE_PAIRS.index((0, _BASS))
Int8s = NDArray[np.int8]


def transition_cost(before: Ints, after: Ints, rules: Collection[str], parallel_cost: float) -> Floats:
    """Return the nats `[i, j, n]` of the step from `before[n, i, voice]` to `after[n, j, voice]`.

    A pair of voices in parallels costs `parallel_cost`. Only `voice_leading.TRANSITION_RULES` count.
    """
    was, now = _voices_first(before)[:, :, None], _voices_first(after)[:, None]
    direction = _is_above(was, now).view(np.int8) - _is_above(-was, -now).view(np.int8)
    nats = np.zeros(direction.shape[1:], np.float32)
    if "parallels" in rules or "hidden" in rules:
        then, new = _interval_kinds(was, 0), _interval_kinds(now, 1)
        if "parallels" in rules:
            similar = direction[_UPPER] * direction[_LOWER] > 0
            nats += np.float32(parallel_cost) * _count((then == new) & similar)
        if "hidden" in rules:
            into = (then[_OUTER_PAIR] != new[_OUTER_PAIR]) & (new[_OUTER_PAIR] != _IMPERFECT_AFTER)
            leaps = np.abs(now[0] - was[0]) > MAX_STEP_SEMITONES
            nats += np.float32(DIRECT_INTERVAL_COST) * (into & leaps & (direction[0] * direction[_BASS] > 0))
    if "leap" in rules:
        size = np.abs(now - was) * np.abs(direction)
        is_awkward = np.logical_or.reduce([size == leap for leap in AWKWARD_LEAPS])
        nats += np.float32(AWKWARD_LEAP_COST) * _count(is_awkward)
        nats += np.float32(OVER_OCTAVE_LEAP_COST) * _count(size > OCTAVE_SEMITONES)
    if "overlap" in rules:
        both = (was[1:] > REST) & (was[:-1] > REST)
        nats += np.float32(OVERLAP_COST) * _count(_is_above(was[:-1] * both, now[1:]))
        nats += np.float32(OVERLAP_COST) * _count(_is_above(-was[1:] * both, -now[:-1]))
    return nats


def _voices_first(frames: Ints) -> Int8s:
    """Return `frames[n, k, voice]` as `[voice, k, n]`."""
    return np.ascontiguousarray(frames.transpose(2, 1, 0), np.int8)


def _is_above(then: Int8s, new: Int8s) -> Bools:
    """Return where `new[.., 1, j, n]` is above `then[.., i, 1, n]` and neither is a rest, `[.., i, j, n]`."""
    return np.where(new == REST, np.int8(_BELOW_ALL_PITCHES), new) > np.where(
        then == REST, np.int8(_ABOVE_ALL_PITCHES), then
    )


def _interval_kinds(voices: Int8s, when: int) -> Int8s:
    """Return which perfect interval the voices of each of `VOICE_PAIRS` form, of `voices[voice, ...]`."""
    return _INTERVAL_KINDS[when].take(voices[_UPPER] - voices[_LOWER] + _MAX_INTERVAL)


def _count(found: Bools) -> Int8s:
    """Count along the first axis, in 8 bits."""
    return np.add.reduce(found.view(np.int8), axis=0, dtype=np.int8)
