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
from bachbridge.codecs.abc.bars import JOINS, LINES, Bars, beginning
from bachbridge.codecs.abc.header import Lines
from bachbridge.codecs.abc.rhythm import QUANTA, Rhythm
from bachbridge.codecs.abc.tokens import LENGTHS, LONGER

Phase = Literal["field", "music", "quote", "sign", "note", "tuplet", "line", "number", "end"]

LETTERS = "ABCDEFGabcdefg"
_MOST_OCTAVES = 2
_LONGER = ",'/0123456789"
"""What makes a note's word longer, and begins no other."""
_MUSIC = "".join(sorted({*'\n "()-:<>[]^_=|zK0123456789/', *LETTERS, *"".join(abc_tokens.CHORDS)}))
"""What may stand in music, chord symbols included."""
_CHARACTERS = ("\n", *map(chr, range(32, 127)))
_SIGNS = ("^", "_", "=", "^^", "__")


_NO_LINES = Lines()


@dataclass(frozen=True, slots=True)
class State:
    """What has been read, as far as it matters; `token` is the word that is under way, `length` a note's length.

    `tie` is the letter and octave that must come next; `before` is what came last in the music: "", a line's end, a
    space, a chord symbol or a line with a field; `note` is the last note's letter and octave, right after it.
    """

    strict: bool = True
    phase: Phase = "field"
    lines: Lines = _NO_LINES
    token: str = ""
    length: str = ""
    bars: Bars | None = None
    tie: str = ""
    note: str = ""
    before: Literal["", "\n", " ", '"', "field"] = ""
    first: Fraction | None = None
    """How much of the first bar is to come, in whole notes, if that is known."""

    @property
    def music(self) -> Bars:
        """The bars; in the music only."""
        assert self.bars is not None
        return self.bars

    def after(self, char: str) -> "State | None":
        """The state after one more character; None where it must not come."""
        match self.phase:
            case "field":
                return self._field(char)
            case "music":
                return self._music(char)
            case "quote":
                return self._quote(char)
            case "sign":
                return self._sign(char)
            case "note":
                return self._note(char)
            case "tuplet":
                return self._sounded(self.music.rhythm.tuple(int(char)), note="") if char in "23456789" else None
            case "line":
                return self._line(char)
            case "number":
                bars = self.music.number(int(char)) if char in "123456789" else None
                return replace(self, phase="music", bars=bars, before="", token="") if bars else None
            case "end":
                return None

    def allowed(self) -> frozenset[str]:
        """Which characters may come next; none only where the tune is at its end."""
        return _allowed(self)

    @property
    def over(self) -> bool:
        """The tune is at its end."""
        return self.phase == "end"

    def _field(self, char: str) -> "State | None":
        """On a line of the form `K:G`."""
        lines = self.lines.after(char)
        if lines is None or lines.token or not lines.amid:
            return replace(self, lines=lines) if lines else None
        bars = self._barred(lines)
        before = "field" if self.bars else "\n"
        return replace(self, phase="music", lines=lines, bars=bars, before=before) if bars else None

    def _barred(self, lines: Lines) -> Bars | None:
        """The bars after such a line."""
        bar = lines.bar
        if not bar:
            return None
        if self.bars:
            return self.bars if bar == self.bars.bar else self.bars.rescaled(bar, lines.compound)
        unit = lines.unit or abc_tokens.default_unit(lines.meter)
        first = None if self.first is None else int(self.first / unit * QUANTA)
        return beginning(bar, compound=lines.compound, strict=self.strict, first=first)

    # ------------------------------------------------------------ music

    def _music(self, char: str) -> "State | None":
        """Between two words of the music."""
        if self.music.must_end_twice and char != "[":
            return None
        match char:
            case "\n":
                return self._newline()
            case " " | "\\":
                return self._space(char)
            case '"' if self.before != '"' or not self.strict:
                return replace(self, phase="quote", token="", note="") if self._has_room else None
            case "^" | "_" | "=" if not self.tie:
                return replace(self, phase="sign", token=char) if self._has_room else None
            case "z" if not self.tie:
                return self._begin_note(char)
            case "(":
                opened = replace(self, phase="tuplet", note="")
                return opened if any(map(self.music.rhythm.tuple, range(2, 10))) else None
            case "-" if self.note and not self.tie and not self.music.rhythm.broken:
                return replace(self, tie=self.note, note="", before="")
            case ">" | "<" if self.before == "" and not self.tie:
                return self._sounded(self.music.rhythm.breaks(char), note="")
            case "|" | ":":
                return self._bar_line(char)
            case "[" if not self.tie and self._can_number:
                return replace(self, phase="number")
            case _:
                return self._begin_note(char) if char in LETTERS else self._begin_field(char)

    @property
    def _has_room(self) -> bool:
        """Whether a note fits in."""
        return _fits(self.music.rhythm, "") or not self.strict

    @property
    def _can_number(self) -> bool:
        return any(self.music.number(ending) for ending in (1, 2))

    def _newline(self) -> "State | None":
        if self.before in ("\n", "field"):
            done = self.music.complete and not self.tie and (self.before == "\n" or not self.strict)
            return replace(self, phase="end") if done else None
        if self.strict and (self.before or self.music.line not in LINES):
            return None
        return replace(self, before="\n", note="")

    def _space(self, char: str) -> "State | None":
        if self.strict and (
            char != " " or self.before or self.music.rhythm.broken or self.music.line == "[" or self._in_tuplet_start
        ):
            return None
        at_line_end = self.before if self.before in ("\n", "field") else " "
        return replace(self, before=at_line_end, note="")

    @property
    def _in_tuplet_start(self) -> bool:
        tuplet = self.music.rhythm.tuplet
        return tuplet is not None and tuplet.left == tuplet.notes

    def _begin_field(self, char: str) -> "State | None":
        lenient = not self.strict and self.before in ("\n", "field")
        between = self.before == "\n" and self.music.line in LINES and not self.tie
        return replace(self, phase="field").after(char) if lenient or between else None

    def _quote(self, char: str) -> "State | None":
        if char == '"':
            known = abc_tokens.is_chord(self.token) or not self.strict
            return replace(self, phase="music", token="", before='"') if known else None
        token = self.token + char
        known = abc_tokens.begins_chord(token) or not self.strict
        return replace(self, token=token) if known and char != "\n" else None

    def _sign(self, char: str) -> "State | None":
        if self.token + char in _SIGNS:
            return replace(self, token=self.token + char)
        return self._begin_note(char) if char in LETTERS else None

    def _begin_note(self, char: str) -> "State | None":
        tied = not self.tie or char == self.tie[0]
        opened = replace(self, phase="note", token=char, length="")
        return opened if tied and self._has_room else None

    def _note(self, char: str) -> "State | None":
        if char in ",'":
            return self._octave(char)
        if self.tie and self.token != self.tie:
            return None
        if char.isdigit() or char == "/":
            fits = _fits(self.music.rhythm, self.length + char) or not self.strict
            return replace(self, length=self.length + char) if fits else None
        ended = self.ended
        return ended.after(char) if ended else None

    def _octave(self, char: str) -> "State | None":
        token = self.token + char
        mark = "" if token[0] == "z" else "," if token[0].isupper() else "'"
        other = self.strict and (char != mark or len(token) > 1 + _MOST_OCTAVES)
        if self.length or other or not self.tie.startswith(token if self.tie else ""):
            return None
        return replace(self, token=token)

    def _quanta(self) -> int | None:
        if self.strict:
            return LENGTHS.get(self.length)
        value = abc_tokens.length_of(self.length)
        return int(value * QUANTA) if value and (value * QUANTA).denominator == 1 else None

    def _sounded(self, rhythm: Rhythm | None, note: str) -> "State | None":
        bars = self.music.sounded(rhythm)
        if bars is None:
            return None
        tie = self.tie if note == "" and self.phase == "tuplet" else ""
        return replace(self, phase="music", bars=bars, token="", length="", tie=tie, note=note, before="")

    @property
    def ended(self) -> "State | None":
        """With a note or a bar line at its end; None where it cannot end here."""
        if self.phase == "line":
            bars = self.music.close(self.token) if self.token in LINES else None
            return replace(self, phase="music", token="", bars=bars, before="") if bars else None
        value = self._quanta()
        if not value or (self.tie and self.token != self.tie):
            return None
        return self._sounded(self.music.rhythm.note(value), note=self.token.rstrip("z"))

    # ------------------------------------------------------------ bar lines

    def _bar_line(self, token: str) -> "State | None":
        if self.before == '"' and self.strict:
            return None
        lines = ("|",) if self.tie and self.strict else LINES
        begun = any(line.startswith(token) and self.music.close(line) for line in lines)
        return replace(self, phase="line", token=token, note="") if begun else None

    def _line(self, char: str) -> "State | None":
        longer = self._bar_line(self.token + char)
        if longer:
            return longer
        ended = self.ended
        return ended.after(char) if ended and self.token + char not in JOINS else None


START = State()
"""Before a tune that is drawn."""
READING = State(strict=False, lines=Lines(strict=False))
"""Before a tune that somebody has written."""


@lru_cache(maxsize=1 << 16)
def _fits(rhythm: Rhythm, beginning: str) -> bool:
    """Whether a length that begins so fits in."""
    return any(rhythm.note(value) for value in LONGER.get(beginning, ()))


@lru_cache(maxsize=1 << 16)
def _allowed(state: State) -> frozenset[str]:
    if state.phase == "note":
        ended = state.ended
        return frozenset(char for char in _LONGER if state.after(char)) | (
            ended.allowed() if ended else frozenset[str]()
        )
    tried = _CHARACTERS if state.phase == "field" or not state.strict else _MUSIC
    return frozenset(char for char in tried if state.after(char))


def read(text: str, state: State = START) -> State | None:
    """The state after the text; None where it breaks a rule."""
    for char in text:
        after = state.after(char)
        if after is None:
            return None
        state = after
    return state
