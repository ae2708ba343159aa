"""Which characters may come next in a tune in ABC: an automaton that reads one character at a time.

A tune is a header (`X:`, `T:`, other lines of text, `M:`, `L:`, `K:` in this order; the meter and the key must be
there), then lines of music, then a blank line. Music is notes with accidentals, octaves and lengths, rests, tuplets,
broken rhythm, ties, chord symbols in quotes, bar lines, first and second endings, and single spaces between them. A
line of music ends after a bar line; a line that changes the key may come between two of them.

The state is an immutable value, so it can be forked. `after` alone defines the grammar; `allowed_characters` asks it
for every character. **There is no dead end.** `after` returns only states from which the tune can be ended:

- A token from a table (key, meter, chord, length) is always a prefix of a token that fits, so it can be completed; a
  line of free text can be ended.
- A note begins only where one of its lengths fits, and a length grows only towards one that fits (`_length_fits`); a
  tied note is the same letter with the same octave marks, and has a place in this bar or the next.
- A bar line begins only where one of its forms fits. An unfinished bar can always be filled, and the tune can be closed
  from any bar (see `bars`).
- A quote, a space and an accidental come only where a note fits.

Nor can a tune go on for ever without music: between two notes there is room for at most one chord symbol, one space on
either side, a bar line, an ending's number, a line's end and a line with a key. `shortest_end` finds the characters
that end a tune soon.

The lenient automaton (not `strict`) reads what people have written, once `normal_form` has cleaned it: short bars
beside sections, line ends anywhere, meters that change. It does not promise that an end can be reached.

The standard is ABC 2.1, https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.bars import BAR_LINES, SECTION_BAR_LINES, BarState, initial_bar_state
from bachbridge.codecs.abc.header import HeaderState
from bachbridge.codecs.abc.rhythm import QUANTA_PER_UNIT, Rhythm
from bachbridge.codecs.abc.tokens import LENGTH_COMPLETIONS, LENGTH_QUANTA

Phase = Literal["field", "music", "quote", "sign", "note", "tuplet", "line", "number", "end"]

NOTE_LETTERS = "ABCDEFGabcdefg"
_MAX_OCTAVE_MARKS = 2
_NOTE_CONTINUATIONS = ",'/0123456789"
"""Characters that make a note's token longer and begin no other token."""
_MUSIC_CHARACTERS = "".join(
    sorted({*'\n "()-:<>[]^_=|zK0123456789/', *NOTE_LETTERS, *"".join(abc_tokens.CHORD_SYMBOLS)})
)
"""Characters of music, chord symbols included."""
_CHARACTERS = ("\n", *map(chr, range(32, 127)))
_ACCIDENTALS = ("^", "_", "=", "^^", "__")


_EMPTY_HEADER = HeaderState()


