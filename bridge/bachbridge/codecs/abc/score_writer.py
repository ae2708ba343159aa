"""Notes of any voices as a tune in ABC, for any program that reads it: a line for each voice, `V:` where several are.

Notes are cut and tied as on staves (see `pieces`), so that every bar adds up; the first may be short. The header's
fields are those of the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1, sections 3.1 and 7): its first
line tells the version, the key comes last. A change of meter stands in the music, at the beginning of its bar.

A line holds one note at a time. A voice in which several sound together becomes several lines: each note goes to the
free line whose last note was nearest. A player's legato, an overlap of a 16th, is cut.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.reader import STEPS
from bachbridge.codecs.abc.writer import Spelling
from bachbridge.music.note_values import Cursor, Piece, beat_of
from bachbridge.music.notes import VOICES, Note
from bachbridge.music.timeline import Bar, missing_before, plain_meter

_UNIT = "1/8"
_BARS_IN_ROW = 4
_LEGATO = 1
"""The steps by which a note may overlap the next one of its line."""
_MIDDLE = 60
"""Below this a line's mean wants the bass clef."""

Line = list[Note]
"""Notes by start, one at a time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Between what the notes stand: the bars, a key and a unit length as ABC writes them; `join`: a double bar line."""

    bars: Sequence[Bar]
    key: str
    unit: str = _UNIT
    join: int | None = None
    """The step at which something new begins."""


def score(notes: Sequence[Note], frame: Frame, *, title: str, bpm: float) -> str:
    """A whole file with one tune."""
    first = _meter_word(frame.bars, 0)
    head = ("%abc-2.1", "X:1", f"T:{' '.join(title.split()) or 'Tune'}", f"M:{first}", f"L:{frame.unit}")
    found = lines(notes)
    voices = [f"{_voice(number, found)}{music(line, frame, first)}" for number, (_, line) in enumerate(found)]
    return "\n".join((*head, f"Q:1/4={round(bpm)}", f"K:{frame.key}", *voices)) + "\n"


def _voice(number: int, found: Sequence[tuple[int, Line]]) -> str:
    """What stands before a line's music: nothing, where it is alone."""
    if len(found) == 1:
        return ""
    voice, line = found[number]
    named = sorted(voice for voice, _ in found) == [*range(len(VOICES))]
    name = f' name="{VOICES[voice].capitalize()}"' if named else ""
    clef = " clef=bass" if line and fmean(note.pitch for note in line) < _MIDDLE else ""
    return f"V:{number + 1}{name}{clef}\n"


def lines(notes: Sequence[Note]) -> list[tuple[int, Line]]:
    """The notes in lines, each with its voice, the voices in order; one empty line if there are no notes."""
    voices: defaultdict[int, list[Note]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if note.length > 0:
            voices[note.voice].append(note)
    return [(voice, line) for voice in sorted(voices) for line in _apart(voices[voice])] or [(0, [])]


def _apart(notes: Sequence[Note]) -> list[Line]:
    found: list[Line] = []
    for note in notes:
        free = [line for line in found if line[-1].start < note.start and line[-1].end <= note.start + _LEGATO]
        if not free:
            found.append([note])
            continue
        line = min(free, key=lambda line: abs(line[-1].pitch - note.pitch))
        line[-1] = replace(line[-1], length=min(line[-1].length, note.start - line[-1].start))
        line.append(note)
    return found


# ---------------------------------------------------------------- a line


def music(line: Line, frame: Frame, meter: str) -> str:
    """A line's music, rows of bars; `meter` is the one that holds as it begins."""
    cursor, spelling = Cursor(line), Spelling(frame.key)
    unit = Fraction(frame.unit) * STEPS
    told: list[str] = []
    for number, bar in enumerate(frame.bars):
        word = _meter_word(frame.bars, number)
        change, meter = "" if word == meter else f"[M:{word}]", word
        spelling.bar_line()
        pieces = "".join(_written(piece, bar, spelling, unit) for piece in cursor.pieces(bar))
        told.append(change + pieces + _bar_line(bar, frame))
    rows = (told[at : at + _BARS_IN_ROW] for at in range(0, len(told), _BARS_IN_ROW))
    return "\n".join("".join(row) for row in rows)


def _meter_word(bars: Sequence[Bar], number: int) -> str:
    """A bar's meter. A short one at the beginning or the end has that of the others, one amid the music its own."""
    bar = bars[number]
    if number == 0 and missing_before(bars):
        return _meter_word(bars, 1)
    meter, steps = bar.meter, bar.end - bar.start
    beyond = meter.numerator * STEPS % meter.denominator != 0
    if beyond or (steps != meter.steps and 0 < number < len(bars) - 1):
        meter = plain_meter(steps)
    return f"{meter.numerator}/{meter.denominator}"


def _bar_line(bar: Bar, frame: Frame) -> str:
    if bar == frame.bars[-1]:
        return "|]"
    return "||" if bar.end == frame.join else "|"


def _written(piece: Piece, bar: Bar, spelling: Spelling, unit: Fraction) -> str:
    """A note or a rest, with a space before each beat, where beams end."""
    away = piece.start - bar.start
    space = " " if away and away % beat_of(bar) == 0 else ""
    name = "z" if piece.pitch is None else spelling.signed(piece.pitch)
    return space + name + abc_tokens.length_word(Fraction(piece.length) / unit) + "-" * piece.after
