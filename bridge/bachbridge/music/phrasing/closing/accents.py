"""The beat of a meter from what is played: 6/8 and 3/4 have bars of the same length, and so have 12/8 and 3/2.

In compound meters a beat is three 8ths. They are told from simple ones by where notes begin: on the dotted beats
between the quarters more often than on the quarters between the dotted beats.
"""

import numpy as np

from bachbridge.music.frames import REST, Bools, Ints
from bachbridge.music.notes import STEPS_PER_BEAT

DOTTED_BEAT_STEPS = 3 * STEPS_PER_BEAT // 2
_COMMON_STEPS = 2 * DOTTED_BEAT_STEPS
"""Dotted beats and quarters meet every so many steps."""


def beat_steps(given: Ints, onsets: Bools, position: Ints, steps_per_bar: Ints) -> Ints:
    """Return the length of a beat at each step of `given[step, voice]`: 6 in compound meters, else 4 (steps)."""
    can_be_compound = steps_per_bar % DOTTED_BEAT_STEPS == 0
    begins = (onsets & (given > REST)).any(axis=1)
    beats = np.full(len(given), STEPS_PER_BEAT, np.int32)
    for length in np.unique(steps_per_bar[can_be_compound]).tolist():
        here = steps_per_bar == length
        at = position[here & begins] % _COMMON_STEPS
        dotted, quarters = np.sum(at == DOTTED_BEAT_STEPS), np.sum(at == 2 * STEPS_PER_BEAT)
        if dotted > quarters or length % STEPS_PER_BEAT:
            beats[here] = DOTTED_BEAT_STEPS
    return beats
