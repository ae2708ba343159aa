"""Where on the keyboard music is read by a network that knows only a part of it: as written, or octaves away."""

from collections.abc import Callable

_OCTAVE_SHIFTS = tuple(range(-48, 49, 12))


def best_octave_shift(count_fitting: Callable[[int], int]) -> int:
    """By how many semitones, in octaves, the music is best moved.

    `fitting` tells how much of it fits after a shift; of equally good shifts the smallest is taken.
    """
    return max(_OCTAVE_SHIFTS, key=lambda shift: (count_fitting(shift), -abs(shift)))


def fold_into_range(pitch: int, lowest: int, highest: int) -> int:
    """The pitch, or the nearest of its octaves from `lowest` to `highest`, which are an octave apart or more."""
    if pitch < lowest:
        return pitch + 12 * -(-(lowest - pitch) // 12)
    return pitch - 12 * -(-(pitch - highest) // 12) if pitch > highest else pitch
