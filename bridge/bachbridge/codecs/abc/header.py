"""Lines of a tune in ABC that begin with a letter and a colon, read character by character.

The header has `X:` (a number), `T:`, other lines of text, `M:`, `L:` and `K:` in this order; the meter and the key must
be there, and the key ends it. Within the music a line may change the key; people change meter and unit length too, and
write lines of text. See `grammar` for what *strict* means, and for why there is no dead end.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.rhythm import quanta_per_bar
from bachbridge.codecs.abc.tokens import FIELD_PREFIXES, FIELD_VALUES

_LINE_ORDER = {"X": 0, "T": 1, "M": 3, "L": 4, "K": 5}
_TEXT_LINE_PLACE = 2
"""Place of all other lines in the order."""
_MAX_TEXT_LINES, _MAX_LINE_CHARACTERS, _MAX_NUMBER_DIGITS = 10, 60, 5
_LINE_LETTERS = "ABCDFGHIKLMNOPQRSTUWXYZrsw%"
_STRICT_LETTERS = "XTMLKABCDFGHNORSZ%"
"""Letters that cause no trouble in any program, whatever the line's text."""
_BODY_LETTERS = "KMLPTNSRQYIWwHVC%"
"""Letters of the lines that people write within the music."""


@dataclass(frozen=True, slots=True)
class HeaderState:
    """State after the lines read so far; `token` is the unfinished line.

    `last_place` is the last line's place in the order and `line_count` the number of lines. `meter` and `unit` are in
    whole notes (0: not given yet). `in_body` is True once the header is over.
    """

    strict: bool = True
    token: str = ""
    last_place: int = -1
    line_count: int = 0
    meter: Fraction = Fraction(0)
    unit: Fraction = Fraction(0)
    compound: bool = False
    in_body: bool = False

    @property
    def bar_quanta(self) -> int | None:
        """Quanta of a bar; None if their number is not whole."""
        return quanta_per_bar(self.meter, self.unit or abc_tokens.default_unit(self.meter)) or None

    def after(self, char: str) -> "HeaderState | None":
        """Return the state after one more character; None if it is not allowed. A line's end leaves `token` empty."""
        if char == "\n":
            return self._end_line() if self.token else None
        token = self.token + char
        return replace(self, token=token) if self._is_line_prefix(token) else None

    def _is_line_prefix(self, token: str) -> bool:
        """Return True if a line may begin with `token`."""
        letter, value = token[0], token[2:].removeprefix(" ")
        if letter not in (_STRICT_LETTERS if self.strict else _LINE_LETTERS) or not self._may_begin_line(letter):
            return False
        if letter == "%":
            return len(token) <= _MAX_LINE_CHARACTERS or not self.strict
        if token[1:2] not in ("", ":"):
            return False
        if letter in FIELD_VALUES and self.strict:
            return value in FIELD_PREFIXES[letter]
        if letter == "X":
            return (value.isdigit() or not value) and len(value) <= _MAX_NUMBER_DIGITS
        return not self.strict or (len(token) <= _MAX_LINE_CHARACTERS and not value.startswith(" "))

    def _may_begin_line(self, letter: str) -> bool:
        """Return True if a line of that letter may stand here."""
        if self.in_body:
            return letter in ("K" if self.strict else _BODY_LETTERS)
        if not self.strict:
            return True
        place = _LINE_ORDER.get(letter, _TEXT_LINE_PLACE)
        if place <= _TEXT_LINE_PLACE and self.line_count >= _MAX_TEXT_LINES:
            return False
        return (place > self.last_place or place == self.last_place == _TEXT_LINE_PLACE) and not (
            letter in "LK" and not self.meter
        )

    def _end_line(self) -> "HeaderState | None":
        letter, colon, value = self.token[0], self.token[1:2], self.token[2:].strip()
        if letter != "%" and colon != ":":
            return None
        is_valid = value in FIELD_VALUES[letter] if letter in FIELD_VALUES else bool(value)
        if self.strict and letter != "%" and not is_valid:
            return None
        place = max(self.last_place, _LINE_ORDER.get(letter, _TEXT_LINE_PLACE))
        after = replace(self, token="", line_count=self.line_count + 1, last_place=place)
        return after.apply_field(letter, value)

    def apply_field(self, letter: str, value: str) -> "HeaderState | None":
        """Return the state with the value of a line; None where that makes no sense."""
        match letter:
            case "M":
                meter = abc_tokens.meter_length(value)
                return replace(self, meter=meter, compound=abc_tokens.is_compound(value)) if meter else None
            case "L":
                return replace(self, unit=Fraction(value)) if value in abc_tokens.UNIT_LENGTHS else None
            case "K":
                is_valid = abc_tokens.key_sharps(value) is not None and self.meter and self.bar_quanta
                return replace(self, in_body=True) if is_valid else None
            case _:
                return self
