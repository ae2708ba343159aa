"""Written music as it is played: the notes of each span one after another, with their ties joined."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from bachbridge.codecs.abc.reader import TuneNote
from bachbridge.files.abc.playing_order import Span
from bachbridge.files.abc.written import AbcNote
from bachbridge.music.phrasing.marks import Sign


def unroll_notes(notes: Sequence[AbcNote], spans: Sequence[Span]) -> Iterator[AbcNote]:
    """Yield the notes of each span, one span after another; a note is cut at the end of its span."""
    ordered = sorted(notes, key=lambda note: note.start)
    starts = [note.start for note in ordered]
    at = Fraction(0)
    for begin, end in spans:
        for note in ordered[bisect_left(starts, begin) : bisect_left(starts, end)]:
            yield replace(note, start=at + note.start - begin, length=min(note.length, end - note.start))
        at += end - begin


def unroll_signs(signs: Iterable[tuple[Fraction, Sign]], spans: Sequence[Span]) -> tuple[tuple[Fraction, Sign], ...]:
    """Return the signs of each span, one span after another."""
    ordered = sorted(signs)
    steps = [step for step, _ in ordered]
    found: list[tuple[Fraction, Sign]] = []
    at = Fraction(0)
    for begin, end in spans:
        first = bisect_left(steps, begin)
        for step, sign in ordered[first : bisect_left(steps, end)]:
            found.append((at + step - begin, sign))
        at += end - begin
    return tuple(found)


def join_ties(notes: Iterable[AbcNote]) -> list[TuneNote]:
    """Return the notes by start; a note that is tied goes on in the note of its pitch that begins where it ends."""
    waiting: dict[tuple[int, int], int] = {}
    """Index of the last tied note, by layer and pitch."""
    out: list[TuneNote] = []
    for note in notes:
        place = note.layer, note.pitch
        index = waiting.pop(place, -1)
        if index >= 0 and out[index].end == note.start:
            out[index] = replace(out[index], length=out[index].length + note.length)
        else:
            index = len(out)
            out.append(TuneNote(note.start, note.length, note.pitch))
        if note.is_tied:
            waiting[place] = index
    return sorted(out, key=lambda note: (note.start, note.pitch))
