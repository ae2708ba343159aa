"""The harmony that the player's left hand gives, as nats on the notes of the other voices.

Three or more pitch classes are a chord, and no voice leaves it. Fewer leave the rest of the chord to the network. In
any case the bass is the left hand's. The network chooses among what is left, and the rules lead the voices.
"""

from collections.abc import Sequence

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Floats, pitch_classes
from bachbridge.music.notes import VOICES

_DISOBEDIENCE_NATS = -40.0
"""Nats on a note that the left hand rules out: more than on a crossing or a parallel."""
_MEMBER_NATS = 1.5
"""Nats on the pitch classes of a left hand that gives no whole chord."""
_WHOLE_CHORD = 3


def left_hand_bias(left_hand: Sequence[int], row_count: int) -> Floats:
    """Nats `[row, voice, pitch index]` under a left hand of these pitch classes, the bass's first; none without any."""
    nats = np.zeros((row_count, len(VOICES), PITCH_INDEX_COUNT), np.float32)
    if not left_hand:
        return nats
    classes = pitch_classes(np.arange(PITCH_INDEX_COUNT, dtype=np.int32))
    is_member = np.isin(classes, list(left_hand))
    nats += _DISOBEDIENCE_NATS * ~is_member if len(left_hand) >= _WHOLE_CHORD else _MEMBER_NATS * is_member
    nats[:, -1] = _DISOBEDIENCE_NATS * (classes != left_hand[0])
    nats[..., REST] = 0
    return nats
