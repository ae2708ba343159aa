"""Key finding: the key of music from how long each pitch class sounds.

Keys are found by correlation with the profiles of C. Krumhansl and E. Kessler, "Tracing the dynamic changes in
perceived tonal organization in a spatial representation of musical keys", Psychological Review 89, 1982. The names of
keys are in `notes`, which needs no numpy.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, UNKNOWN, Ints, pitch_classes
from bachbridge.music.notes import Key, Note

_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_MIN_PITCH_CLASSES = 4
"""Distinct pitch classes that are needed to find a key."""
_SOUNDING_PITCH_CLASSES = pitch_classes(np.arange(REST + 1, PITCH_INDEX_COUNT, dtype=np.int32))

Weights = NDArray[np.float64]


def _standardized(values: Weights) -> Weights:
    """Shift and scale to mean 0 and length 1 along the last axis, so that a product is a correlation."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)


_KEY_PROFILES = _standardized(
    np.array([np.roll(profile, tonic) for profile in (_MAJOR_PROFILE, _MINOR_PROFILE) for tonic in range(12)])
)


def estimate_key(weights: Weights) -> Key:
    """Return the key of `weights[pitch class]`, how long each pitch class sounds; they must not all be equal."""
    best = int((_KEY_PROFILES @ _standardized(weights)).argmax())
    return best % 12, best >= 12


def key_profile_scores(weights: Weights) -> Weights:
    """How well each key's profile agrees with `weights[pitch class]`, which must not all be equal: from -1 to 1."""
    return _KEY_PROFILES @ _standardized(weights)


def key_profile_correlations() -> Weights:
    """How alike the profiles of two keys are, `correlation[key number, key number]`."""
    return _KEY_PROFILES @ _KEY_PROFILES.T


def estimate_key_numbers(weights: Weights) -> NDArray[np.int64]:
    """Return the key number (see `notes.key_to_number`) of each row of `weights[n, pitch class]`.

    The number is -1 where there is too little to find a key from.
    """
    enough = (np.count_nonzero(weights, axis=1) >= _MIN_PITCH_CLASSES) & (weights.min(axis=1) < weights.max(axis=1))
    keys = np.full(len(weights), -1, np.int64)
    keys[enough] = (_standardized(weights[enough]) @ _KEY_PROFILES.T).argmax(axis=1)
    return keys


def key_from_notes(notes: Iterable[Note]) -> Key:
    """Return the key of notes by how long each pitch class sounds; C major where that decides nothing."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += note.length
    return estimate_key(weights) if weights.min() < weights.max() else (0, False)


def pitch_durations(pitch_indices: Ints | Sequence[Sequence[int]]) -> Weights:
    """Steps for which each pitch index sounds in `pitch_indices[step, voice]`: `durations[pitch index]`."""
    given = np.asarray(pitch_indices, np.int64).ravel()
    return np.bincount(given[given > UNKNOWN], minlength=PITCH_INDEX_COUNT).astype(np.float64)


def key_from_durations(durations: Weights) -> Key | None:
    """Return the key of `durations[pitch index]` (steps); None where they are too few to find one."""
    weights = np.bincount(_SOUNDING_PITCH_CLASSES, durations[REST + 1 :], minlength=12).astype(np.float64)
    if np.count_nonzero(weights) < _MIN_PITCH_CLASSES or weights.min() == weights.max():
        return None
    return estimate_key(weights)
