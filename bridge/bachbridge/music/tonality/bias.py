"""The belief in a key as nats on the network's logits: against foreign notes, and for the chord to open with."""

from collections.abc import Sequence

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Floats, Ints, pitch_classes
from bachbridge.music.notes import VOICES, Key, scale_pitch_classes
from bachbridge.music.tonality.key_belief import KEY_COUNT, Probabilities
from bachbridge.music.tonality.opening import OpeningChord
from bachbridge.music.voice_leading import DOMINANT_DEGREES

_FOREIGN_NATS = 2.0
"""Nats against a note that belongs to none of the likely keys."""
_RAISED_SIXTH_SHARE = 0.5
"""How foreign the raised sixth is to a minor key."""
_OUTSIDE_DOMINANT_SHARE = 1.5
"""How foreign other notes than the dominant's are under the leading note of a minor key."""
_CHROMATIC_TUNE_SHARE = 0.5
"""Share of the cost that is left under a note of the tune that is foreign itself."""
_OPENING_NATS, _ROOT_NATS = 12.0, 3.0
"""Nats against notes outside the chord to open with, and for its root in the bass."""
_CLASH_NATS = 3.0
"""Nats against a note a semitone from the tune's, in any octave."""
_BASS = len(VOICES) - 1
_PITCH_CLASSES = pitch_classes(np.arange(PITCH_INDEX_COUNT, dtype=np.int32))


def _foreign_shares(key: Key) -> Floats:
    """How foreign each pitch class is to a key under each of the tune's: `share[tune, pitch class]`.

    Under the leading note of a minor key only the chords of the dominant are its own, not the augmented triad.
    """
    tonic, minor = key
    shares = np.ones((12, 12), np.float32)
    shares[:, list(scale_pitch_classes(key))] = 0
    if minor:
        shares[:, (tonic + 9) % 12] = _RAISED_SIXTH_SHARE
        other = [(tonic + degree) % 12 for degree in range(12) if degree not in DOMINANT_DEGREES]
        shares[(tonic + 11) % 12, other] = _OUTSIDE_DOMINANT_SHARE
    return shares


_FOREIGN_SHARES = np.array([_foreign_shares((number % 12, number >= 12)) for number in range(KEY_COUNT)])
"""`share[key number, tune, pitch class]`."""


def key_bias(probabilities: Probabilities, given: Ints) -> Floats:
    """Nats for each note under `given[row]`, by `probabilities[row, key number]`: `[row, voice, pitch index]`."""
    tune = _PITCH_CLASSES[given]
    foreign = np.einsum("nk,knp->np", probabilities, _FOREIGN_SHARES[:, tune]).astype(np.float32)
    own = np.where(given > REST, foreign[np.arange(len(given)), tune], 0)
    foreign *= (1 - (1 - _CHROMATIC_TUNE_SHARE) * own)[:, None]
    nats = -_FOREIGN_NATS * foreign[:, _PITCH_CLASSES]
    nats[:, REST] = 0
    return np.repeat(nats[:, None], len(VOICES), axis=1)


def clash_bias(given: Ints) -> Floats:
    """Nats against notes a semitone from `given[row]`, in any octave: `[row, voice, pitch index]`."""
    distance = (_PITCH_CLASSES - _PITCH_CLASSES[given][:, None]) % 12
    clashes = np.isin(distance, (1, 11)) & (given[:, None] > REST)
    nats = np.where(clashes, -_CLASH_NATS, 0).astype(np.float32)
    nats[:, REST] = 0
    return np.repeat(nats[:, None], len(VOICES), axis=1)


def opening_bias(chords: Sequence[OpeningChord | None]) -> Floats:
    """Nats for the notes of the chord to open with in each row, `[row, voice, pitch index]`."""
    nats = np.zeros((len(chords), len(VOICES), PITCH_INDEX_COUNT), np.float32)
    for row, chord in enumerate(chords):
        if chord is not None:
            nats[row, :, ~np.isin(_PITCH_CLASSES, list(chord.pitch_classes))] = -_OPENING_NATS
            nats[row, _BASS, chord.root == _PITCH_CLASSES] += _ROOT_NATS
    nats[:, :, REST] = 0
    return nats
