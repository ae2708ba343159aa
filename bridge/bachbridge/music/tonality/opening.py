"""The chord to open with: the one that most likely belongs to the tonic, by what is believed of the key.

Every chord has a value in every key: it is worth most if it is the tonic's triad, less if it is the relative's or the
dominant's, little if it only belongs to the scale, and nothing if it does not. The chord with the highest expected
value opens: the note's own major triad on notes that mostly begin tunes in that key. Where one note does not tell the
key well enough for a triad, an open fifth on it does best: it has no third that could be wrong, and nearly every key
with the note has the fifth too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbridge.music.notes import scale_pitch_classes
from bachbridge.music.tonality.key_belief import Probabilities

_SCALE_VALUE = 1.0
_TRIAD_VALUES = {
    False: {(0, 4, 7): 1.0, (9, 0, 4): 0.7, (7, 11, 2): 0.6, (5, 9, 0): 0.3},
    True: {(0, 3, 7): 1.0, (3, 7, 10): 0.7, (7, 11, 2): 0.6, (8, 0, 3): 0.5, (7, 10, 2): 0.4, (5, 8, 0): 0.3},
}
"""Values of triads (semitones above the tonic) beyond that of belonging to the scale, in major and minor keys."""
_MODE_DEGREE_VALUES = {0: 1.0, 2: 0.5, 3: 0.4, 4: 0.6, 5: 0.3, 6: 0.5}
"""Values for the triads on the degrees of a mode, counted in steps of its scale above the final."""
_THIRD_VALUE = 0.4
"""The value of having a third."""
_MIN_VALUE = 0.9
"""Expected value below which no chord is worth a wish: the note belongs to none of the likely keys."""
_CHORDS = tuple(
    frozenset((root + interval) % 12 for interval in intervals)
    for intervals in ((0, 4, 7), (0, 3, 7), (0, 7))
    for root in range(12)
)
_ROOTS = tuple(range(12)) * 3

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OpeningChord:
    """The chord to open with."""

    root: int
    pitch_classes: frozenset[int]


def opening_chord(pitch_class: int, probabilities: Probabilities) -> OpeningChord | None:
    """Return the chord to open with under the tune's first note; None if no chord is wished for.

    `probabilities[key number]` are those after the note.
    """
    return _best_chord(pitch_class, probabilities @ _values_by_key())


def opening_chord_in_mode(pitch_class: int, final: int, scale: frozenset[int]) -> OpeningChord | None:
    """Return the chord to open with under the first note of a tune in a mode with this final and scale."""
    above = sorted((pitch_class - final) % 12 for pitch_class in scale)
    triads = {
        frozenset((final + above[(degree + third) % len(above)]) % 12 for third in (0, 2, 4)): value
        for degree, value in _MODE_DEGREE_VALUES.items()
    }
    return _best_chord(pitch_class, np.array([_chord_value(chord, scale, triads) for chord in _CHORDS]))


def _best_chord(pitch_class: int, values: Values) -> OpeningChord | None:
    """Return the chord with this note that has the highest of `values[chord]`."""
    has_note = np.array([pitch_class in chord for chord in _CHORDS])
    best = int(np.where(has_note, values, -1).argmax())
    return OpeningChord(_ROOTS[best], _CHORDS[best]) if values[best] >= _MIN_VALUE else None


def _chord_value(chord: frozenset[int], scale: frozenset[int], triads: Mapping[frozenset[int], float]) -> float:
    if not chord <= scale:
        return 0.0
    family_value = max((value for triad, value in triads.items() if chord <= triad), default=0.0)
    return _SCALE_VALUE + family_value + _THIRD_VALUE * (len(chord) == 3)


@cache
def _values_by_key() -> Values:
    """Return `value[key number, chord]`."""
    rows: list[list[float]] = []
    for minor in (False, True):
        for tonic in range(12):
            scale = scale_pitch_classes((tonic, minor))
            triads = {
                frozenset((tonic + degree) % 12 for degree in degrees): value
                for degrees, value in _TRIAD_VALUES[minor].items()
            }
            rows.append([_chord_value(chord, scale, triads) for chord in _CHORDS])
    return np.array(rows)
