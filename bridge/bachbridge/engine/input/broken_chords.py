"""The left hand's chord from the strokes that break it: Alberti basses, arpeggios, waltz basses, stride.

Keys that are struck together are one stroke. The strokes of a pattern count together: their pitch classes are the
chord, and the lowest note is the bass. A stroke goes on with the pattern if its notes are the chord's, or if together
with it they may still be one chord. Otherwise a new pattern begins, where possible with the last bass note: it may have
been the first of the new chord already. Chords that are struck whole follow each other without a pattern, and so do
single notes on the beats: they are a bass line. A quick note between beats that comes by step is a passing note.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

_WHOLE_CHORD = 3
"""Pitch classes that leave nothing of the chord open."""
_QUICK_BEATS, _QUICK_NS = 0.75, 260_000_000
"""Single notes that follow each other within one of these times may break a chord."""
_NEAR_BEATS = 1.6
"""A stroke that comes within this time may belong to a bass note or chord before it."""
_BAR_BEATS = 4.5
"""The bass of chords above it was struck at most this long ago."""
_STEPWISE, _ABOVE_BASS = 2, 9
"""Semitones of a step at most, and those above the bass beyond which a note is no bass note."""
_FIFTH = 7
_MEMORY_BEATS = 8.5
"""Strokes count for this long."""
_SHAPES = (
    (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9),
)  # fmt: skip
"""Triads and sevenths without a semitone; a part of one may still become it."""
_TRIAD_SIZE = 3
_CHORDS = [frozenset((root + degree) % 12 for degree in shape) for shape in _SHAPES for root in range(12)]
_MAJOR_SEVENTHS = {frozenset((root + degree) % 12 for degree in (0, 4, 7, 11)) for root in range(12)}


@dataclass(frozen=True, slots=True)
class KeyStroke:
    """Keys that are struck together."""

    on_ns: int
    pitches: tuple[int, ...]
    """MIDI pitches, lowest first."""
    counts: bool = True
    """False for a passing note, and for the fifth with which a bass takes turns: they do not change the harmony."""


Strokes = tuple[KeyStroke, ...]


def quick_ns(beat_ns: int) -> int:
    """Return the time within which single notes may break a chord."""
    return max(round(_QUICK_BEATS * beat_ns), _QUICK_NS)


def counted_pitches(strokes: Strokes) -> list[int]:
    """Return the pitches that make the harmony."""
    return [pitch for stroke in strokes if stroke.counts for pitch in stroke.pitches]


def continue_pattern(before: Strokes, stroke: KeyStroke, beat_ns: int, *, is_on_beat: bool) -> Strokes:
    """Return the pattern after one more stroke."""
    before = tuple(other for other in before if stroke.on_ns - other.on_ns <= _MEMORY_BEATS * beat_ns)
    if not counted_pitches(before):
        return (stroke,)
    add = _add_chord if len(stroke.pitches) > 1 else _add_single
    return add(before, stroke, beat_ns, is_on_beat)


def _add_chord(before: Strokes, chord: KeyStroke, beat_ns: int, _is_on_beat: bool) -> Strokes:
    """Return the pattern after keys that are struck together."""
    pitches = counted_pitches(before)
    is_broken = any(len(stroke.pitches) == 1 for stroke in before)
    if is_broken and min(pitches) in chord.pitches and set(chord.pitches) <= set(pitches):
        return (*before, chord)
    since_bass = _since_bass(before)
    bass, lowest = since_bass[0], chord.pitches[0]
    has_chords = any(len(stroke.pitches) > 1 for stroke in before)
    is_near = chord.on_ns - before[-1].on_ns <= _NEAR_BEATS * beat_ns
    in_bar = chord.on_ns - bass.on_ns <= _BAR_BEATS * beat_ns
    lies_above = all(len(stroke.pitches) > 1 or max(stroke.pitches) < lowest for stroke in since_bass)
    if len(bass.pitches) > 1 or not (is_near and in_bar and lies_above and (has_chords or len(since_bass) == 1)):
        return (chord,)
    if _classes([chord]) <= _classes(before):
        return (*before, chord)
    together = (*since_bass, chord)
    return together if _is_one_chord(together) else (bass, chord)


def _add_single(before: Strokes, note: KeyStroke, beat_ns: int, is_on_beat: bool) -> Strokes:
    """Return the pattern after a single note."""
    pitches, pitch = counted_pitches(before), note.pitches[0]
    classes, bass = _classes(before), min(pitches)
    gap_ns = note.on_ns - before[-1].on_ns
    is_quick, is_near = gap_ns < quick_ns(beat_ns), gap_ns <= _NEAR_BEATS * beat_ns
    is_whole = len(classes) >= _WHOLE_CHORD
    has_chords = any(len(stroke.pitches) > 1 for stroke in before)
    if pitch % 12 in classes:
        if not is_quick and not (is_near and is_whole and (has_chords or pitch >= bass)):
            return (note,)
        takes_turns = has_chords and pitch < bass and (pitch - bass) % 12 == _FIFTH
        return (*before, replace(note, counts=not takes_turns))
    together = (*before, note)
    if not is_quick:
        is_above = is_near and not is_whole and pitch - bass > _ABOVE_BASS
        return together if is_above and _is_one_chord(together) else (note,)
    if _is_step(before[-1], note) and not is_on_beat:
        return (*before, replace(note, counts=False))
    together = (*_since_bass(before), note) if is_whole else together
    if is_whole and is_on_beat:
        # A chord begins on the beat, or the pattern goes on with another third or fifth.
        return together if _is_triad(together) else (note,)
    if _is_one_chord(together):
        return together
    later = (together[first:] for first in range(1, len(together)))
    return next((strokes for strokes in later if strokes[0].counts and _is_one_chord(strokes)), (note,))


def _is_step(before: KeyStroke, note: KeyStroke) -> bool:
    """Return True if a single note comes by step from another that counts."""
    return len(before.pitches) == 1 and before.counts and abs(note.pitches[0] - before.pitches[0]) <= _STEPWISE


def _since_bass(strokes: Strokes) -> Strokes:
    """Return the strokes from the last one with the bass on."""
    bass = min(counted_pitches(strokes))
    last = max(place for place, stroke in enumerate(strokes) if stroke.counts and bass in stroke.pitches)
    return strokes[last:]


def _classes(strokes: Sequence[KeyStroke]) -> frozenset[int]:
    return frozenset(pitch % 12 for stroke in strokes if stroke.counts for pitch in stroke.pitches)


def _is_triad(strokes: Strokes) -> bool:
    classes = _classes(strokes)
    return any(classes <= chord for chord in _CHORDS if len(chord) == _TRIAD_SIZE)


def _is_one_chord(strokes: Strokes) -> bool:
    """Return True if the strokes are a chord, or may be a part of one."""
    classes = _classes(strokes)
    return classes in _MAJOR_SEVENTHS or any(classes <= chord for chord in _CHORDS)
