"""Chords of four-voice frames as cadences are judged: triads in root position, dominants, dissonant notes.

Frames are `pitch_indices[step, voice]` (see `frames`). The chord of a frame is that of all its voices, found by
`harmony.chord_names`; a frame with fewer than two pitch classes has none.
"""

import numpy as np

from bachbridge.music.frames import REST, Bools, Ints, midi_pitch
from bachbridge.music.harmony.chord_names import ChordReading, find_chord
from bachbridge.music.notes import VOICES, Key

BASS = len(VOICES) - 1
_TRIADS = ((0, 4, 7), (0, 3, 7))
_DOMINANT_SYMBOLS = ("", "7", "9", "add9")
_FIFTH, _LEADING_NOTE, _MAJOR_THIRD, _MINOR_THIRD, _FOURTH, _NINTH = 7, 11, 4, 3, 5, 2
_SEVENTHS = (10, 11)
_DIMINISHED_SEVENTH = 9


def frame_chords(pitch_indices: Ints) -> list[ChordReading | None]:
    """Return the chord of each frame."""
    return [find_chord(midi_pitch(index) for index in row if index > REST) for row in pitch_indices.tolist()]


def is_root_position_triad(pitch_indices: Ints) -> Bools:
    """Return which frames `[.., voice]` are a major or minor triad, or a part of one, over its root in the bass.

    Only voices that sound count; a frame whose bass rests is none.
    """
    above_bass = (pitch_indices - pitch_indices[..., -1:]) % 12
    rests = pitch_indices <= REST
    fits = np.any([np.all(np.isin(above_bass, triad) | rests, axis=-1) for triad in _TRIADS], axis=0)
    return np.asarray(fits & ~rests[..., -1], bool)


def is_dominant_of(chord: ChordReading | None, root: int) -> bool:
    """Return True for V over its root, with or without its seventh, or for vii° in any inversion, before `root`."""
    if chord is None:
        return False
    degree = (chord.root - root) % 12
    if chord.quality.triad == "diminished":
        return degree == _LEADING_NOTE
    return degree == _FIFTH and chord.quality.symbol in _DOMINANT_SYMBOLS and chord.bass == chord.root


def is_unstable(chord: ChordReading | None) -> bool:
    """Return True for a chord with a dissonance, and for a diminished or augmented one."""
    return chord is not None and (chord.quality.triad in ("diminished", "augmented") or bool(dissonant_classes(chord)))


def seventh_of(chord: ChordReading) -> int | None:
    """Return the pitch class of the chord's seventh; None if it has none."""
    wanted = (_DIMINISHED_SEVENTH,) if chord.quality.symbol == "dim7" else _SEVENTHS
    found = [interval for interval in chord.quality.intervals if interval in wanted]
    return (chord.root + found[0]) % 12 if found else None


def dissonant_classes(chord: ChordReading) -> frozenset[int]:
    """Return the pitch classes that are foreign to the chord's triad: sevenths, ninths, suspensions and others."""
    found = set(chord.foreign)
    seventh = seventh_of(chord)
    if seventh is not None:
        found.add(seventh)
    intervals = chord.quality.intervals
    if chord.quality.triad == "other" and _FOURTH in intervals:
        found.add((chord.root + _FOURTH) % 12)
    if _NINTH in intervals:
        found.add((chord.root + _NINTH) % 12)
    return frozenset(found)


def leading_note_of(chord: ChordReading) -> int | None:
    """Return the pitch class that leads: the third of a dominant seventh, the root of a diminished chord, or None."""
    if chord.quality.triad == "diminished":
        return chord.root
    return (chord.root + _MAJOR_THIRD) % 12 if chord.quality.symbol in ("7", "9") else None


def final_key(pitch_indices: Ints) -> Key | None:
    """Return the key in which a piece ends: the root of its last chord, with the third that sounds longer all along.

    None if the piece is silent. A piece in minor may end on a major chord.
    """
    sounding = np.flatnonzero((pitch_indices > REST).any(axis=1))
    if not len(sounding):
        return None
    tonic = final_root(pitch_indices)
    given = pitch_indices[pitch_indices > REST]
    degrees = np.bincount((given + (midi_pitch(1) - 1 - tonic)) % 12, minlength=12)
    return tonic, bool(degrees[_MINOR_THIRD] > degrees[_MAJOR_THIRD])


def final_root(pitch_indices: Ints) -> int:
    """Return the root of the last frame that sounds; the pitch class of its lowest note if it is no chord."""
    row = pitch_indices[np.flatnonzero((pitch_indices > REST).any(axis=1))[-1]]
    pitches = [midi_pitch(index) for index in row.tolist() if index > REST]
    chord = find_chord(pitches)
    return chord.root if chord else min(pitches) % 12
