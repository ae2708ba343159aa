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
ACCENT_NATS = 1.5
"""Nats for a voice that moves on a dotted beat of a compound meter, and against one that moves between them."""


def is_dotted_beat(bar_step: int) -> bool:
    """Return True for a dotted beat that lies between two quarters."""
    return bar_step % _COMMON_STEPS == DOTTED_BEAT_STEPS


def is_quarter_beat(bar_step: int) -> bool:
    """Return True for the quarter that lies between two dotted beats and is the weaker one in compound meters."""
    return bar_step % _COMMON_STEPS == 2 * STEPS_PER_BEAT


def is_compound(steps_per_bar: int, dotted_onsets: int, quarter_onsets: int) -> bool:
    """Return True if bars of this length, with so many notes on either kind of beat, have dotted beats."""
    if steps_per_bar % DOTTED_BEAT_STEPS:
        return False
    return steps_per_bar % STEPS_PER_BEAT != 0 or dotted_onsets > quarter_onsets


def beat_steps(given: Ints, onsets: Bools, position: Ints, steps_per_bar: Ints) -> Ints:
    """Return the length of a beat at each step of `given[step, voice]`: 6 in compound meters, else 4 (steps)."""
    begins = (onsets & (given > REST)).any(axis=1)
    beats = np.full(len(given), STEPS_PER_BEAT, np.int32)
    for length in np.unique(steps_per_bar).tolist():
        here = steps_per_bar == length
        places = position[here & begins].tolist()
        if is_compound(length, sum(map(is_dotted_beat, places)), sum(map(is_quarter_beat, places))):
            beats[here] = DOTTED_BEAT_STEPS
    return beats
