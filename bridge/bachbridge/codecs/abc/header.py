"""The lines of a tune in ABC that begin with a letter and a colon, character by character.

The header has `X:` (a number), `T:`, other lines of words, `M:`, `L:` and `K:` in this order; the meter and the key
must be there, and the key ends it. Amid the music a line may change the key; people change meter and unit length too,
and write lines of words. See `abcgrammar` for what *strict* means, and for why there is no dead end.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from bachbridge.codecs.abc import tokens as abc_tokens
from bachbridge.codecs.abc.rhythm import quanta
from bachbridge.codecs.abc.tokens import BEGINNINGS, WORDS

_ORDER = {"X": 0, "T": 1, "M": 3, "L": 4, "K": 5}
_WORDY = 2
"""The place of all other lines."""
_MOST_LINES, _MOST_WORDS, _MOST_DIGITS = 10, 60, 5
_LETTERS = "ABCDFGHIKLMNOPQRSTUWXYZrsw%"
_STRICT = "XTMLKABCDFGHNORSZ%"
"""Of these, the ones that no program stumbles over, whatever their words."""
_AMID = "KMLPTNSRQYIWwHVC%"
"""Of these, the lines that people write amid the music."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines read so far, as far as they matter; `token` is the line under way.

    `order` is the place of the last one, `count` how many there were; `meter` and `unit` are in whole notes (0: not
    told yet). `amid`: the header is over.
    """

    strict: bool = True
    token: str = ""
    order: int = -1
    count: int = 0
    meter: Fraction = Fraction(0)
    unit: Fraction = Fraction(0)
    compound: bool = False
    amid: bool = False

    @property
    def bar(self) -> int | None:
        """The quanta of a bar."""
        return quanta(self.meter, self.unit or abc_tokens.default_unit(self.meter)) or None

    def after(self, char: str) -> "Lines | None":
        """After one more character; None where it must not come. A line's end leaves `token` empty."""
        if char == "\n":
            return self._ended() if self.token else None
        token = self.token + char
        return replace(self, token=token) if self._begins(token) else None

    def _begins(self, token: str) -> bool:
        """Whether a line may begin so."""
        letter, value = token[0], token[2:].removeprefix(" ")
        if letter not in (_STRICT if self.strict else _LETTERS) or not self._takes(letter):
            return False
        if letter == "%":
            return len(token) <= _MOST_WORDS or not self.strict
        if token[1:2] not in ("", ":"):
            return False
        if letter in WORDS and self.strict:
            return value in BEGINNINGS[letter]
        if letter == "X":
            return (value.isdigit() or not value) and len(value) <= _MOST_DIGITS
        return not self.strict or (len(token) <= _MOST_WORDS and not value.startswith(" "))

    def _takes(self, letter: str) -> bool:
        """Whether a line of that letter may stand here."""
        if self.amid:
            return letter in ("K" if self.strict else _AMID)
        if not self.strict:
            return True
        place = _ORDER.get(letter, _WORDY)
        if place <= _WORDY and self.count >= _MOST_LINES:
            return False
        return (place > self.order or place == self.order == _WORDY) and not (letter in "LK" and not self.meter)

    def _ended(self) -> "Lines | None":
        letter, colon, value = self.token[0], self.token[1:2], self.token[2:].strip()
        if letter != "%" and colon != ":":
            return None
        if self.strict and letter != "%" and (value not in WORDS[letter] if letter in WORDS else not value):
            return None
        order = max(self.order, _ORDER.get(letter, _WORDY))
        after = replace(self, token="", count=self.count + 1, order=order)
        return after.told(letter, value)

    def told(self, letter: str, value: str) -> "Lines | None":
        """With what a line says; None where that makes no sense."""
        match letter:
            case "M":
                meter = abc_tokens.meter(value)
                return replace(self, meter=meter, compound=abc_tokens.is_compound(value)) if meter else None
            case "L":
                return replace(self, unit=Fraction(value)) if value in abc_tokens.UNITS else None
            case "K":
                sensible = abc_tokens.signature(value) is not None and self.meter and self.bar
                return replace(self, amid=True) if sensible else None
            case _:
                return self
