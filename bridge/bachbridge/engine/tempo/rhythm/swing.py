"""The player's swing: how late the second half of each beat is."""

from collections.abc import Sequence
from statistics import median

STRAIGHT = 0.5
_MOST_SWING = 0.75
_MIN_NOTES = 3


def swing_ratio(
    steps: Sequence[int], offsets_ns: Sequence[int], beat_step: int, steps_per_beat: int, step_ns: int
) -> float:
    """Return the place of the second half of a beat in it: 0.5 is straight, 2/3 a triplet's swing.

    `offsets_ns` is the distance of each onset from the time of its step, `beat_step` a step on a beat. Compound beats
    and phrases with few notes halfway through a beat are straight.
    """
    if steps_per_beat % 2 or steps_per_beat % 3 == 0:
        return STRAIGHT
    places = [(step - beat_step) % steps_per_beat for step in steps]
    on_beat = [offset for place, offset in zip(places, offsets_ns, strict=True) if place == 0]
    halfway = [offset for place, offset in zip(places, offsets_ns, strict=True) if place == steps_per_beat // 2]
    if min(len(on_beat), len(halfway)) < _MIN_NOTES:
        return STRAIGHT
    ratio = STRAIGHT + (median(halfway) - median(on_beat)) / (steps_per_beat * step_ns)
    return min(max(ratio, 1 - _MOST_SWING), _MOST_SWING)
