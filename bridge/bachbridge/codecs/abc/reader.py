"""Reader of tunes in ABC: their notes with exact times.

Times are exact fractions of a step (a 16th note). `TuneReader` reads a tune token by token: an accidental holds for its
letter and octave until the bar line (and beyond it for a tied note), a tuplet and a broken pair change the written
lengths. A note is returned only when the next token has come, because a broken pair still changes it; a note that is
tied is returned again, longer.

This is the reader of what a network writes and of tunes in normal form (see `normal_form`). Files of others are read by
`bachbridge.files.abc`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import spelling as abc_spelling
from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.rhythm import tuplet_time

STEPS_PER_WHOLE_NOTE = 16
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
    """Reader of a tune's music, token by token."""

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
        """`unit` is the unit length in whole notes."""
        self._unit_steps, self._compound = unit * STEPS_PER_WHOLE_NOTE, compound
        self._key_accidentals = abc_tokens.key_accidentals(abc_tokens.key_sharps(key) or 0)
        self._bar_accidentals: dict[tuple[str, str], int] = {}
        """Semitones of the accidentals in this bar, by letter and octave marks."""
        self._tuplet_left_and_factor = (0, Fraction(1))
        """Notes of a tuplet that are to come, and the factor of their lengths."""
        self._broken_factor = Fraction(1)
        self._last_length = Fraction(0)
        """Length of the last note or rest, which a broken rhythm may still change while `_last_may_change`."""
        self._last_may_change = False
        self._last_note: TuneNote | None = None
        """The last note, if it has not been returned."""
        self._tied_note: TuneNote | None = None
        self.step = Fraction(0)
        """Step up to which all has been read."""

    @property
    def settled_step(self) -> Fraction:
        """Step up to which all has been read and will not change."""
        return self.step - self._last_length if self._last_may_change else self.step

    @property
    def bar_accidentals(self) -> tuple[tuple[tuple[str, str], int], ...]:
        """The accidentals of this bar: letter and octave marks, and the semitones."""
        return tuple(self._bar_accidentals.items())

    def read_token(self, token: str) -> tuple[TuneNote, ...]:
        """Read a token of the music (or a field's line) and return the notes that it settles, new or longer."""
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
        """Return the note that was not returned yet: at the end, or where nothing follows that would change it."""
        last, self._last_note, self._last_may_change = self._last_note, None, False
        return (last,) if last else ()

    def _apply_broken_rhythm(self, sign: str) -> None:
        """Let the last note take a half of its length from the next one, or give it to the next."""
        more = Fraction(1, 2) if sign == ">" else Fraction(-1, 2)
        change = self._last_length * more
        self._last_length += change
        if self._last_note:
            self._last_note = replace(self._last_note, length=self._last_note.length + change)
        self.step += change
        self._broken_factor = 1 - more

    def _advance(self, length: str) -> Fraction:
        """Advance by a written length, and return it in steps."""
        left, factor = self._tuplet_left_and_factor
        units = abc_tokens.parse_length(length) or Fraction(1)
        steps = units * self._unit_steps * self._broken_factor * (factor if left else 1)
        self._tuplet_left_and_factor, self._broken_factor = (max(0, left - 1), factor), Fraction(1)
        self.step, self._last_length, self._last_may_change = self.step + steps, steps, True
        return steps

    def _add_note(self, letter: str, marks: str, accidental: str | None, length: str) -> None:
        start = self.step
        steps = self._advance(length)
        if self._tied_note and accidental is None and self._tied_note.end == start:
            self._last_note = replace(self._tied_note, length=self._tied_note.length + steps)
        else:
            if accidental is not None:
                self._bar_accidentals[letter, marks] = _ACCIDENTAL_SEMITONES[accidental]
            self._last_note = TuneNote(start, steps, self.pitch_of(letter, marks))
        self._tied_note = None

    def pitch_of(self, letter: str, marks: str = "", accidental: str | None = None) -> int:
        """Return the pitch that a note of this name would have now."""
        semitones = self._bar_accidentals.get((letter, marks), self._key_accidentals.get(letter.upper(), 0))
        if accidental is not None:
            semitones = _ACCIDENTAL_SEMITONES[accidental]
        return abc_tokens.natural_pitch(letter, marks) + semitones

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
    """Header of a tune: meter, unit length and key as they are written, `meter` and `unit` in whole notes."""

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
        """Return a reader for the tune's music."""
        return TuneReader(self.unit, self.key, compound=abc_tokens.is_compound(self.meter_word))


def split_header(tune: str) -> tuple[TuneHeader, str]:
    """Return the header of a tune in normal form, and its music."""
    meter, unit, key, body = tune.split("\n", 3)
    return TuneHeader(meter[2:], unit[2:], key[2:]), body


def split_tokens(body: str) -> Iterable[str]:
    """Yield the tokens of music in normal form; a field's line is one token."""
    for line in body.split("\n"):
        if re.match(r"[MLK]:", line):
            yield line
        else:
            yield from (found[0] for found in abc_spelling.TOKEN_PATTERN.finditer(line))
