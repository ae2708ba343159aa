"""A voice as it is written down: cut at bar lines and into single note values, which are tied, with rests in its gaps.

A value that begins within a beat goes to the beat's end at most, so that the beats can be seen; a syncopation of a
beat's length may go over it. Where a beat has three parts, what is longer than it is made of whole beats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bachbridge.music.notes import STEPS_PER_BEAT, Note
from bachbridge.music.timeline import Bar

NOTE_VALUE_STEPS = (24, 16, 12, 8, 6, 4, 3, 2, 1)
"""The steps of single note values, plain and dotted, down to a 16th."""


@dataclass(frozen=True, slots=True)
class NoteValue:
    """A written note or (`pitch` None) rest; tied to the one `before` and `after`."""

    start: int
    length: int
    pitch: int | None
    tied_before: bool = False
    tied_after: bool = False


class VoiceReader:
    """A voice's notes, one at a time by start, on their way past."""

    __slots__ = ("_index", "_notes")

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes, self._index = notes, 0

    def note_values(self, bar: Bar) -> list[NoteValue]:
        """The voice in the bar, without gaps; bars are asked for in order."""
        pieces: list[NoteValue] = []
        at = bar.start
        while at < bar.end:
            while self._index < len(self._notes) and self._notes[self._index].end <= at:
                self._index += 1
            note = self._notes[self._index] if self._index < len(self._notes) else None
            if note is None or note.start > at:
                end = min(bar.end, note.start) if note else bar.end
                pieces += (NoteValue(start, length, None) for start, length in _split_duration(at, end, bar))
            else:
                end = min(bar.end, note.end)
                pieces += (
                    NoteValue(start, length, note.pitch, start > note.start, start + length < note.end)
                    for start, length in _split_duration(at, end, bar)
                )
            at = end
        return pieces


def beat_steps(bar: Bar) -> int:
    """The steps of a beat: a quarter, or three 8ths in a compound meter."""
    compound = bar.meter.denominator == 8 and bar.meter.numerator % 3 == 0
    return 6 if compound else STEPS_PER_BEAT


def _split_duration(start: int, end: int, bar: Bar) -> Iterator[tuple[int, int]]:
    """Start and length of the single note values that make up a duration inside the bar."""
    beat = beat_steps(bar)
    while start < end:
        into, left = (start - bar.start) % beat, end - start
        room = left if into == 0 or (into * 2 == beat and left == beat) else min(left, beat - into)
        odd = room > beat and beat % 3 == 0
        length = next(steps for steps in NOTE_VALUE_STEPS if steps <= room and not (odd and steps % beat))
        yield start, length
        start += length