@dataclass(frozen=True, slots=True)
class GrammarState:
    """State after the characters read so far: all that decides which characters may come next.

    `phase` is what is being read: a header line ("field"), nothing between two tokens of the music ("music"), a chord
    symbol ("quote"), an accidental ("sign"), a note, a tuplet's number, a bar line ("line"), an ending's number, or
    nothing any more ("end"). `token` is the unfinished token and `length` the length of an unfinished note. A note or
    a bar line ends before the first character that cannot belong to it, which is then read between tokens.

    `pending_tie` is the letter and octave that must come next because of a tie. `last_note` is the last note's letter
    and octave, directly after it. `last_separator` is what came last in the music: "", a line's end, a space, a chord
    symbol or a line with a field.
    """

    strict: bool = True
    phase: Phase = "field"
    header: HeaderState = _EMPTY_HEADER
    token: str = ""
    length: str = ""
    bars: BarState | None = None
    pending_tie: str = ""
    last_note: str = ""
    last_separator: Literal["", "\n", " ", '"', "field"] = ""
    first_bar: Fraction | None = None
    """Length of the first bar in whole notes, if that is known."""

    @property
    def bar_state(self) -> BarState:
        """State of the bars; only in the music."""
        assert self.bars is not None
        return self.bars

    def after(self, char: str) -> "GrammarState | None":
        """Return the state after one more character; None if it is not allowed."""
        match self.phase:
            case "field":
                return self._after_in_field(char)
            case "music":
                return self._after_between_tokens(char)
            case "quote":
                return self._after_in_quote(char)
            case "sign":
                return self._after_in_accidental(char)
            case "note":
                return self._after_in_note(char)
            case "tuplet":
                return self._after_in_tuplet(char)
            case "line":
                return self._after_in_bar_line(char)
            case "number":
                return self._after_in_ending_number(char)
            case "end":
                return None

    def allowed_characters(self) -> frozenset[str]:
        """Return the characters that may come next; none only where the tune has ended."""
        return _allowed_characters(self)

    @property
    def is_finished(self) -> bool:
        """True if the tune has ended."""
        return self.phase == "end"

    @property
    def token_ended(self) -> "GrammarState | None":
        """State between tokens, once the unfinished note or bar line has ended; None where it cannot end here."""
        return self._bar_line_ended if self.phase == "line" else self._note_ended

    # ------------------------------------------------------------ lines with a field

    def _begin_field(self, char: str) -> "GrammarState | None":
        lenient = not self.strict and self.last_separator in ("\n", "field")
        between = self.last_separator == "\n" and self.bar_state.last_bar_line in BAR_LINES and not self.pending_tie
        return replace(self, phase="field").after(char) if lenient or between else None

    def _after_in_field(self, char: str) -> "GrammarState | None":
        """Read on in a line of the form `K:G`."""
        header = self.header.after(char)
        if header is None or header.token or not header.in_body:
            return replace(self, header=header) if header else None
        bars = self._bars_after_field(header)
        separator = "field" if self.bars else "\n"
        return replace(self, phase="music", header=header, bars=bars, last_separator=separator) if bars else None

    def _bars_after_field(self, header: HeaderState) -> BarState | None:
        bar = header.bar_quanta
        if not bar:
            return None
        if self.bars:
            return self.bars if bar == self.bars.bar_quanta else self.bars.with_meter(bar, header.compound)
        unit = header.unit or abc_tokens.default_unit(header.meter)
        first = None if self.first_bar is None else int(self.first_bar / unit * QUANTA_PER_UNIT)
        return initial_bar_state(bar, compound=header.compound, strict=self.strict, first_bar=first)

    # ------------------------------------------------------------ between two tokens of the music

    def _after_between_tokens(self, char: str) -> "GrammarState | None":
        if self.bar_state.needs_second_ending and char != "[":
            return None
        match char:
            case "\n":
                return self._newline()
            case " " | "\\":
                return self._space(char)
            case '"':
                return self._begin_quote()
            case "^" | "_" | "=":
                return self._begin_accidental(char)
            case "z":
                return None if self.pending_tie else self._begin_note(char)
            case "(":
                return self._begin_tuplet()
            case "-":
                return self._add_tie()
            case ">" | "<":
                return self._add_broken_sign(char)
            case "|" | ":":
                return self._begin_bar_line(char)
            case "[":
                return self._begin_ending()
            case _:
                return self._begin_note(char) if char in NOTE_LETTERS else self._begin_field(char)

    def _newline(self) -> "GrammarState | None":
        if self.last_separator in ("\n", "field"):
            may_end = self.bar_state.may_end_tune and not self.pending_tie
            return replace(self, phase="end") if may_end and (self.last_separator == "\n" or not self.strict) else None
        if self.strict and (self.last_separator or self.bar_state.last_bar_line not in BAR_LINES):
            return None
        return replace(self, last_separator="\n", last_note="")

    def _space(self, char: str) -> "GrammarState | None":
        if self.strict and (
            char != " "
            or self.last_separator
            or self.bar_state.rhythm.broken_sign
            or self.bar_state.last_bar_line == "["
            or self._is_at_tuplet_start
        ):
            return None
        separator = self.last_separator if self.last_separator in ("\n", "field") else " "
        return replace(self, last_separator=separator, last_note="")

    @property
    def _is_at_tuplet_start(self) -> bool:
        tuplet = self.bar_state.rhythm.tuplet
        return tuplet is not None and tuplet.left == tuplet.notes

    @property
    def _has_room(self) -> bool:
        """True if a note fits here."""
        return _length_fits(self.bar_state.rhythm, "") or not self.strict

    def _add_tie(self) -> "GrammarState | None":
        if not self.last_note or self.pending_tie or self.bar_state.rhythm.broken_sign:
            return None
        return replace(self, pending_tie=self.last_note, last_note="", last_separator="")

    def _add_broken_sign(self, sign: str) -> "GrammarState | None":
        if self.last_separator or self.pending_tie:
            return None
        return self._with_rhythm(self.bar_state.rhythm.add_broken_sign(sign))

    def _with_rhythm(
        self, rhythm: Rhythm | None, *, last_note: str = "", pending_tie: str = ""
    ) -> "GrammarState | None":
        """Return the state between tokens with the bar's rhythm one token further; None without a rhythm."""
        bars = self.bar_state.with_rhythm(rhythm)
        if bars is None:
            return None
        after = replace(self, phase="music", bars=bars, token="", length="")
        return replace(after, pending_tie=pending_tie, last_note=last_note, last_separator="")

    # ------------------------------------------------------------ chord symbols and tuplets

    def _begin_quote(self) -> "GrammarState | None":
        repeated = self.last_separator == '"' and self.strict
        return replace(self, phase="quote", token="", last_note="") if self._has_room and not repeated else None

    def _after_in_quote(self, char: str) -> "GrammarState | None":
        if char == '"':
            known = abc_tokens.is_chord(self.token) or not self.strict
            return replace(self, phase="music", token="", last_separator='"') if known else None
        token = self.token + char
        known = abc_tokens.is_chord_prefix(token) or not self.strict
        return replace(self, token=token) if known and char != "\n" else None

    def _begin_tuplet(self) -> "GrammarState | None":
        fits = any(map(self.bar_state.rhythm.begin_tuplet, range(2, 10)))
        return replace(self, phase="tuplet", last_note="") if fits else None

    def _after_in_tuplet(self, char: str) -> "GrammarState | None":
        if char not in "23456789":
            return None
        return self._with_rhythm(self.bar_state.rhythm.begin_tuplet(int(char)), pending_tie=self.pending_tie)

    # ------------------------------------------------------------ notes and rests

    def _begin_accidental(self, char: str) -> "GrammarState | None":
        return replace(self, phase="sign", token=char) if self._has_room and not self.pending_tie else None

    def _after_in_accidental(self, char: str) -> "GrammarState | None":
        if self.token + char in _ACCIDENTALS:
            return replace(self, token=self.token + char)
        return self._begin_note(char) if char in NOTE_LETTERS else None

    def _begin_note(self, char: str) -> "GrammarState | None":
        fits_tie = not self.pending_tie or char == self.pending_tie[0]
        return replace(self, phase="note", token=char, length="") if fits_tie and self._has_room else None

    def _after_in_note(self, char: str) -> "GrammarState | None":
        if char in ",'":
            return self._add_octave_mark(char)
        if self.pending_tie and self.token != self.pending_tie:
            return None
        if char.isdigit() or char == "/":
            fits = _length_fits(self.bar_state.rhythm, self.length + char) or not self.strict
            return replace(self, length=self.length + char) if fits else None
        ended = self._note_ended
        return ended.after(char) if ended else None

    def _add_octave_mark(self, char: str) -> "GrammarState | None":
        token = self.token + char
        mark = "" if token[0] == "z" else "," if token[0].isupper() else "'"
        refused = self.strict and (char != mark or len(token) > 1 + _MAX_OCTAVE_MARKS)
        breaks_tie = bool(self.pending_tie) and not self.pending_tie.startswith(token)
        return None if self.length or refused or breaks_tie else replace(self, token=token)

    @property
    def _note_ended(self) -> "GrammarState | None":
        quanta = self._length_quanta()
        if not quanta or (self.pending_tie and self.token != self.pending_tie):
            return None
        return self._with_rhythm(self.bar_state.rhythm.add_note(quanta), last_note=self.token.rstrip("z"))

    def _length_quanta(self) -> int | None:
        if self.strict:
            return LENGTH_QUANTA.get(self.length)
        value = abc_tokens.parse_length(self.length)
        return int(value * QUANTA_PER_UNIT) if value and (value * QUANTA_PER_UNIT).denominator == 1 else None

    # ------------------------------------------------------------ bar lines and endings

    def _begin_bar_line(self, token: str) -> "GrammarState | None":
        if self.last_separator == '"' and self.strict:
            return None
        lines = ("|",) if self.pending_tie and self.strict else BAR_LINES
        fits = any(line.startswith(token) and self.bar_state.close_bar(line) for line in lines)
        return replace(self, phase="line", token=token, last_note="") if fits else None

    def _after_in_bar_line(self, char: str) -> "GrammarState | None":
        longer = self._begin_bar_line(self.token + char)
        if longer:
            return longer
        ended = self._bar_line_ended
        return ended.after(char) if ended and self.token + char not in SECTION_BAR_LINES else None

    @property
    def _bar_line_ended(self) -> "GrammarState | None":
        bars = self.bar_state.close_bar(self.token) if self.token in BAR_LINES else None
        return replace(self, phase="music", token="", bars=bars, last_separator="") if bars else None

    def _begin_ending(self) -> "GrammarState | None":
        fits = any(self.bar_state.begin_ending(ending) for ending in (1, 2))
        return replace(self, phase="number") if fits and not self.pending_tie else None

    def _after_in_ending_number(self, char: str) -> "GrammarState | None":
        bars = self.bar_state.begin_ending(int(char)) if char in "123456789" else None
        return replace(self, phase="music", bars=bars, last_separator="", token="") if bars else None


STRICT_START = GrammarState()
"""State before a tune that a network draws."""
LENIENT_START = GrammarState(strict=False, header=HeaderState(strict=False))
"""State before a tune that a person has written."""


@lru_cache(maxsize=1 << 16)
def _length_fits(rhythm: Rhythm, prefix: str) -> bool:
    """Return True if a length that begins with `prefix` fits."""
    return any(rhythm.add_note(value) for value in LENGTH_COMPLETIONS.get(prefix, ()))


@lru_cache(maxsize=1 << 16)
def _allowed_characters(state: GrammarState) -> frozenset[str]:
    if state.phase == "note":
        ended = state.token_ended
        return frozenset(char for char in _NOTE_CONTINUATIONS if state.after(char)) | (
            ended.allowed_characters() if ended else frozenset[str]()
        )
    tried = _CHARACTERS if state.phase == "field" or not state.strict else _MUSIC_CHARACTERS
    return frozenset(char for char in tried if state.after(char))


def state_after(text: str, state: GrammarState = STRICT_START) -> GrammarState | None:
    """Return the state after the text; None where it breaks a rule."""
    for char in text:
        after = state.after(char)
        if after is None:
            return None
        state = after
    return state
