"""Chords of four-voice frames looked up by their pitch classes, quickly enough for all candidates of a live step.

A set of pitch classes is a number of 12 bits, and each table has an entry for every set. A chord is recognized where
the set is exactly a triad or a seventh chord, also without its fifth. Chords with other notes have no root here;
`harmony.chord_names` names them too, one at a time.
"""

import numpy as np

from bachbridge.music.frames import LOWEST_PITCH, REST, Bools, Ints

_SETS = 1 << 12
_NOTHING = -1
_MAJOR, _MINOR, _DIMINISHED = 4, 3, 6
_CHORDS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((0, 3, 6, 9), 9),
    ((0, 4, 11), 11),
    ((0, 3, 10), 10),
    ((0, 4, 10), 10),
    ((0, 7), _NOTHING),
    ((0, 3), _NOTHING),
    ((0, 4), _NOTHING),
    ((0, 3, 6, 10), 10),
    ((0, 3, 7, 10), 10),
    ((0, 4, 7, 11), 11),
    ((0, 4, 7, 10), 10),
    ((0, 3, 6), _NOTHING),
    ((0, 3, 7), _NOTHING),
    ((0, 4, 7), _NOTHING),
)
"""Intervals above the root and the seventh among them; a later chord is the better reading of the same notes."""


def _number(root: int, intervals: tuple[int, ...]) -> int:
    return sum(1 << (root + interval) % 12 for interval in intervals)


ROOT = np.full(_SETS, _NOTHING, np.int8)
"""The root's pitch class; -1: no chord is recognized."""
SEVENTH = np.full(_SETS, _NOTHING, np.int8)
"""The pitch class of the seventh; -1: there is none."""
LEADING_NOTE = np.full(_SETS, _NOTHING, np.int8)
"""The leading note of a dominant seventh or a diminished chord; -1: there is none."""
IS_TRIAD = np.zeros(_SETS, bool)
"""True for a major or minor triad with its third, also without its fifth."""
HAS_MINOR_THIRD = np.zeros(_SETS, bool)
IS_DOMINANT = np.zeros((_SETS, 12), bool)
"""`[set, root]`: True for V and V7 of the triad on this root."""
IS_LEADING_CHORD = np.zeros((_SETS, 12), bool)
"""`[set, root]`: True for the diminished chords a semitone below this root."""
DISSONANT = np.zeros(_SETS, np.int16)
"""The notes that are foreign to the triad of the set, as a set; empty where no triad is found."""


def _fill_tables() -> None:
    everything = np.arange(_SETS)
    for intervals in ((0, 3, 6), (0, 3, 7), (0, 4, 7)):
        for root in range(12):
            triad = _number(root, intervals)
            holds = (everything & triad) == triad
            DISSONANT[holds] = everything[holds] & ~triad
    for intervals, seventh in _CHORDS:
        for root in range(12):
            chord = _number(root, intervals)
            is_diminished = _DIMINISHED in intervals
            is_dominant = _MAJOR in intervals and seventh in (_NOTHING, 10)
            ROOT[chord] = root
            SEVENTH[chord] = (root + seventh) % 12 if seventh != _NOTHING else _NOTHING
            HAS_MINOR_THIRD[chord] = _MINOR in intervals
            IS_TRIAD[chord] = seventh == _NOTHING and not is_diminished and len(intervals) + (7 not in intervals) == 3
            IS_DOMINANT[chord, (root + 5) % 12] = is_dominant
            IS_LEADING_CHORD[chord, (root + 1) % 12] = is_diminished
            leads = root if is_diminished else (root + _MAJOR) % 12 if is_dominant and seventh == 10 else _NOTHING
            LEADING_NOTE[chord] = leads
            DISSONANT[chord] = 0 if seventh == _NOTHING else 1 << (root + seventh) % 12


_fill_tables()


def pitch_class_sets(pitch_indices: Ints) -> Ints:
    """Return the set of the pitch classes of each frame, `pitch_indices[.., voice]`."""
    bits = np.where(pitch_indices > REST, 1 << (pitch_indices + (LOWEST_PITCH - 1)) % 12, 0)
    return np.bitwise_or.reduce(bits, axis=-1)


def leads_to(sets: Ints, bass: Ints, root: Ints) -> Bools:
    """Return whether each chord leads to the triad on `root[k]`: V over its root in the bass, or a diminished VII.

    `sets[k]` are the chords' pitch classes, `bass[k]` those of their lowest notes.
    """
    return np.asarray(IS_DOMINANT[sets, root] & (bass == (root + 7) % 12) | IS_LEADING_CHORD[sets, root], bool)


def is_close(sets: Ints, bass: Ints) -> Bools:
    """Return which chords are a triad in root position; the arguments are those of `leads_to`."""
    return np.asarray(IS_TRIAD[sets] & (ROOT[sets] == bass), bool)
