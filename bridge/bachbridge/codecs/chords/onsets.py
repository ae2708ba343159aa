"""Groups of notes with one onset, in exact time: the events from which `codec` makes its symbols.

Time is in beats (quarter notes), as fractions: files have finer time than the live grid of 16ths. Onsets closer than
`MERGE_BEATS` are one group, which begins with the first of them and sounds as long as the longest of its notes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest

from bachbridge.music.notes import STEPS_PER_BEAT, Phrase
from bachbridge.music.timeline import TickNote

MERGE_BEATS = Fraction(1, 16)
"""A 16th of a quarter note: more than the spread of a broken chord in the files at hand, less than a 32nd note."""

BeatNote = tuple[Fraction, Fraction, int, int]
"""Start and length in beats, pitch and velocity."""
TimedChord = tuple[tuple[int, ...], int, int]
"""Pitches from the lowest up (none: a rest), the units of time until the next one, and the velocity."""


@dataclass(frozen=True, slots=True)
class OnsetGroup:
    """Notes that begin together at the beat `start`: `pitches` from the lowest up, `velocity` the loudest note's."""

    start: Fraction
    length: Fraction
    pitches: tuple[int, ...]
    velocity: int = 80

    @property
    def end(self) -> Fraction:
        return self.start + self.length


def group_onsets(notes: Iterable[BeatNote], tolerance: Fraction = MERGE_BEATS) -> list[OnsetGroup]:
    """Group notes (in beats) by onset, in order of time."""
    groups: list[list[BeatNote]] = []
    for note in sorted(notes):
        if groups and note[0] - groups[-1][0][0] < tolerance:
            groups[-1].append(note)
        else:
            groups.append([note])
    return [_merge_group(group) for group in groups]


def _merge_group(group: Sequence[BeatNote]) -> OnsetGroup:
    start = group[0][0]
    end = max(begin + length for begin, length, _, _ in group)
    pitches = sorted({pitch for _, _, pitch, _ in group})
    return OnsetGroup(start, end - start, tuple(pitches), max(velocity for *_, velocity in group))


def phrase_onsets(phrase: Phrase) -> list[OnsetGroup]:
    """Group the notes of a phrase by onset."""
    return group_onsets(
        (Fraction(note.start, STEPS_PER_BEAT), Fraction(note.length, STEPS_PER_BEAT), note.pitch, note.velocity)
        for note in phrase.notes
    )


def beat_notes(notes: Iterable[TickNote], ticks_per_beat: int) -> Iterator[BeatNote]:
    """Yield the notes of a file in beats."""
    for note in notes:
        start, end = Fraction(note.start, ticks_per_beat), Fraction(note.end, ticks_per_beat)
        yield start, end - start, note.pitch, note.velocity


def transposed(onsets: Iterable[OnsetGroup], semitones: int) -> list[OnsetGroup]:
    """Return the groups moved up by `semitones`."""
    return [replace(group, pitches=tuple(pitch + semitones for pitch in group.pitches)) for group in onsets]


def scaled(onsets: Iterable[OnsetGroup], factor: Fraction) -> list[OnsetGroup]:
    """Return the groups with all times multiplied by `factor`."""
    return [replace(group, start=group.start * factor, length=group.length * factor) for group in onsets]


def round_to_units(time: Fraction, unit: Fraction) -> int:
    """Return the time rounded to units; halfway, the longer one."""
    return int((time / unit + Fraction(1, 2)) // 1)


def timed_chords(
    onsets: Sequence[OnsetGroup], *, unit: Fraction, max_units: int, rests: bool, end: Fraction | None = None
) -> Iterator[TimedChord]:
    """Yield the groups one after another, each at least one unit and at most `max_units` long.

    A group lasts until the next one, the last until the beat `end` (None: until its own end). With `rests` a group
    lasts only as long as it sounds, and a rest fills the time until the next one.
    """
    for group, following in zip_longest(onsets, onsets[1:]):
        until = following.start if following else group.end if end is None else end
        whole = max(1, round_to_units(until - group.start, unit))
        sounding = min(whole, max(1, round_to_units(group.length, unit))) if rests else whole
        yield group.pitches, min(sounding, max_units), group.velocity
        if whole > sounding:
            yield (), min(whole - sounding, max_units), group.velocity
