"""A voice as it is written down: cut at bar lines and into single note values, which are tied, with rests in its gaps.

A value that begins within a beat goes to the beat's end at most, so that the beats can be seen; a syncopation of a
beat's length may go over it. Where a beat has three parts, what is longer than it is made of whole beats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bachbridge.music.notes import STEPS_PER_BEAT, Note
from bachbridge.music.timeline import Bar

LENGTHS = (24, 16, 12, 8, 6, 4, 3, 2, 1)
"""The steps of single note values, plain and dotted, down to a 16th."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A written note or (`pitch` None) rest; tied to the one `before` and `after`."""

    start: int
    length: int
    pitch: int | None
    before: bool = False
    after: bool = False


class Cursor:
    """A voice's notes, one at a time by start, on their way past."""

    __slots__ = ("_at", "_notes")

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes, self._at = notes, 0

    def pieces(self, bar: Bar) -> list[Piece]:
        """The voice in the bar, without gaps; bars are asked for in order."""
        pieces: list[Piece] = []
        at = bar.start
        while at < bar.end:
            while self._at < len(self._notes) and self._notes[self._at].end <= at:
                self._at += 1
            note = self._notes[self._at] if self._at < len(self._notes) else None
            if note is None or note.start > at:
                end = min(bar.end, note.start) if note else bar.end
                pieces += (Piece(start, length, None) for start, length in _values(at, end, bar))
            else:
                end = min(bar.end, note.end)
                pieces += (
                    Piece(start, length, note.pitch, start > note.start, start + length < note.end)
                    for start, length in _values(at, end, bar)
                )
            at = end
        return pieces


def beat_of(bar: Bar) -> int:
    """The steps of a beat: a quarter, or three 8ths in a compound meter."""
    compound = bar.meter.denominator == 8 and bar.meter.numerator % 3 == 0
    return 6 if compound else STEPS_PER_BEAT


def _values(start: int, end: int, bar: Bar) -> Iterator[tuple[int, int]]:
    """Start and length of the single note values that make up a duration inside the bar."""
    beat = beat_of(bar)
    while start < end:
        into, left = (start - bar.start) % beat, end - start
        room = left if into == 0 or (into * 2 == beat and left == beat) else min(left, beat - into)
        odd = room > beat and beat % 3 == 0
        length = next(steps for steps in LENGTHS if steps <= room and not (odd and steps % beat))
        yield start, length
        start += length
