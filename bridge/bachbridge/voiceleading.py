"""What a voice had better not do, as penalties on its candidates (nats to be added to a network's logits).

Two rules so far. Parallels: two voices that move in the same direction from a fifth, an octave or a unison into the
same interval, the first thing that every treatise since Fux forbids. Key: pitch classes outside the scale of the
phrase's key, found by correlation with the profiles of C. Krumhansl and E. Kessler, "Tracing the dynamic changes in
perceived tonal organization in a spatial representation of musical keys", Psychological Review 89, 1982. A penalty
makes a choice unlikely and never impossible: a network that is sure of a chromatic note still gets it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbridge.codecs import satb

Floats = NDArray[np.float32]

PARALLEL, FOREIGN = -4.0, -2.0
"""Penalties for a parallel and for a pitch class outside the scale, in nats."""
_PERFECT = (0, 5, 7)
"""Octave or unison, and the fifth counted from either of its notes, in semitones modulo 12."""
_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_MINOR_SCALE = (0, 2, 3, 5, 7, 8, 9, 10, 11)
"""The natural scale with the raised sixth and seventh."""
_CLASSES = np.arange(satb.CLASSES)
_PITCH_CLASSES = (_CLASSES[satb.REST + 1 :] + satb.LOWEST - 1) % 12
_TELLING = 4
"""Distinct pitch classes that it takes to tell a key."""


def parallels(before: Sequence[int], chosen: Sequence[int], voice: int) -> Floats:
    """`penalty[class]` for `voice` after the frame `before`, given the voices `chosen` so far (-1: not yet)."""
    penalty = np.zeros(satb.CLASSES, np.float32)
    own = before[voice]
    if own <= satb.REST:
        return penalty
    for then, now in zip(before, chosen, strict=True):
        moved = now - then
        if (
            then <= satb.REST
            or now <= satb.REST
            or moved == 0
            or (own - then) % 12 not in (*_PERFECT, 12 - _PERFECT[1])
        ):
            continue
        same_way = np.sign(_CLASSES - own) == np.sign(moved)
        penalty[same_way & ((_CLASSES - now) % 12 == (own - then) % 12)] = PARALLEL
    penalty[satb.REST] = 0
    return penalty


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and length 1 along the last axis, so that a product is a correlation."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)


_KEYS = _standard(
    np.array([np.roll(profile, tonic) for profile in (_MAJOR_PROFILE, _MINOR_PROFILE) for tonic in range(12)])
)


def key_of(weights: NDArray[np.float64]) -> tuple[int, bool]:
    """Tonic (0 = C) and whether it is minor, of pitch classes weighted by how long they sound (not all the same)."""
    best = int((_KEYS @ _standard(weights)).argmax())
    return best % 12, best >= 12


def foreign(sounded: NDArray[np.float64]) -> Floats:
    """`penalty[class]` of what does not belong to the key of `sounded[class]`: for how many steps each one sounded.

    No penalty where too little was sounded to tell a key.
    """
    penalty = np.zeros(satb.CLASSES, np.float32)
    weights = np.bincount(_PITCH_CLASSES, sounded[satb.REST + 1 :], minlength=12).astype(np.float64)
    if np.count_nonzero(weights) < _TELLING or weights.min() == weights.max():
        return penalty
    tonic, minor = key_of(weights)
    scale = [(tonic + degree) % 12 for degree in (_MINOR_SCALE if minor else _MAJOR_SCALE)]
    penalty[satb.REST + 1 :][~np.isin(_PITCH_CLASSES, scale)] = FOREIGN
    return penalty
