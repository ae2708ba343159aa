"""Written note values of a voice: notes cut at bar lines into single values, which are tied, with rests in the gaps.

A value that begins within a beat ends with the beat at the latest, so that the beats can be seen; only a syncopation of
a beat's length may cross it. Where a beat has three parts, a longer value is made of whole beats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.music.notation.tuplets import TUPLET_TIMES, WrittenNote, is_divisible, tuplet_parts
from bachbridge.music.notes import STEPS_PER_BEAT, Note
from bachbridge.music.timeline import Bar

NOTE_VALUE_STEPS = (24, 16, 12, 8, 6, 4, 3, 2, 1)
"""Lengths in steps of single note values, plain and dotted, down to a 16th."""

Steps = int | Fraction


@dataclass(frozen=True, slots=True)
class NoteValue:
    """A written note or (`pitch` None) rest, perhaps tied to the value before it and to the one after it.

    In a tuplet of `tuplet` parts of a quarter note (0: none) `written` is the note value that is written, in steps;
    `length` is what it lasts. `tuplet_size` is the number of values in the tuplet that begins here, else 0, and
    `ends_tuplet` says that one ends here.
    """

    start: Steps
    length: Steps
    pitch: int | None
    tied_before: bool = False
    tied_after: bool = False
    tuplet: int = 0
    written: int = 0
    tuplet_size: int = 0
    ends_tuplet: bool = False


class VoiceReader:
    """Reader of one voice's notes, bar by bar; the notes are given by start, one at a time."""

    __slots__ = ("_index", "_notes")

    def __init__(self, notes: Sequence[Note | WrittenNote]) -> None:
        self._notes, self._index = notes, 0

    def note_values(self, bar: Bar) -> list[NoteValue]:
        """Return the voice's values in a bar, without gaps; call it for the bars in order."""
        sounds = list(self._sounds(bar))
        tuplets = _tuplet_beats(sounds, bar)
        values: list[NoteValue] = []
        for start, end, note in sounds:
            for at, length, parts, written in _split_sound(start, end, bar, tuplets):
                pitch = note.pitch if note else None
                tied_before, tied_after = bool(note and at > note.start), bool(note and at + length < note.end)
                values.append(NoteValue(at, length, pitch, tied_before, tied_after, parts, written))
        return _mark_tuplets(values, bar) if tuplets else values

    def _sounds(self, bar: Bar) -> Iterator[tuple[Steps, Steps, Note | WrittenNote | None]]:
        """Yield start, end and note of what fills the bar; None for a rest."""
        at: Steps = bar.start
        while at < bar.end:
            while self._index < len(self._notes) and self._notes[self._index].end <= at:
                self._index += 1
            note = self._notes[self._index] if self._index < len(self._notes) else None
            if note is not None and note.start > at:
                end, note = min(bar.end, note.start), None
            else:
                end = min(bar.end, note.end) if note else bar.end
            yield at, end, note
            at = end


def _tuplet_beats(sounds: Sequence[tuple[Steps, Steps, object]], bar: Bar) -> dict[int, int]:
    """Return the beats that are tuplets, by their first step, with their numbers of parts."""
    places: dict[int, list[Fraction]] = {}
    for start, _, _ in sounds:
        beat = _beat_at(start, bar)
        places.setdefault(beat, []).append(Fraction(start) - beat)
    off_grid = (beat for beat, inside in places.items() if any(place.denominator > 1 for place in inside))
    return {beat: parts for beat in off_grid if is_divisible(bar) and (parts := tuplet_parts(places[beat]))}


def _beat_at(at: Steps, bar: Bar) -> int:
    return bar.start + int(at - bar.start) // STEPS_PER_BEAT * STEPS_PER_BEAT


def _split_sound(
    start: Steps, end: Steps, bar: Bar, tuplets: dict[int, int]
) -> Iterator[tuple[Steps, Steps, int, int]]:
    """Yield start, length, parts of the tuplet (or 0) and written steps (or 0) of the values of a note or rest."""
    at = start
    while at < end:
        beat = _beat_at(at, bar)
        if parts := tuplets.get(beat, 0):
            until = min(end, beat + STEPS_PER_BEAT)
            cell, (_, steps) = Fraction(STEPS_PER_BEAT, parts), TUPLET_TIMES[parts]
            while at < until:
                written = next(s for s in NOTE_VALUE_STEPS if s <= int((until - at) / cell) * steps and s % steps == 0)
                yield at, written // steps * cell, parts, written
                at += written // steps * cell
        else:
            until = min([end, *(other for other in tuplets if other > at)])
            yield from ((place, length, 0, 0) for place, length in _split_duration(int(at), int(until), bar))
        at = until


def _mark_tuplets(values: Sequence[NoteValue], bar: Bar) -> list[NoteValue]:
    """Return the values with the size of each tuplet at its first value and its end at the last."""
    marked = list(values)
    beats: dict[int, list[int]] = {}
    for index, value in enumerate(values):
        if value.tuplet:
            beats.setdefault(_beat_at(value.start, bar), []).append(index)
    for indices in beats.values():
        marked[indices[0]] = replace(marked[indices[0]], tuplet_size=len(indices))
        marked[indices[-1]] = replace(marked[indices[-1]], ends_tuplet=True)
    return marked


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
