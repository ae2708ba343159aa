"""Which characters may come next in a tune in ABC: an automaton that reads one character at a time.

A tune is a header (`X:`, `T:`, other lines of words, `M:`, `L:`, `K:` in this order; the meter and the key must be
there), then lines of music, then a blank line. Music is notes with accidentals, octaves and lengths, rests, tuplets,
broken rhythm, ties, chord symbols in quotes, bar lines, first and second endings, and single spaces between them. A
line of music ends after a bar line; a line that changes the key may come between two of them.

The state is a value, so that it can be forked; `after` is the only place that says what is right, and `allowed` asks
it for every character. **There is no dead end.** `after` gives back only states from which the tune can be ended:

- a word from a table (key, meter, chord, length) is a beginning of a word that fits, so it can be completed; a line of
  free words can be ended;
- a note begins only where one of its lengths fits, and a length goes on only towards such a one (`_fits`); a tied note
  is the same letter with the same octave marks, and has a place in this bar or the next;
- a bar line begins only where one of its forms fits, and what is open in a bar can always be filled, and the tune be
  closed from any bar (`abcbars`);
- a quote, a space and an accidental come only where a note fits in.

Nor does it go on for ever without music: between two notes at most one chord symbol, one space on either side, a bar
line, an ending's number, a line's end and a line with a key can stand. `closing` says which characters end it soon.

The automaton that is not `strict` reads what people have written (`abcform` cleans it first): short bars beside
sections, line ends anywhere, meters that change. It does not promise that an end can be reached.

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
"""What makes a note's word longer, and begins no other."""
_MUSIC_CHARACTERS = "".join(
    sorted({*'\n "()-:<>[]^_=|zK0123456789/', *NOTE_LETTERS, *"".join(abc_tokens.CHORD_SYMBOLS)})
)
"""What may stand in music, chord symbols included."""
_CHARACTERS = ("\n", *map(chr, range(32, 127)))
_ACCIDENTALS = ("^", "_", "=", "^^", "__")


_EMPTY_HEADER = HeaderState()


