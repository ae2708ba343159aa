"""Kinds of cadences, by the last two chords of a phrase and its key.

The names are those of the textbooks: *authentic* from the dominant to the tonic, *plagal* from the subdominant to it,
*half* on the dominant, *deceptive* from the dominant to the sixth degree. The last chord is a triad over its root.
"""

from collections.abc import Sequence
from typing import Literal

from bachbridge.music.harmony.chord_names import ChordReading, find_chord
from bachbridge.music.notes import Key, Note
from bachbridge.music.phrasing.sounding_chords import is_dominant_of

CadenceKind = Literal["authentic", "plagal", "half", "deceptive"]
_TRIAD_SYMBOLS = ("", "m")
_SUBDOMINANT, _DOMINANT = 5, 7
_SIXTH = (9, 8)
"""Semitones from the tonic up to the sixth degree, in major and in minor."""
_MIN_CHORD_NOTES = 3


def cadence_kind(before: ChordReading | None, last: ChordReading, key: Key) -> CadenceKind | None:
    """Return the kind of cadence that `last` makes after the chord `before`; None if it makes none."""
    tonic, minor = key
    if before is None or before.root == last.root:
        return None
    if last.quality.symbol not in _TRIAD_SYMBOLS or last.bass != last.root or last.foreign:
        return None
    degree, leads_home = (last.root - tonic) % 12, is_dominant_of(before, tonic)
    if degree == 0:
        is_plagal = (before.root - tonic) % 12 == _SUBDOMINANT and before.bass == before.root
        return "authentic" if leads_home else "plagal" if is_plagal else None
    if degree == _DOMINANT and last.quality.symbol == "":
        return "half"
    return "deceptive" if degree == _SIXTH[minor] and leads_home else None


def closing_cadence(notes: Sequence[Note], key: Key) -> CadenceKind | None:
    """Return the cadence in which notes of several voices end; None if they end in none, or in no chords."""
    last_start = max((note.start for note in notes), default=0)
    starts = sorted({note.start for note in notes if note.start <= last_start}, reverse=True)
    last = None
    for start in starts:
        chord = _full_chord_at(notes, start, key)
        if last is None:
            last = chord
            if last is None:
                return None
        elif chord is not None and chord.root != last.root:
            return cadence_kind(chord, last, key)
    return None


def _full_chord_at(notes: Sequence[Note], step: int, key: Key) -> ChordReading | None:
    pitches = [note.pitch for note in notes if note.start <= step < note.end]
    return find_chord(pitches, key) if len(pitches) >= _MIN_CHORD_NOTES else None
