"""The lines of a tune in ABC that begin with a letter and a colon, character by character.

The header has `X:` (a number), `T:`, other lines of words, `M:`, `L:` and `K:` in this order; the meter and the key
must be there, and the key ends it. Amid the music a line may change the key; people change meter and unit length too,
and write lines of words. See `abcgrammar` for what *strict* means, and for why there is no dead end.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.rhythm import quanta_per_bar
from bachbridge.codecs.abc.tokens import FIELD_PREFIXES, FIELD_VALUES

_LINE_ORDER = {"X": 0, "T": 1, "M": 3, "L": 4, "K": 5}
_TEXT_LINE_PLACE = 2
"""The place of all other lines."""
_MAX_TEXT_LINES, _MAX_LINE_CHARACTERS, _MAX_NUMBER_DIGITS = 10, 60, 5
_LINE_LETTERS = "ABCDFGHIKLMNOPQRSTUWXYZrsw%"
_STRICT_LETTERS = "XTMLKABCDFGHNORSZ%"
"""Of these, the ones that no program stumbles over, whatever their words."""
_BODY_LETTERS = "KMLPTNSRQYIWwHVC%"
"""Of these, the lines that people write amid the music."""


@dataclass(frozen=True, slots=True)
class HeaderState:
    """The lines read so far, as far as they matter; `token` is the line under way.

    `order` is the place of the last one, `count` how many there were; `meter` and `unit` are in whole notes (0: not
    told yet). `amid`: the header is over.
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
        """The quanta of a bar."""
        return quanta_per_bar(self.meter, self.unit or abc_tokens.default_unit(self.meter)) or None

    def after(self, char: str) -> "HeaderState | None":
        """After one more character; None where it must not come. A line's end leaves `token` empty."""
        if char == "\n":
            return self._end_line() if self.token else None
        token = self.token + char
        return replace(self, token=token) if self._is_line_prefix(token) else None

    def _is_line_prefix(self, token: str) -> bool:
        """Whether a line may begin so."""
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
        """Whether a line of that letter may stand here."""
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
        if (
            self.strict
            and letter != "%"
            and (value not in FIELD_VALUES[letter] if letter in FIELD_VALUES else not value)
        ):
            return None
        order = max(self.last_place, _LINE_ORDER.get(letter, _TEXT_LINE_PLACE))
        after = replace(self, token="", line_count=self.line_count + 1, last_place=order)
        return after.apply_field(letter, value)

    def apply_field(self, letter: str, value: str) -> "HeaderState | None":
        """With what a line says; None where that makes no sense."""
        match letter:
            case "M":
                meter = abc_tokens.meter_length(value)
                return replace(self, meter=meter, compound=abc_tokens.is_compound(value)) if meter else None
            case "L":
                return replace(self, unit=Fraction(value)) if value in abc_tokens.UNIT_LENGTHS else None
            case "K":
                sensible = abc_tokens.key_sharps(value) is not None and self.meter and self.bar_quanta
                return replace(self, in_body=True) if sensible else None
            case _:
                return self
