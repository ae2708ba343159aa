"""Tunes in ABC as notes with exact times.

Times are exact fractions of a step (a 16th note). `Reading` hears a tune word by word: a sign holds for its letter and
octave until the bar line (and beyond it for a tied note), a tuplet and a broken pair change
the lengths that are written. A note is given out when the next word has come, for a broken pair still changes it; a
note that is tied is given out again, longer.

`tune_notes` plays the repeats, with first and second endings.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import normal_form
from bachbridge.codecs.abc import spelling as abc_spelling
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.bars import JOINS
from bachbridge.codecs.abc.rhythm import time_of

STEPS = 16
"""Steps in a whole note."""
_SIGNS = {"": 0, "^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}


@dataclass(frozen=True, slots=True)
class Sung:
    """A note of a tune: `start` and `length` in steps."""

    start: Fraction
    length: Fraction
    pitch: int

    @property
    def end(self) -> Fraction:
        return self.start + self.length


class Reading:
    """Hears a tune, word by word."""

    __slots__ = (
        "_altered",
        "_bar",
        "_broken",
        "_compound",
        "_fresh",
        "_last",
        "_passed",
        "_tied",
        "_tuplet",
        "_unit",
        "at",
    )

    def __init__(self, unit: Fraction, key: str, *, compound: bool) -> None:
        """`unit`: the unit length in whole notes."""
        self._unit, self._compound = unit * STEPS, compound
        self._altered = abc_tokens.altered(abc_tokens.signature(key) or 0)
        self._bar: dict[tuple[str, str], int] = {}
        """The signs in this bar, by letter and octave marks."""
        self._tuplet = (0, Fraction(1))
        """How many notes of a tuplet are to come, and what their lengths are multiplied with."""
        self._broken = Fraction(1)
        self._passed = Fraction(0)
        """The length of the last note or rest, which a sign of broken rhythm may still change while it is fresh."""
        self._fresh = False
        self._last: Sung | None = None
        """That note."""
        self._tied: Sung | None = None
        self.at = Fraction(0)
        """Up to here all is heard."""

    @property
    def settled(self) -> Fraction:
        """Up to here all is heard and will stay."""
        return self.at - self._passed if self._fresh else self.at

    def hear(self, word: str) -> tuple[Sung, ...]:
        """One word of the music (or a field's line); the notes that are settled by it, new or longer."""
        if word in ("<", ">"):
            self._break(word)
            return ()
        out = self.rest()
        if word == "-":
            self._tied = out[-1] if out else self._tied
        elif note := abc_spelling.NOTE.fullmatch(word):
            self._sound(note[2], note[3], note[1], note[4])
        elif word[:1] == "z":
            self._pass(word[1:])
            self._tied = None
        elif re.fullmatch(r"\([2-9]", word):
            number = int(word[1])
            self._tuplet = number, Fraction(time_of(number, compound=self._compound), number)
        elif "|" in word or word == "::":
            self._bar = {}
        elif word[1:2] == ":":
            self._change(word)
        return out

    def rest(self) -> tuple[Sung, ...]:
        """What was heard and not given out: at the end, or where no sign follows that would change it."""
        last, self._last, self._fresh = self._last, None, False
        return (last,) if last else ()

    def _break(self, sign: str) -> None:
        """The last note takes a half from the next one, or gives it."""
        more = Fraction(1, 2) if sign == ">" else Fraction(-1, 2)
        change = self._passed * more
        self._passed += change
        if self._last:
            self._last = replace(self._last, length=self._last.length + change)
        self.at += change
        self._broken = 1 - more

    def _pass(self, length: str) -> Fraction:
        """Time goes on by a length as it is written; that in steps."""
        left, factor = self._tuplet
        steps = (abc_tokens.length_of(length) or Fraction(1)) * self._unit * self._broken * (factor if left else 1)
        self._tuplet, self._broken = (max(0, left - 1), factor), Fraction(1)
        self.at, self._passed, self._fresh = self.at + steps, steps, True
        return steps

    def _sound(self, letter: str, marks: str, sign: str | None, length: str) -> None:
        start = self.at
        steps = self._pass(length)
        if self._tied and sign is None and self._tied.end == start:
            self._last = replace(self._tied, length=self._tied.length + steps)
        else:
            if sign is not None:
                self._bar[letter, marks] = _SIGNS[sign]
            semitones = self._bar.get((letter, marks), self._altered.get(letter.upper(), 0))
            self._last = Sung(start, steps, abc_tokens.natural(letter, marks) + semitones)
        self._tied = None

    def _change(self, field: str) -> None:
        letter, value = field[0], field[2:].strip()
        if letter == "K":
            self._altered = abc_tokens.altered(abc_tokens.signature(value) or 0)
        elif letter == "L":
            self._unit = Fraction(value) * STEPS
        elif letter == "M":
            self._compound = abc_tokens.is_compound(value)


# ---------------------------------------------------------------- whole tunes


@dataclass(frozen=True, slots=True)
class Header:
    """What the tune's first lines say: meter and unit length in whole notes, the words as they were."""

    meter_word: str
    unit_word: str
    key: str

    @property
    def meter(self) -> Fraction:
        return abc_tokens.meter(self.meter_word) or Fraction(1)

    @property
    def unit(self) -> Fraction:
        return Fraction(self.unit_word)

    @property
    def text(self) -> str:
        return f"M:{self.meter_word}\nL:{self.unit_word}\nK:{self.key}\n"

    def reading(self) -> Reading:
        """To hear the tune with."""
        return Reading(self.unit, self.key, compound=abc_tokens.is_compound(self.meter_word))


def header_of(tune: str) -> tuple[Header, str]:
    """The header of a tune in normal form, and its music."""
    meter, unit, key, body = tune.split("\n", 3)
    return Header(meter[2:], unit[2:], key[2:]), body


def words_of(body: str) -> Iterable[str]:
    """The words of music in normal form; a field's line is one."""
    for line in body.split("\n"):
        if re.match(r"[MLK]:", line):
            yield line
        else:
            yield from (found[0] for found in abc_spelling.TOKEN.finditer(line))


def tune_notes(tune: str, *, repeats: bool = True) -> list[Sung]:
    """The notes of a tune, with what is repeated written out; raises `TuneError`."""
    header, body = header_of(normal_form.normal(tune))
    reading = header.reading()
    sung: list[Sung] = []
    marks: list[tuple[Fraction, str]] = []
    for word in words_of(body):
        sung += reading.hear(word)
        if word in ("[1", "[2", *JOINS):
            marks.append((reading.at, word))
    sung = longest_of(sung + list(reading.rest()))
    return unrolled(sung, passes_of(marks, reading.at)) if repeats else sung


def longest_of(sung: Sequence[Sung]) -> list[Sung]:
    """Of the notes that were given out more than once, the last."""
    return list({note.start: note for note in sung}.values())


def passes_of(marks: Sequence[tuple[Fraction, str]], end: Fraction) -> list[tuple[Fraction, Fraction]]:
    """From where to where the tune is played, one after another."""
    out: list[tuple[Fraction, Fraction]] = []
    start, played = Fraction(0), Fraction(0)
    first: Fraction | None = None
    second = False
    for at, mark in marks:
        match mark:
            case "[1" | "[2":
                first, second = (at, second) if mark == "[1" else (None, True)
            case ":|" | "::":
                out += [(played, at), (start, at if first is None else first)]
                start, played, first = at, at, None
            case "|:":
                out.append((played, at))
                start, played, second = at, at, False
            case _ if second:
                start, second = at, False
            case _:
                pass
    return [*out, (played, end)]


def unrolled(sung: Sequence[Sung], passes: Sequence[tuple[Fraction, Fraction]]) -> list[Sung]:
    """The notes of each pass, one pass after another."""
    out: list[Sung] = []
    at = Fraction(0)
    for begin, end in passes:
        inside = (note for note in sung if begin <= note.start < end)
        out += [Sung(at + note.start - begin, min(note.length, end - note.start), note.pitch) for note in inside]
        at += end - begin
    return out