@dataclass(frozen=True, slots=True)
class GrammarState:
    """What has been read, as far as it matters; `token` is the word that is under way, `length` a note's length.

    `tie` is the letter and octave that must come next; `before` is what came last in the music: "", a line's end, a
    space, a chord symbol or a line with a field; `note` is the last note's letter and octave, right after it.
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
    """How much of the first bar is to come, in whole notes, if that is known."""

    @property
    def bar_state(self) -> BarState:
        """The bars; in the music only."""
        assert self.bars is not None
        return self.bars

    def after(self, char: str) -> "GrammarState | None":
        """The state after one more character; None where it must not come."""
        match self.phase:
            case "field":
                return self._after_in_field(char)
            case "music":
                return self._after_in_music(char)
            case "quote":
                return self._after_in_quote(char)
            case "sign":
                return self._after_in_accidental(char)
            case "note":
                return self._after_in_note(char)
            case "tuplet":
                return (
                    self._with_rhythm(self.bar_state.rhythm.begin_tuplet(int(char)), note="")
                    if char in "23456789"
                    else None
                )
            case "line":
                return self._after_in_bar_line(char)
            case "number":
                bars = self.bar_state.begin_ending(int(char)) if char in "123456789" else None
                return replace(self, phase="music", bars=bars, last_separator="", token="") if bars else None
            case "end":
                return None

    def allowed_characters(self) -> frozenset[str]:
        """Which characters may come next; none only where the tune is at its end."""
        return _allowed_characters(self)

    @property
    def is_finished(self) -> bool:
        """The tune is at its end."""
        return self.phase == "end"

    def _after_in_field(self, char: str) -> "GrammarState | None":
        """On a line of the form `K:G`."""
        lines = self.header.after(char)
        if lines is None or lines.token or not lines.in_body:
            return replace(self, header=lines) if lines else None
        bars = self._bars_after_field(lines)
        before = "field" if self.bars else "\n"
        return replace(self, phase="music", header=lines, bars=bars, last_separator=before) if bars else None

    def _bars_after_field(self, header: HeaderState) -> BarState | None:
        """The bars after such a line."""
        bar = header.bar_quanta
        if not bar:
            return None
        if self.bars:
            return self.bars if bar == self.bars.bar_quanta else self.bars.with_meter(bar, header.compound)
        unit = header.unit or abc_tokens.default_unit(header.meter)
        first = None if self.first_bar is None else int(self.first_bar / unit * QUANTA_PER_UNIT)
        return initial_bar_state(bar, compound=header.compound, strict=self.strict, first_bar=first)

    # ------------------------------------------------------------ music

    def _after_in_music(self, char: str) -> "GrammarState | None":
        """Between two words of the music."""
        if self.bar_state.needs_second_ending and char != "[":
            return None
        match char:
            case "\n":
                return self._newline()
            case " " | "\\":
                return self._space(char)
            case '"' if self.last_separator != '"' or not self.strict:
                return replace(self, phase="quote", token="", last_note="") if self._has_room else None
            case "^" | "_" | "=" if not self.pending_tie:
                return replace(self, phase="sign", token=char) if self._has_room else None
            case "z" if not self.pending_tie:
                return self._begin_note(char)
            case "(":
                opened = replace(self, phase="tuplet", last_note="")
                return opened if any(map(self.bar_state.rhythm.begin_tuplet, range(2, 10))) else None
            case "-" if self.last_note and not self.pending_tie and not self.bar_state.rhythm.broken_sign:
                return replace(self, pending_tie=self.last_note, last_note="", last_separator="")
            case ">" | "<" if self.last_separator == "" and not self.pending_tie:
                return self._with_rhythm(self.bar_state.rhythm.add_broken_sign(char), note="")
            case "|" | ":":
                return self._begin_bar_line(char)
            case "[" if not self.pending_tie and self._can_begin_ending:
                return replace(self, phase="number")
            case _:
                return self._begin_note(char) if char in NOTE_LETTERS else self._begin_field(char)

    @property
    def _has_room(self) -> bool:
        """Whether a note fits in."""
        return _length_fits(self.bar_state.rhythm, "") or not self.strict

    @property
    def _can_begin_ending(self) -> bool:
        return any(self.bar_state.begin_ending(ending) for ending in (1, 2))

    def _newline(self) -> "GrammarState | None":
        if self.last_separator in ("\n", "field"):
            done = (
                self.bar_state.may_end_tune
                and not self.pending_tie
                and (self.last_separator == "\n" or not self.strict)
            )
            return replace(self, phase="end") if done else None
        if self.strict and (self.last_separator or self.bar_state.last_bar_line not in BAR_LINES):
            return None
        return replace(self, last_separator="\n", last_note="")

    def _space(self, char: str) -> "GrammarState | None":
        if self.strict and (
            char != " "
            or self.last_separator
            or self.bar_state.rhythm.broken_sign
            or self.bar_state.last_bar_line == "["
            or self._in_tuplet_start
        ):
            return None
        at_line_end = self.last_separator if self.last_separator in ("\n", "field") else " "
        return replace(self, last_separator=at_line_end, last_note="")

    @property
    def _in_tuplet_start(self) -> bool:
        tuplet = self.bar_state.rhythm.tuplet
        return tuplet is not None and tuplet.left == tuplet.notes

    def _begin_field(self, char: str) -> "GrammarState | None":
        lenient = not self.strict and self.last_separator in ("\n", "field")
        between = self.last_separator == "\n" and self.bar_state.last_bar_line in BAR_LINES and not self.pending_tie
        return replace(self, phase="field").after(char) if lenient or between else None

    def _after_in_quote(self, char: str) -> "GrammarState | None":
        if char == '"':
            known = abc_tokens.is_chord(self.token) or not self.strict
            return replace(self, phase="music", token="", last_separator='"') if known else None
        token = self.token + char
        known = abc_tokens.is_chord_prefix(token) or not self.strict
        return replace(self, token=token) if known and char != "\n" else None

    def _after_in_accidental(self, char: str) -> "GrammarState | None":
        if self.token + char in _ACCIDENTALS:
            return replace(self, token=self.token + char)
        return self._begin_note(char) if char in NOTE_LETTERS else None

    def _begin_note(self, char: str) -> "GrammarState | None":
        tied = not self.pending_tie or char == self.pending_tie[0]
        opened = replace(self, phase="note", token=char, length="")
        return opened if tied and self._has_room else None

    def _after_in_note(self, char: str) -> "GrammarState | None":
        if char in ",'":
            return self._add_octave_mark(char)
        if self.pending_tie and self.token != self.pending_tie:
            return None
        if char.isdigit() or char == "/":
            fits = _length_fits(self.bar_state.rhythm, self.length + char) or not self.strict
            return replace(self, length=self.length + char) if fits else None
        ended = self.token_ended
        return ended.after(char) if ended else None

    def _add_octave_mark(self, char: str) -> "GrammarState | None":
        token = self.token + char
        mark = "" if token[0] == "z" else "," if token[0].isupper() else "'"
        other = self.strict and (char != mark or len(token) > 1 + _MAX_OCTAVE_MARKS)
        if self.length or other or not self.pending_tie.startswith(token if self.pending_tie else ""):
            return None
        return replace(self, token=token)

    def _length_quanta(self) -> int | None:
        if self.strict:
            return LENGTH_QUANTA.get(self.length)
        value = abc_tokens.parse_length(self.length)
        return int(value * QUANTA_PER_UNIT) if value and (value * QUANTA_PER_UNIT).denominator == 1 else None

    def _with_rhythm(self, rhythm: Rhythm | None, note: str) -> "GrammarState | None":
        bars = self.bar_state.with_rhythm(rhythm)
        if bars is None:
            return None
        tie = self.pending_tie if note == "" and self.phase == "tuplet" else ""
        return replace(
            self, phase="music", bars=bars, token="", length="", pending_tie=tie, last_note=note, last_separator=""
        )

    @property
    def token_ended(self) -> "GrammarState | None":
        """With a note or a bar line at its end; None where it cannot end here."""
        if self.phase == "line":
            bars = self.bar_state.close_bar(self.token) if self.token in BAR_LINES else None
            return replace(self, phase="music", token="", bars=bars, last_separator="") if bars else None
        value = self._length_quanta()
        if not value or (self.pending_tie and self.token != self.pending_tie):
            return None
        return self._with_rhythm(self.bar_state.rhythm.add_note(value), note=self.token.rstrip("z"))

    # ------------------------------------------------------------ bar lines

    def _begin_bar_line(self, token: str) -> "GrammarState | None":
        if self.last_separator == '"' and self.strict:
            return None
        lines = ("|",) if self.pending_tie and self.strict else BAR_LINES
        begun = any(line.startswith(token) and self.bar_state.close_bar(line) for line in lines)
        return replace(self, phase="line", token=token, last_note="") if begun else None

    def _after_in_bar_line(self, char: str) -> "GrammarState | None":
        longer = self._begin_bar_line(self.token + char)
        if longer:
            return longer
        ended = self.token_ended
        return ended.after(char) if ended and self.token + char not in SECTION_BAR_LINES else None


STRICT_START = GrammarState()
"""Before a tune that is drawn."""
LENIENT_START = GrammarState(strict=False, header=HeaderState(strict=False))
"""Before a tune that somebody has written."""


@lru_cache(maxsize=1 << 16)
def _length_fits(rhythm: Rhythm, prefix: str) -> bool:
    """Whether a length that begins so fits in."""
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
    """The state after the text; None where it breaks a rule."""
    for char in text:
        after = state.after(char)
        if after is None:
            return None
        state = after
    return state
