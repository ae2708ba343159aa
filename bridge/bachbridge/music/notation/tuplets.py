"""Notes as they are written: on 16ths, or in beats of triplets, quintuplets, sextuplets and septuplets.

A quarter note's beat is a tuplet if its notes lie off the 16ths, or two of them on one 16th, and on the tuplet's grid
with a smaller error. A tuplet with fewer notes must be exact: notes played freely are none. In compound meters all
notes go to 16ths.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge.music.timeline import Bar, TickNote, Timeline

TUPLET_TIMES = {3: (2, 2), 6: (4, 1), 5: (4, 1), 7: (4, 1)}
"""For each number of parts of a quarter note: the number of plain notes whose time they take, and the steps of one."""
_MAX_PLAIN_ERROR = Fraction(1, 6)
_MAX_TUPLET_ERROR = Fraction(1, 8)
_MAX_EXACT_ERROR = Fraction(1, 96)
"""Largest errors in steps: on 16ths, of a tuplet that is played with all its notes, and of one with fewer notes."""


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A note of a voice; `start` and `length` in steps, a fraction in a tuplet."""

    start: Fraction
    length: Fraction
    pitch: int
    voice: int = 0

    @property
    def end(self) -> Fraction:
        return self.start + self.length


def written_notes(notes: Iterable[TickNote], timeline: Timeline, voice: int = 0) -> list[WrittenNote]:
    """Return the notes of one voice as they are written, by start and pitch."""
    rows = [(_steps_at(note.start, timeline), _steps_at(note.end, timeline), note.pitch) for note in notes]
    if not rows:
        return []
    grid = _BeatGrid(tuple(timeline.bars(int(max(end for _, end, _ in rows)) + 1)))
    grid.find_tuplets([start for start, _, _ in rows])
    longest: dict[tuple[Fraction, int], WrittenNote] = {}
    for start, end, pitch in rows:
        begin, cell = grid.nearest(start)
        length = max(cell, grid.nearest(end)[0] - begin)
        if (begin, pitch) not in longest or longest[begin, pitch].length < length:
            longest[begin, pitch] = WrittenNote(begin, length, pitch, voice)
    return [longest[key] for key in sorted(longest)]


def written_line(notes: Iterable[TickNote], timeline: Timeline, voice: int) -> list[WrittenNote]:
    """Return a melody as it is written, one note at a time: each ends where the next begins at the latest."""
    line = written_notes(notes, timeline, voice)
    by_start = list({note.start: note for note in line}.values())
    following = [*(note.start for note in by_start[1:]), None]
    return [
        replace(note, length=min(note.length, after - note.start)) if after is not None else note
        for note, after in zip(by_start, following, strict=True)
    ]


def written_song(
    notes: Sequence[TickNote], voice_of: dict[tuple[int, int], int], timeline: Timeline
) -> list[WrittenNote]:
    """Return the notes of all voices as they are written; a part (track, channel) without a voice is voice 0."""
    voices: defaultdict[int, list[TickNote]] = defaultdict(list)
    for note in notes:
        voices[voice_of.get((note.track, note.channel), 0)].append(note)
    return [note for voice in sorted(voices) for note in written_notes(voices[voice], timeline, voice)]


def tuplet_parts(places: Iterable[Fraction]) -> int | None:
    """Return the number of parts of a quarter note on whose grid all places in a beat lie; None for no tuplet."""
    scaled = [place / STEPS_PER_BEAT for place in places]
    return next((parts for parts in TUPLET_TIMES if all((place * parts).denominator == 1 for place in scaled)), None)


def is_divisible(bar: Bar) -> bool:
    """Return True if the beats of the bar are quarter notes, which may be tuplets."""
    return not (bar.meter.denominator >= 8 and bar.meter.numerator % 3 == 0)


def _steps_at(tick: int, timeline: Timeline) -> Fraction:
    return Fraction(tick * STEPS_PER_BEAT, timeline.ticks_per_beat)


class _BeatGrid:
    """The grid of each beat: 16ths, or the parts of a tuplet."""

    __slots__ = ("_bars", "_parts", "_starts")

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._bars, self._starts = bars, [bar.start for bar in bars]
        self._parts: dict[int, int] = {}

    def find_tuplets(self, onsets: Iterable[Fraction]) -> None:
        """Decide for each beat whether its onsets are a tuplet's."""
        by_beat: defaultdict[int, set[Fraction]] = defaultdict(set)
        for onset in onsets:
            beat = self._beat_at(onset)
            if beat is not None:
                by_beat[beat].add(onset - beat)
        for beat, places in by_beat.items():
            if parts := _parts_of_beat(places):
                self._parts[beat] = parts

    def nearest(self, at: Fraction) -> tuple[Fraction, Fraction]:
        """Return the place on the grid that is nearest to `at`, and the distance to the next place."""
        beat = self._beat_at(at)
        if beat is None or beat not in self._parts:
            return Fraction(int(at + Fraction(1, 2))), Fraction(1)
        cell = Fraction(STEPS_PER_BEAT, self._parts[beat])
        return beat + int((at - beat) / cell + Fraction(1, 2)) * cell, cell

    def _beat_at(self, at: Fraction) -> int | None:
        """Return the first step of the beat at `at`; None where no tuplet can be."""
        index = bisect_right(self._starts, at) - 1
        if index < 0 or not is_divisible(self._bars[index]):
            return None
        bar = self._bars[index]
        beat = bar.start + int(at - bar.start) // STEPS_PER_BEAT * STEPS_PER_BEAT
        return beat if beat + STEPS_PER_BEAT <= bar.end else None


def _parts_of_beat(places: Iterable[Fraction]) -> int | None:
    """Return the parts of the tuplet that the places in a beat, in steps, make; None for 16ths."""
    ordered = sorted(places)
    plain_error = _error(ordered, STEPS_PER_BEAT)
    if plain_error <= _MAX_PLAIN_ERROR and _keeps_apart(ordered, STEPS_PER_BEAT):
        return None
    fitting = [parts for parts in TUPLET_TIMES if _fits(ordered, parts)]
    return min(fitting, key=lambda parts: (_error(ordered, parts) > _MAX_EXACT_ERROR, parts), default=None)


def _fits(places: Sequence[Fraction], parts: int) -> bool:
    """Return True if the places are those of a tuplet: exactly, or nearly with all its notes or all but one."""
    limit = _MAX_TUPLET_ERROR if len(places) >= parts - 1 else _MAX_EXACT_ERROR
    return _error(places, parts) <= limit and _keeps_apart(places, parts)


def _error(places: Iterable[Fraction], parts: int) -> Fraction:
    """Return the largest distance of a place, in steps, from the grid of a beat of `parts` parts."""
    cell = Fraction(STEPS_PER_BEAT, parts)
    return max(abs(place - round(place / cell) * cell) for place in places)


def _keeps_apart(places: Sequence[Fraction], parts: int) -> bool:
    """Return True if no two places that are more than a twelfth of a beat apart come together on the grid."""
    cell = Fraction(STEPS_PER_BEAT, parts)
    return all(
        round(one / cell) != round(other / cell) or other - one < Fraction(1, 3) for one, other in pairwise(places)
    )
