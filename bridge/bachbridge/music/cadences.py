"""Full closes: how to recognize one, and which chord is due on the way to one.

A full close is V or V7 over its root, then I in root position, all in one key. On the way to it the six-four chord may
hang over the dominant's root.
"""

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Bools, Floats, Ints, pitch_classes
from bachbridge.music.notes import VOICES, Key

_CADENCE_BIAS = 8.0
"""Nats for the notes of the chord that is due in a cadence."""
_BASS = len(VOICES) - 1
_NO_CHORD, _DOMINANT, _SIX_FOUR, _TONIC = range(4)
_DOMINANT_SEVENTH = (7, 11, 2, 5)
"""Degrees of V and V7, in semitones above the tonic."""
_PITCH_CLASSES = pitch_classes(np.arange(PITCH_INDEX_COUNT, dtype=np.int32))


def is_full_close(previous: Ints, current: Ints, key: Key) -> bool:
    """Return True if `current[voice]` after `previous[voice]` is a full close in `key`."""
    degrees = _scale_degrees(current[None], key)
    tonic = np.isin(degrees, _tonic_triad(key)) | (current[None] <= REST)
    return bool(
        _is_dominant(previous[None], key)[0] and degrees[0, _BASS] == 0 and current[_BASS] > REST and tonic.all()
    )


def cadence_bias(key: Key, voice: int, previous: Ints | None, given: Ints) -> Floats:
    """Nats for the notes of `voice` that lead to a full close, `[row, pitch index]`.

    The chord that is due follows from `previous[row, voice]` (None: nothing came before) and `given[row, voice]`
    (-1: not chosen yet). The bass gets the root of the dominant, also under a six-four chord, or of the tonic.
    """
    table = np.zeros((4, 12), np.float32)
    tonic, third = key[0], _third_degree(key)
    if voice == _BASS:
        chords = {_DOMINANT: {7: 0.0}, _SIX_FOUR: {7: 0.0}, _TONIC: {0: 0.0}}
    else:
        full = {0: 0.0, third: 1.0, 7: 0.0}
        chords = {_DOMINANT: {7: 0.0, 11: 2.0, 2: 0.0, 5: -1.0}, _SIX_FOUR: full, _TONIC: full}
    for chord, extra_by_degree in chords.items():
        for degree, extra in extra_by_degree.items():
            table[chord, (degree + tonic) % 12] = _CADENCE_BIAS + extra
    return table[_due_chord(key, previous, given)][:, _PITCH_CLASSES]


def _third_degree(key: Key) -> int:
    return 3 if key[1] else 4


def _tonic_triad(key: Key) -> tuple[int, ...]:
    return 0, _third_degree(key), 7


def _scale_degrees(pitch_indices: Ints, key: Key) -> Ints:
    """Semitones above the tonic, `[row, voice]`; meaningless where no voice sounds."""
    return (pitch_classes(pitch_indices) - key[0]) % 12


def _is_dominant(frames: Ints, key: Key) -> Bools:
    """Return which of `frames[row, voice]` are V or V7 over its root."""
    degrees = _scale_degrees(frames, key)
    inside = np.isin(degrees, _DOMINANT_SEVENTH) | (frames <= REST)
    return inside.all(axis=1) & (frames[:, _BASS] > REST) & (degrees[:, _BASS] == 7)


def _due_chord(key: Key, previous: Ints | None, given: Ints) -> Ints:
    """Return the chord that is due in each row of `given[row, voice]`."""
    degrees, unset = _scale_degrees(given, key), given <= REST

    def allows(chord: tuple[int, ...], bass: int) -> Bools:
        root = unset[:, _BASS] | (degrees[:, _BASS] == bass)
        return (unset | np.isin(degrees, chord)).all(axis=1) & root

    tonic = _tonic_triad(key)
    after_dominant = np.zeros(len(given), bool) if previous is None else _is_dominant(previous, key)
    return np.select(
        [after_dominant & allows(tonic, 0), allows(_DOMINANT_SEVENTH, 7), allows(tonic, 7)],
        [_TONIC, _DOMINANT, _SIX_FOUR],
        _NO_CHORD,
    ).astype(np.int32)
