"""What the rules of voice-leading say of steps from frame to frame, for very many pairs of frames at once.

The same verdicts as `voiceleading.judge` gives on a frame after another, for every one of `k` frames of a moment with
every one of `k` frames of the next. There are too many of them to be written out as lists of frames: what belongs to
one frame is worked out before pairs are formed, voices are taken one after another on small numbers, and the many
moments are the last axis, along which arrays are quick.
"""

from collections.abc import Collection
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import satb
from bachbridge.music.notes import VOICES
from bachbridge.music.voice_leading import (
    AWKWARD_LEAP_COST,
    DIRECT_INTERVAL_COST,
    OVER_OCTAVE_LEAP_COST,
    OVERLAP_COST,
    Bools,
    Floats,
    Ints,
)

TRANSITION_RULES = frozenset(("parallels", "leap", "hidden", "overlap"))
"""The rules that a step can break; all others look at one frame."""
_ABOVE_ALL_PITCHES, _BELOW_ALL_PITCHES = 127, -127
"""In place of a rest where it must be lower than nothing, or higher."""
_LEAP_COSTS = np.zeros(satb.PITCH_INDEX_COUNT, np.float32)
_LEAP_COSTS[[6, 10, 11]], _LEAP_COSTS[13:] = AWKWARD_LEAP_COST, OVER_OCTAVE_LEAP_COST
_IMPERFECT, _FIFTH, _OCTAVE = range(3)
_MAX_INTERVAL = satb.PITCH_INDEX_COUNT
_INTERVAL_KINDS = np.array(
    [{0: _OCTAVE, 7: _FIFTH}.get(i % 12, _IMPERFECT) for i in range(-_MAX_INTERVAL, _MAX_INTERVAL + 1)], np.int8
)
"""By the interval in semitones plus `_MOST`."""
_VOICE_PAIRS = [(upper, lower) for upper in range(len(VOICES)) for lower in range(upper + 1, len(VOICES))]
_BASS = len(VOICES) - 1
_MAX_STEP_SEMITONES = 2
Int8s = NDArray[np.int8]


def transition_cost(before: Ints, after: Ints, rules: Collection[str], parallel_cost: float) -> Floats:
    """`nats[i, j, n]` on the step from `before[n, i, voice]` to `after[n, j, voice]`; a parallel costs `forbidden`."""
    was, now = _split_voices(before), _split_voices(after)
    up = [_is_above(then, new) for then, new in zip(was, now, strict=True)]
    down = [_is_above(-then, -new) for then, new in zip(was, now, strict=True)]
    nats = np.zeros(up[0].shape, np.float32)
    if "parallels" in rules:
        nats += np.float32(parallel_cost) * _parallels(was, now, up, down)
    if "hidden" in rules:
        nats += np.float32(DIRECT_INTERVAL_COST) * _direct(was, now, up, down)
    if "leap" in rules:
        for then, new, moves in zip(was, now, map(np.logical_or, up, down), strict=True):
            size = np.abs(new[None] - then[:, None])
            nats += np.where(moves, _LEAP_COSTS[size], 0)
    if "overlap" in rules:
        for upper, lower in pairwise(range(len(VOICES))):
            both = (was[upper] > satb.REST) & (was[lower] > satb.REST)
            nats += np.float32(OVERLAP_COST) * _is_above(was[upper] * both, now[lower])
            nats += np.float32(OVERLAP_COST) * _is_above(-was[lower] * both, -now[upper])
    return nats


def _split_voices(frames: Ints) -> list[Int8s]:
    """The voices of `frames[n, k, voice]`, each `[k, n]`."""
    return [np.ascontiguousarray(frames[..., voice].T, np.int8) for voice in range(len(VOICES))]


def _is_above(then: Int8s, new: Int8s) -> Bools:
    """`[i, j, n]`: whether `new[j, n]` is above `then[i, n]` and neither is a rest."""
    floor = np.where(then == satb.REST, _ABOVE_ALL_PITCHES, then)[:, None]
    return np.where(new == satb.REST, _BELOW_ALL_PITCHES, new)[None] > floor


def _interval_kind(voices: list[Int8s], upper: int, lower: int) -> Int8s:
    """What perfect interval, if any, the two voices form, `[k, n]`."""
    return _INTERVAL_KINDS[voices[upper] - voices[lower] + _MAX_INTERVAL]


def _parallels(was: list[Int8s], now: list[Int8s], up: list[Bools], down: list[Bools]) -> Int8s:
    """How many pairs of voices go the same way from a fifth, an octave or a unison into the same, `[i, j, n]`."""
    count = np.zeros(up[0].shape, np.int8)
    for upper, lower in _VOICE_PAIRS:
        then, new = _interval_kind(was, upper, lower), _interval_kind(now, upper, lower)
        same = (then[:, None] == new[None]) & (new != _IMPERFECT)[None]
        count += same & ((up[upper] & up[lower]) | (down[upper] & down[lower]))
    return count


def _direct(was: list[Int8s], now: list[Int8s], up: list[Bools], down: list[Bools]) -> Bools:
    """Whether soprano and bass go the same way into another perfect interval, the soprano by a leap, `[i, j, n]`."""
    then, new = _interval_kind(was, 0, _BASS), _interval_kind(now, 0, _BASS)
    other = (then[:, None] != new[None]) & (new != _IMPERFECT)[None]
    leaps = np.abs(now[0][None] - was[0][:, None]) > _MAX_STEP_SEMITONES
    return other & leaps & ((up[0] & up[_BASS]) | (down[0] & down[_BASS]))
