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
from bachbridge.music.voice_leading import AWKWARD, DIRECT, OVERLAP, TOO_FAR, Bools, Floats, Ints

BETWEEN = frozenset(("parallels", "leap", "hidden", "overlap"))
"""The rules that a step can break; all others look at one frame."""
_OVER, _UNDER = 127, -127
"""In place of a rest where it must be lower than nothing, or higher."""
_LEAPS = np.zeros(satb.CLASSES, np.float32)
_LEAPS[[6, 10, 11]], _LEAPS[13:] = AWKWARD, TOO_FAR
_NEITHER, _FIFTH, _OCTAVE = range(3)
_MOST = satb.CLASSES
_KINDS = np.array([{0: _OCTAVE, 7: _FIFTH}.get(i % 12, _NEITHER) for i in range(-_MOST, _MOST + 1)], np.int8)
"""By the interval in semitones plus `_MOST`."""
_PAIRS = [(upper, lower) for upper in range(len(VOICES)) for lower in range(upper + 1, len(VOICES))]
_BASS = len(VOICES) - 1
_STEP = 2
Smalls = NDArray[np.int8]


def cost(before: Ints, after: Ints, rules: Collection[str], forbidden: float) -> Floats:
    """`nats[i, j, n]` on the step from `before[n, i, voice]` to `after[n, j, voice]`; a parallel costs `forbidden`."""
    was, now = _voices(before), _voices(after)
    up = [_above(then, new) for then, new in zip(was, now, strict=True)]
    down = [_above(-then, -new) for then, new in zip(was, now, strict=True)]
    nats = np.zeros(up[0].shape, np.float32)
    if "parallels" in rules:
        nats += np.float32(forbidden) * _parallels(was, now, up, down)
    if "hidden" in rules:
        nats += np.float32(DIRECT) * _direct(was, now, up, down)
    if "leap" in rules:
        for then, new, moves in zip(was, now, map(np.logical_or, up, down), strict=True):
            size = np.abs(new[None] - then[:, None])
            nats += np.where(moves, _LEAPS[size], 0)
    if "overlap" in rules:
        for upper, lower in pairwise(range(len(VOICES))):
            both = (was[upper] > satb.REST) & (was[lower] > satb.REST)
            nats += np.float32(OVERLAP) * _above(was[upper] * both, now[lower])
            nats += np.float32(OVERLAP) * _above(-was[lower] * both, -now[upper])
    return nats


def _voices(frames: Ints) -> list[Smalls]:
    """The voices of `frames[n, k, voice]`, each `[k, n]`."""
    return [np.ascontiguousarray(frames[..., voice].T, np.int8) for voice in range(len(VOICES))]


def _above(then: Smalls, new: Smalls) -> Bools:
    """`[i, j, n]`: whether `new[j, n]` is above `then[i, n]` and neither is a rest."""
    floor = np.where(then == satb.REST, _OVER, then)[:, None]
    return np.where(new == satb.REST, _UNDER, new)[None] > floor


def _kind(voices: list[Smalls], upper: int, lower: int) -> Smalls:
    """What perfect interval, if any, the two voices form, `[k, n]`."""
    return _KINDS[voices[upper] - voices[lower] + _MOST]


def _parallels(was: list[Smalls], now: list[Smalls], up: list[Bools], down: list[Bools]) -> Smalls:
    """How many pairs of voices go the same way from a fifth, an octave or a unison into the same, `[i, j, n]`."""
    count = np.zeros(up[0].shape, np.int8)
    for upper, lower in _PAIRS:
        then, new = _kind(was, upper, lower), _kind(now, upper, lower)
        same = (then[:, None] == new[None]) & (new != _NEITHER)[None]
        count += same & ((up[upper] & up[lower]) | (down[upper] & down[lower]))
    return count


def _direct(was: list[Smalls], now: list[Smalls], up: list[Bools], down: list[Bools]) -> Bools:
    """Whether soprano and bass go the same way into another perfect interval, the soprano by a leap, `[i, j, n]`."""
    then, new = _kind(was, 0, _BASS), _kind(now, 0, _BASS)
    other = (then[:, None] != new[None]) & (new != _NEITHER)[None]
    leaps = np.abs(now[0][None] - was[0][:, None]) > _STEP
    return other & leaps & ((up[0] & up[_BASS]) | (down[0] & down[_BASS]))
