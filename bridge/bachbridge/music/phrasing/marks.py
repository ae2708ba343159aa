"""The signs by which files show that a phrase ends: fermatas, breath marks, caesuras, and the words' punctuation.

A reader collects the signs of each line of music (`SignedLine`), each with the tick at or before which its note begins.
So a fermata over a rest or a bar line belongs to the note before it. `phrase_marks` joins what stands in several lines
at one place: a sign counts for the whole music if the top line has it, or two lines and more; a sign of one inner line
counts only where that line is the melody.

Punctuation belongs to the last note of its syllable, even if that is sung on several notes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Literal

from bachbridge.music.timeline import TickNote

Sign = Literal["fermata", "breath", "caesura", "syllable", "comma", "stop", "line"]
"""The last four are words: a syllable without punctuation, with a comma, with a stronger sign, at the end of a line."""
_STRENGTH: tuple[Sign, ...] = ("fermata", "caesura", "breath", "line", "stop", "comma", "syllable")
_WORDS: tuple[Sign, ...] = ("syllable", "comma", "stop", "line")
_MAX_SYLLABLE_BEATS = 12
_CLOSING_SIGNS = "\"')]_- \u00ab\u00bb\u2013\u2014\u2018\u2019\u201c\u201d"
_COMMAS = ",\u060c\u3001\uff0c"
_STOPS = ".;:!?\u2026\u3002\uff01\uff1f\uff1b\uff1a"


@dataclass(frozen=True, slots=True)
class SignedLine:
    """The notes of a voice or a staff, and its signs, each with the tick at or before which its note begins."""

    notes: Sequence[TickNote]
    signs: Sequence[tuple[int, Sign]]


@dataclass(frozen=True, slots=True)
class PhraseMark:
    """A sign that a phrase ends with the note that sounds at `tick`.

    `notes` holds the start and the pitch of each note that has the sign. Where the melody has none of them, the sign
    counts only if it `is_shared`.
    """

    tick: int
    sign: Sign
    notes: tuple[tuple[int, int], ...]
    is_shared: bool = True


def sign_of_syllable(text: str) -> Sign:
    """Return the sign that a syllable of a text is."""
    ending = text.rstrip(_CLOSING_SIGNS)[-1:]
    if ending and ending in _STOPS:
        return "stop"
    return "comma" if ending and ending in _COMMAS else "syllable"


def phrase_marks(lines: Iterable[SignedLine], ticks_per_beat: int) -> tuple[PhraseMark, ...]:
    """Return the marks of all lines by tick; signs of a kind within a quarter note of one another are one mark."""
    lines = [line for line in lines if line.notes]
    top = max(range(len(lines)), key=lambda at: fmean(note.pitch for note in lines[at].notes), default=0)
    found: dict[bool, list[tuple[int, int, int, Sign]]] = {False: [], True: []}
    """Tick, number of the line, pitch and sign; those of words apart."""
    for number, line in enumerate(lines):
        for note, sign in _signed_notes(line, ticks_per_beat):
            found[sign in _WORDS].append((note.start, number, note.pitch, sign))
    marks: list[PhraseMark] = []
    for rows in found.values():
        cluster: list[tuple[int, int, int, Sign]] = []
        for row in sorted(rows):
            if cluster and row[0] - cluster[-1][0] > ticks_per_beat:
                marks.append(_join_signs(cluster, top))
                cluster = []
            cluster.append(row)
        if cluster:
            marks.append(_join_signs(cluster, top))
    return tuple(sorted(marks, key=lambda mark: mark.tick))


def _join_signs(rows: Sequence[tuple[int, int, int, Sign]], top: int) -> PhraseMark:
    tops = [row for row in rows if row[1] == top]
    tick = (tops or rows)[-1][0]
    sign: Sign = next(strong for strong in _STRENGTH if strong in {row[3] for row in rows})
    notes = tuple(dict.fromkeys((row[0], row[2]) for row in rows))
    return PhraseMark(tick, sign, notes, bool(tops) or len({row[1] for row in rows}) > 1)


def _signed_notes(line: SignedLine, ticks_per_beat: int) -> list[tuple[TickNote, Sign]]:
    """Return the notes of a line that end a phrase by its signs; of a chord the highest note."""
    highest = {note.start: note for note in sorted(line.notes, key=lambda note: (note.start, note.pitch))}
    notes = [*highest.values()]
    starts = [*highest]
    placed: list[tuple[int, Sign]] = [
        (index, sign) for tick, sign in sorted(line.signs) if (index := bisect_right(starts, tick) - 1) >= 0
    ]
    signed: list[tuple[TickNote, Sign]] = [(notes[index], sign) for index, sign in placed if sign not in _WORDS]
    words: list[tuple[int, Sign]] = [(index, sign) for index, sign in placed if sign in _WORDS]
    following = [*(index for index, _ in words[1:]), len(notes)]
    for (index, sign), after in zip(words, following, strict=False):
        if sign != "syllable":
            signed.append((notes[_last_of_syllable(notes, index, after, ticks_per_beat)], sign))
    return signed


def _last_of_syllable(notes: Sequence[TickNote], first: int, following: int, ticks_per_beat: int) -> int:
    """Return the index of the last note of a syllable: before the next syllable, or before a rest of a beat.

    If that is far away, the words have ended, and the syllable has one note.
    """
    last = max(first, following - 1)
    for index, (note, after) in enumerate(pairwise(notes[first:following]), start=first):
        if after.start - note.end >= ticks_per_beat:
            last = index
            break
    return last if notes[last].start - notes[first].start <= _MAX_SYLLABLE_BEATS * ticks_per_beat else first
