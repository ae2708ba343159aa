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
from bachbridge.codecs.abc.bars import SECTION_BAR_LINES
from bachbridge.codecs.abc.rhythm import tuplet_time

STEPS_PER_WHOLE_NOTE = 16
"""Steps in a whole note."""
_ACCIDENTAL_SEMITONES = {"": 0, "^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}


@dataclass(frozen=True, slots=True)
class TuneNote:
    """A note of a tune: `start` and `length` in steps."""

    start: Fraction
    length: Fraction
    pitch: int

    @property
    def end(self) -> Fraction:
        return self.start + self.length


class TuneReader:
    """Hears a tune, word by word."""

    __slots__ = (
        "_bar_accidentals",
        "_broken_factor",
        "_compound",
        "_key_accidentals",
        "_last_length",
        "_last_may_change",
        "_last_note",
        "_tied_note",
        "_tuplet_left_and_factor",
        "_unit_steps",
        "step",
    )

    def __init__(self, unit: Fraction, key: str, *, compound: bool) -> None:
        """`unit`: the unit length in whole notes."""
        self._unit_steps, self._compound = unit * STEPS_PER_WHOLE_NOTE, compound
        self._key_accidentals = abc_tokens.key_accidentals(abc_tokens.key_sharps(key) or 0)
        self._bar_accidentals: dict[tuple[str, str], int] = {}
        """The signs in this bar, by letter and octave marks."""
        self._tuplet_left_and_factor = (0, Fraction(1))
        """How many notes of a tuplet are to come, and what their lengths are multiplied with."""
        self._broken_factor = Fraction(1)
        self._last_length = Fraction(0)
        """The length of the last note or rest, which a sign of broken rhythm may still change while it is fresh."""
        self._last_may_change = False
        self._last_note: TuneNote | None = None
        """That note."""
        self._tied_note: TuneNote | None = None
        self.step = Fraction(0)
        """Up to here all is heard."""

    @property
    def settled_step(self) -> Fraction:
        """Up to here all is heard and will stay."""
        return self.step - self._last_length if self._last_may_change else self.step

    def read_token(self, token: str) -> tuple[TuneNote, ...]:
        """One word of the music (or a field's line); the notes that are settled by it, new or longer."""
        if token in ("<", ">"):
            self._apply_broken_rhythm(token)
            return ()
        out = self.flush()
        if token == "-":
            self._tied_note = out[-1] if out else self._tied_note
        elif note := abc_spelling.NOTE_PATTERN.fullmatch(token):
            self._add_note(note[2], note[3], note[1], note[4])
        elif token[:1] == "z":
            self._advance(token[1:])
            self._tied_note = None
        elif re.fullmatch(r"\([2-9]", token):
            number = int(token[1])
            self._tuplet_left_and_factor = number, Fraction(tuplet_time(number, compound=self._compound), number)
        elif "|" in token or token == "::":
            self._bar_accidentals = {}
        elif token[1:2] == ":":
            self._apply_field(token)
        return out

    def flush(self) -> tuple[TuneNote, ...]:
        """What was heard and not given out: at the end, or where no sign follows that would change it."""
        last, self._last_note, self._last_may_change = self._last_note, None, False
        return (last,) if last else ()

    def _apply_broken_rhythm(self, sign: str) -> None:
        """The last note takes a half from the next one, or gives it."""
        more = Fraction(1, 2) if sign == ">" else Fraction(-1, 2)
        change = self._last_length * more
        self._last_length += change
        if self._last_note:
            self._last_note = replace(self._last_note, length=self._last_note.length + change)
        self.step += change
        self._broken_factor = 1 - more

    def _advance(self, length: str) -> Fraction:
        """Time goes on by a length as it is written; that in steps."""
        left, factor = self._tuplet_left_and_factor
        steps = (
            (abc_tokens.parse_length(length) or Fraction(1))
            * self._unit_steps
            * self._broken_factor
            * (factor if left else 1)
        )
        self._tuplet_left_and_factor, self._broken_factor = (max(0, left - 1), factor), Fraction(1)
        self.step, self._last_length, self._last_may_change = self.step + steps, steps, True
        return steps

    def _add_note(self, letter: str, marks: str, sign: str | None, length: str) -> None:
        start = self.step
        steps = self._advance(length)
        if self._tied_note and sign is None and self._tied_note.end == start:
            self._last_note = replace(self._tied_note, length=self._tied_note.length + steps)
        else:
            if sign is not None:
                self._bar_accidentals[letter, marks] = _ACCIDENTAL_SEMITONES[sign]
            semitones = self._bar_accidentals.get((letter, marks), self._key_accidentals.get(letter.upper(), 0))
            self._last_note = TuneNote(start, steps, abc_tokens.natural_pitch(letter, marks) + semitones)
        self._tied_note = None

    def _apply_field(self, field: str) -> None:
        letter, value = field[0], field[2:].strip()
        if letter == "K":
            self._key_accidentals = abc_tokens.key_accidentals(abc_tokens.key_sharps(value) or 0)
        elif letter == "L":
            self._unit_steps = Fraction(value) * STEPS_PER_WHOLE_NOTE
        elif letter == "M":
            self._compound = abc_tokens.is_compound(value)


# ---------------------------------------------------------------- whole tunes


@dataclass(frozen=True, slots=True)
class TuneHeader:
    """What the tune's first lines say: meter and unit length in whole notes, the words as they were."""

    meter_word: str
    unit_word: str
    key: str

    @property
    def meter(self) -> Fraction:
        return abc_tokens.meter_length(self.meter_word) or Fraction(1)

    @property
    def unit(self) -> Fraction:
        return Fraction(self.unit_word)

    @property
    def text(self) -> str:
        return f"M:{self.meter_word}\nL:{self.unit_word}\nK:{self.key}\n"

    def make_reader(self) -> TuneReader:
        """To hear the tune with."""
        return TuneReader(self.unit, self.key, compound=abc_tokens.is_compound(self.meter_word))


def split_header(tune: str) -> tuple[TuneHeader, str]:
    """The header of a tune in normal form, and its music."""
    meter, unit, key, body = tune.split("\n", 3)
    return TuneHeader(meter[2:], unit[2:], key[2:]), body


def split_tokens(body: str) -> Iterable[str]:
    """The words of music in normal form; a field's line is one."""
    for line in body.split("\n"):
        if re.match(r"[MLK]:", line):
            yield line
        else:
            yield from (found[0] for found in abc_spelling.TOKEN_PATTERN.finditer(line))


def tune_notes(tune: str, *, repeats: bool = True) -> list[TuneNote]:
    """The notes of a tune, with what is repeated written out; raises `TuneError`."""
    header, body = split_header(normal_form.normalize(tune))
    reading = header.make_reader()
    sung: list[TuneNote] = []
    marks: list[tuple[Fraction, str]] = []
    for word in split_tokens(body):
        sung += reading.read_token(word)
        if word in ("[1", "[2", *SECTION_BAR_LINES):
            marks.append((reading.step, word))
    sung = drop_superseded(sung + list(reading.flush()))
    return unroll_repeats(sung, repeat_spans(marks, reading.step)) if repeats else sung


def drop_superseded(notes: Sequence[TuneNote]) -> list[TuneNote]:
    """Of the notes that were given out more than once, the last."""
    return list({note.start: note for note in notes}.values())


def repeat_spans(marks: Sequence[tuple[Fraction, str]], end: Fraction) -> list[tuple[Fraction, Fraction]]:
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


def unroll_repeats(notes: Sequence[TuneNote], spans: Sequence[tuple[Fraction, Fraction]]) -> list[TuneNote]:
    """The notes of each pass, one pass after another."""
    out: list[TuneNote] = []
    at = Fraction(0)
    for begin, end in spans:
        inside = (note for note in notes if begin <= note.start < end)
        out += [TuneNote(at + note.start - begin, min(note.length, end - note.start), note.pitch) for note in inside]
        at += end - begin
    return out
