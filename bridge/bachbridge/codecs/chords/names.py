"""Names of chords, after Play Bach (P. Boudalier, 2021): in full, as `A2.F#3`, or by normal order, as `2.6.9`.

A full name holds all pitches, from the lowest up. A name by normal order holds the pitch classes (0 = C) in the
rotation that lies closest together: the one with the smallest span; among equals, the one whose notes lie closest to
its first (J. Rahn, Basic Atonal Theory, 1980, from the top inwards); then the one that begins lowest. A single note is
named in full either way, and a rest is `R`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bachbridge.music.notes import fold_into_range, pitch_name

_REST = "R"
_SEPARATOR = "."
_PITCH_BY_NAME = {pitch_name(pitch): pitch for pitch in range(128)}


@dataclass(frozen=True, slots=True)
class Chord:
    """Chord whose `notes` are pitches from the lowest up, or pitch classes in normal order; a rest has none."""

    notes: tuple[int, ...]
    is_normal_order: bool = False

    @property
    def name(self) -> str:
        if not self.notes:
            return _REST
        return _SEPARATOR.join(str(note) if self.is_normal_order else pitch_name(note) for note in self.notes)

    def pitches_near(self, centre: float) -> tuple[int, ...]:
        """Return the pitches from the lowest up; by normal order they lie in close position near the pitch `centre`."""
        if not self.is_normal_order:
            return self.notes
        stack = [self.notes[0]]
        for note in self.notes[1:]:
            stack.append(stack[-1] + (note - stack[-1]) % 12)
        shift = 12 * round((centre - fmean(stack)) / 12)
        lowest = fold_into_range(stack[0] + shift, 0, 127 - 11)
        return tuple(lowest + note - stack[0] for note in stack)

    def distance(self, other: "Chord") -> int:
        """Return the sum of each note's semitones to the nearest note of the other chord, in both directions."""
        return sum(min(self._note_distance(a, b) for b in other.notes) for a in self.notes) + sum(
            min(self._note_distance(a, b) for a in self.notes) for b in other.notes
        )

    def _note_distance(self, one: int, other: int) -> int:
        semitones = abs(one - other)
        return min(semitones % 12, -semitones % 12) if self.is_normal_order else semitones


REST = Chord(())


def make_chord(pitches: Sequence[int], *, by_normal_order: bool) -> Chord:
    """Return the chord of pitches from the lowest up; a single note is never by normal order."""
    return (
        Chord(normal_order(pitches), is_normal_order=True)
        if by_normal_order and len(pitches) > 1
        else Chord(tuple(pitches))
    )


def normal_order(pitches: Sequence[int]) -> tuple[int, ...]:
    """Return the pitch classes of some pitches in normal order."""
    pitch_classes = sorted({pitch % 12 for pitch in pitches})
    rotations = [(*pitch_classes[at:], *pitch_classes[:at]) for at in range(len(pitch_classes))]

    def spread(rotation: tuple[int, ...]) -> tuple[list[int], int]:
        return [(note - rotation[0]) % 12 for note in reversed(rotation)], rotation[0]

    return min(rotations, key=spread)


def parse_chord_name(name: str) -> Chord:
    """Return the chord of a name; raise `ValueError` if it is none."""
    if name == _REST:
        return REST
    parts = name.split(_SEPARATOR)
    if all(part.isdecimal() for part in parts):
        return Chord(tuple(int(part) % 12 for part in parts), is_normal_order=True)
    if not _PITCH_BY_NAME.keys() >= set(parts):
        raise ValueError(f"{name!r} is no chord")
    return Chord(tuple(_PITCH_BY_NAME[part] for part in parts))
