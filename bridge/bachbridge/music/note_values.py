"""Written note values of a voice: notes cut at bar lines into single values, which are tied, with rests in the gaps.

A value that begins within a beat ends with the beat at the latest, so that the beats can be seen; only a syncopation of
a beat's length may cross it. Where a beat has three parts, a longer value is made of whole beats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bachbridge.music.notes import STEPS_PER_BEAT, Note
from bachbridge.music.timeline import Bar

NOTE_VALUE_STEPS = (24, 16, 12, 8, 6, 4, 3, 2, 1)
"""Lengths in steps of single note values, plain and dotted, down to a 16th."""


@dataclass(frozen=True, slots=True)
class NoteValue:
    """A written note or (`pitch` None) rest, perhaps tied to the value before it and to the one after it."""

    start: int
    length: int
    pitch: int | None
    tied_before: bool = False
    tied_after: bool = False


class VoiceReader:
    """Reader of one voice's notes, bar by bar; the notes are given by start, one at a time."""

    __slots__ = ("_index", "_notes")

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes, self._index = notes, 0

    def note_values(self, bar: Bar) -> list[NoteValue]:
        """Return the voice's values in a bar, without gaps; call it for the bars in order."""
        values: list[NoteValue] = []
        at = bar.start
        while at < bar.end:
            while self._index < len(self._notes) and self._notes[self._index].end <= at:
                self._index += 1
            note = self._notes[self._index] if self._index < len(self._notes) else None
            if note is None or note.start > at:
                end = min(bar.end, note.start) if note else bar.end
                values += (NoteValue(start, length, None) for start, length in _split_duration(at, end, bar))
            else:
                end = min(bar.end, note.end)
                values += (
                    NoteValue(start, length, note.pitch, start > note.start, start + length < note.end)
                    for start, length in _split_duration(at, end, bar)
                )
            at = end
        return values


def beat_steps(bar: Bar) -> int:
    """Steps of a beat: a quarter, or three 8ths in a compound meter."""
    compound = bar.meter.denominator == 8 and bar.meter.numerator % 3 == 0
    return 6 if compound else STEPS_PER_BEAT


def _split_duration(start: int, end: int, bar: Bar) -> Iterator[tuple[int, int]]:
    """Yield start and length of the single note values that make up a duration inside the bar."""
    beat = beat_steps(bar)
    while start < end:
        into_beat, left = (start - bar.start) % beat, end - start
        room = left if into_beat == 0 or (into_beat * 2 == beat and left == beat) else min(left, beat - into_beat)
        whole_beats = room > beat and beat % 3 == 0
        length = next(steps for steps in NOTE_VALUE_STEPS if steps <= room and not (whole_beats and steps % beat))
        yield start, length
        start += length
