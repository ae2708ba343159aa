"""The player's wishes for the harmony, as nats that are added to the network's logits.

`logit_bias` is added to the logits of a voice while candidates are drawn, so that a few candidates are enough to follow
the player's wishes, and counts again when they are ranked. It depends only on the frame before and the given voices.
"""

import numpy as np

from bachbridge.music.cadences import cadence_bias
from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Floats, Ints, pitch_index
from bachbridge.music.notes import VOICE_RANGES
from bachbridge.protocol.style import Style

_DENSITY_BIAS = 2.0
"""Nats on a voice that moves while the given voice is held, at density 1."""
_BASE_MOTION_BIAS = 1.2
"""Nats on such a move at density 0 and randomness 0: taking the best would otherwise keep the inner voices still."""
_POSITION_BIAS = 0.3
"""Nats on each semitone of the tenor's distance from the soprano, at position 1; on the alto's half as much."""
_POSITION_WEIGHTS = {1: 0.5, 2: 1.0}
_RANGE_CENTRES = np.array([pitch_index((low + high) // 2) for low, high in VOICE_RANGES])


def logit_bias(style: Style, voice: int, previous: Ints | None, given: Ints) -> Floats:
    """`nats[row, pitch_index]` for `voice`, after `previous[row, voice]`, under `given[row, voice]` (-1: unknown)."""
    nats = np.zeros((len(given), PITCH_INDEX_COUNT), np.float32)
    if style.position and voice in _POSITION_WEIGHTS:
        nats -= (
            style.position
            * _POSITION_BIAS
            * _POSITION_WEIGHTS[voice]
            * (np.arange(PITCH_INDEX_COUNT) - _RANGE_CENTRES[voice])
        )
    moving = style.density * _DENSITY_BIAS + (1 - style.randomness) * _BASE_MOTION_BIAS
    if moving and previous is not None:
        held = ((given == UNKNOWN) | (given == previous)).all(axis=1) & (given > REST).any(axis=1)
        moves = np.arange(PITCH_INDEX_COUNT) != previous[:, [voice]]
        nats += moving * (held[:, None] & moves)
    if style.cadence and style.key is not None:
        nats += cadence_bias(style.key, voice, previous, given)
    nats[:, REST] = 0
    return nats
