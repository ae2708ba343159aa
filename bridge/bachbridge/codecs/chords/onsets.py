"""What is struck together, in exact time: the events of which `chords` makes its symbols.

Time is in beats (quarter notes), as fractions: files have finer time than the live grid of 16ths. Onsets closer than
`MERGED` are one strike, which begins with the first of them. A strike sounds as long as the longest of its notes.
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
    """`pitches` from the lowest up, struck at the beat `start`; `velocity` is the loudest note's."""

    start: Fraction
    length: Fraction
    pitches: tuple[int, ...]
    velocity: int = 80

    @property
    def end(self) -> Fraction:
        return self.start + self.length


def group_onsets(notes: Iterable[BeatNote], tolerance: Fraction = MERGE_BEATS) -> list[OnsetGroup]:
    """The strikes of notes in beats, in order of time."""
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
    """The strikes of a phrase on the grid."""
    return group_onsets(
        (Fraction(note.start, STEPS_PER_BEAT), Fraction(note.length, STEPS_PER_BEAT), note.pitch, note.velocity)
        for note in phrase.notes
    )


def beat_notes(notes: Iterable[TickNote], ticks_per_beat: int) -> Iterator[BeatNote]:
    """The notes of a file, in beats."""
    for note in notes:
        start, end = Fraction(note.start, ticks_per_beat), Fraction(note.end, ticks_per_beat)
        yield start, end - start, note.pitch, note.velocity


def transposed(onsets: Iterable[OnsetGroup], semitones: int) -> list[OnsetGroup]:
    """The strikes so many semitones higher."""
    return [replace(each, pitches=tuple(pitch + semitones for pitch in each.pitches)) for each in onsets]


def round_to_units(time: Fraction, unit: Fraction) -> int:
    """The time in units; halfway, the longer one."""
    return int((time / unit + Fraction(1, 2)) // 1)


def timed_chords(
    onsets: Sequence[OnsetGroup], *, unit: Fraction, max_units: int, rests: bool, end: Fraction | None = None
) -> Iterator[TimedChord]:
    """The strikes one after another, each at least a unit and at most `most` units long.

    A strike lasts until the next one, the last until `end` (None: until its own). With `rests` it lasts as long as it
    sounds, if that is shorter, and a rest fills what is left.
    """
    for strike, after in zip_longest(onsets, onsets[1:]):
        until = after.start if after else strike.end if end is None else end
        whole = max(1, round_to_units(until - strike.start, unit))
        sounding = min(whole, max(1, round_to_units(strike.length, unit))) if rests else whole
        yield strike.pitches, min(sounding, max_units), strike.velocity
        if whole > sounding:
            yield (), min(whole - sounding, max_units), strike.velocity
