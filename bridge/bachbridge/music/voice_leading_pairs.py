"""Costs of steps from frame to frame by the rules of voice-leading, for very many pairs of frames at once.

The verdicts are those of `voice_leading.check_rules`, for every one of `k` frames of a moment followed by every one of
`k` frames of the next; a test compares the two. The rules exist twice for speed: `check_rules` works on a list of
frames, and there are too many pairs to be written out as such a list. Here all that belongs to one frame is computed
before pairs are formed, voices are taken one after another on 8-bit integers, and the many moments are the last axis,
along which array operations are quick. Costs and intervals come from `voice_leading`.
"""

from collections.abc import Collection
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import (
    DIRECT_INTERVAL_COST,
    LEAP_COSTS,
    MAX_STEP_SEMITONES,
    OCTAVE_SEMITONES,
    OVERLAP_COST,
    PERFECT_INTERVALS,
    VOICE_PAIRS,
)

_ABOVE_ALL_PITCHES, _BELOW_ALL_PITCHES = 127, -127
"""In place of a rest, so that no pitch is above it, or none below it."""
_IMPERFECT = -1
_MAX_INTERVAL = PITCH_INDEX_COUNT
_INTERVALS = np.arange(-_MAX_INTERVAL, _MAX_INTERVAL + 1) % OCTAVE_SEMITONES
_INTERVAL_KINDS = np.where(np.isin(_INTERVALS, PERFECT_INTERVALS), _INTERVALS, _IMPERFECT).astype(np.int8)
"""The interval modulo an octave if it is perfect, else `_IMPERFECT`, by the interval in semitones + `_MAX_INTERVAL`."""
_BASS = len(VOICES) - 1
Int8s = NDArray[np.int8]


def transition_cost(before: Ints, after: Ints, rules: Collection[str], parallel_cost: float) -> Floats:
    """Return the nats `[i, j, n]` of the step from `before[n, i, voice]` to `after[n, j, voice]`.

    A pair of voices in parallels costs `parallel_cost`. Only `voice_leading.TRANSITION_RULES` count.
    """
    was, now = _split_voices(before), _split_voices(after)
    up = [_is_above(then, new) for then, new in zip(was, now, strict=True)]
    down = [_is_above(-then, -new) for then, new in zip(was, now, strict=True)]
    nats = np.zeros(up[0].shape, np.float32)
    if "parallels" in rules:
        nats += np.float32(parallel_cost) * _parallel_count(was, now, up, down)
    if "hidden" in rules:
        nats += np.float32(DIRECT_INTERVAL_COST) * _direct_intervals(was, now, up, down)
    if "leap" in rules:
        for then, new, moves in zip(was, now, map(np.logical_or, up, down), strict=True):
            size = np.abs(new[None] - then[:, None])
            nats += np.where(moves, LEAP_COSTS[size], 0)
    if "overlap" in rules:
        for upper, lower in pairwise(range(len(VOICES))):
            both = (was[upper] > REST) & (was[lower] > REST)
            nats += np.float32(OVERLAP_COST) * _is_above(was[upper] * both, now[lower])
            nats += np.float32(OVERLAP_COST) * _is_above(-was[lower] * both, -now[upper])
    return nats


def _split_voices(frames: Ints) -> list[Int8s]:
    """Return the voices of `frames[n, k, voice]`, each `[k, n]`."""
    return [np.ascontiguousarray(frames[..., voice].T, np.int8) for voice in range(len(VOICES))]


def _is_above(then: Int8s, new: Int8s) -> Bools:
    """Return where `new[j, n]` is above `then[i, n]` and neither is a rest, `[i, j, n]`."""
    floor = np.where(then == REST, _ABOVE_ALL_PITCHES, then)[:, None]
    return np.where(new == REST, _BELOW_ALL_PITCHES, new)[None] > floor


def _interval_kinds(voices: list[Int8s], upper: int, lower: int) -> Int8s:
    """Return which perfect interval the two voices form, or `_IMPERFECT`, `[k, n]`."""
    return _INTERVAL_KINDS[voices[upper] - voices[lower] + _MAX_INTERVAL]


def _parallel_count(was: list[Int8s], now: list[Int8s], up: list[Bools], down: list[Bools]) -> Int8s:
    """Count pairs that move in one direction from a fifth, an octave or a unison into the same, `[i, j, n]`."""
    count = np.zeros(up[0].shape, np.int8)
    for upper, lower in VOICE_PAIRS:
        then, new = _interval_kinds(was, upper, lower), _interval_kinds(now, upper, lower)
        same = (then[:, None] == new[None]) & (new != _IMPERFECT)[None]
        count += same & ((up[upper] & up[lower]) | (down[upper] & down[lower]))
    return count


def _direct_intervals(was: list[Int8s], now: list[Int8s], up: list[Bools], down: list[Bools]) -> Bools:
    """Return where soprano and bass move in one direction into another perfect interval, the soprano by a leap.

    The result is `[i, j, n]`.
    """
    then, new = _interval_kinds(was, 0, _BASS), _interval_kinds(now, 0, _BASS)
    other = (then[:, None] != new[None]) & (new != _IMPERFECT)[None]
    leaps = np.abs(now[0][None] - was[0][:, None]) > MAX_STEP_SEMITONES
    return other & leaps & ((up[0] & up[_BASS]) | (down[0] & down[_BASS]))
