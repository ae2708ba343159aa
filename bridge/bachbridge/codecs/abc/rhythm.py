"""Rhythm within a bar of a tune in ABC: lengths, tuplets and broken rhythm, in exact whole numbers.

Lengths are counted in quanta: a quantum is a sixteenth of the unit note length (`L:`), the shortest that is written.
The meters and unit lengths that `quanta_per_bar` accepts have bars of a whole number of quanta, and a length may be any
whole number of them, so whatever is left in a bar can be filled. Every `Rhythm` returned here can be brought to the end
of its bar:

- Between notes a whole number `n >= 0` of quanta is left, and `n` notes of one quantum fill it.
- After `A>` at least one quantum is left, which a note of two fills; after `A<` at least three are left, which such a
  note fills too.
- In a tuplet of `p` notes in the time of `q`, the notes to come can still bring the sum of the written lengths to a
  multiple of `p / gcd(p, q)` (`_min_length_sum`); this times `q / p` is whole, and at most what is left.

In tuplets and broken pairs lengths are plain note values (in tuplets they may be dotted), because many programs read no
others there.

A token that would break one of these conditions is refused (None). That is the whole proof for a bar; for the tune, see
`bars`.

The meaning of the signs is that of the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1), sections
4.3 to 4.13.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import gcd

QUANTA_PER_UNIT = 16
"""Quanta of a unit note length."""
_TUPLET_TIMES = {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}
"""Notes whose time a tuplet takes, by its number of notes; in compound meters 5, 7 and 9 notes take that of 3."""
_PLAIN_LENGTHS = tuple(1 << power for power in range(11))
_DOTTED_LENGTHS = tuple(sorted((*_PLAIN_LENGTHS, *(3 * plain for plain in _PLAIN_LENGTHS))))
_IMPOSSIBLE = 1 << 30


def quanta_per_bar(meter: Fraction, unit: Fraction) -> int | None:
    """Return the quanta of a bar (`meter` and `unit` in whole notes); None if their number is not whole."""
    size = meter / unit * QUANTA_PER_UNIT
    return size.numerator if size.denominator == 1 else None


def tuplet_time(notes: int, *, compound: bool) -> int:
    """Return the number of notes whose time a tuplet of `notes` notes takes."""
    return 3 if compound and notes in (5, 7, 9) else _TUPLET_TIMES[notes]


@dataclass(frozen=True, slots=True)
class Tuplet:
    """Tuplet of `notes` in the time of `time`: `left` are to come, the others have `written` quanta in all."""

    notes: int
    time: int
    left: int
    written: int = 0

    @property
    def divisor(self) -> int:
        """The sum of the written lengths must be a multiple of this."""
        return self.notes // gcd(self.notes, self.time)

    @property
    def min_quanta(self) -> int:
        """Quanta that the whole tuplet takes at least."""
        more = _min_length_sum(self.left, -self.written % self.divisor, self.divisor)
        return (self.written + more) * self.time // self.notes


@cache
def _min_length_sum(notes: int, residue: int, modulus: int) -> int:
    """Return the least sum of `notes` lengths in a tuplet that is `residue` modulo `modulus`, or `_IMPOSSIBLE`."""
    if not notes:
        return 0 if residue == 0 else _IMPOSSIBLE
    return min(plain + _min_length_sum(notes - 1, (residue - plain) % modulus, modulus) for plain in _DOTTED_LENGTHS)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Rhythm of a bar of `size` quanta, of which `left` are not filled yet.

    `broken_sign` is a sign whose second note is to come, `breakable_length` the written length of a last note to which
    such a sign may still be added.
    """

    size: int
    left: int
    compound: bool = False
    tuplet: Tuplet | None = None
    broken_sign: str = ""
    breakable_length: int = 0

    @property
    def allows_bar_line(self) -> bool:
        """True if no tuplet or broken pair is unfinished, so that a bar line may stand here."""
        return self.tuplet is None and not self.broken_sign

    @property
    def filled(self) -> int:
        return self.size - self.left

    def add_note(self, written: int) -> "Rhythm | None":
        """Return the rhythm after a note or rest that is written `written` quanta long."""
        if (self.tuplet and written not in _DOTTED_LENGTHS) or (self.broken_sign and written not in _PLAIN_LENGTHS):
            return None
        if self.tuplet:
            tuplet = replace(self.tuplet, left=self.tuplet.left - 1, written=self.tuplet.written + written)
            if tuplet.left:
                return _if_fillable(replace(self, tuplet=tuplet))
            if tuplet.written % tuplet.divisor:
                return None
            return _if_fillable(replace(self, tuplet=None, left=self.left - tuplet.min_quanta))
        doubled = written * {"": 2, ">": 1, "<": 3}[self.broken_sign]
        if doubled % 2:
            return None
        breakable = 0 if self.broken_sign else written
        return _if_fillable(replace(self, left=self.left - doubled // 2, broken_sign="", breakable_length=breakable))

    def begin_tuplet(self, notes: int) -> "Rhythm | None":
        """Return the rhythm at the beginning of a tuplet."""
        if not self.allows_bar_line or notes not in _TUPLET_TIMES:
            return None
        time = tuplet_time(notes, compound=self.compound)
        return _if_fillable(replace(self, tuplet=Tuplet(notes, time, notes), breakable_length=0))

    def add_broken_sign(self, sign: str) -> "Rhythm | None":
        """Return the rhythm after a sign that makes the last note longer (`>`) or shorter (`<`) by a half."""
        if self.breakable_length not in _PLAIN_LENGTHS or self.breakable_length % 2:
            return None
        more = self.breakable_length // 2 if sign == ">" else -(self.breakable_length // 2)
        return _if_fillable(replace(self, left=self.left - more, broken_sign=sign, breakable_length=0))


def _if_fillable(rhythm: Rhythm) -> Rhythm | None:
    """Return the rhythm if its bar can still be filled (see the module)."""
    least = rhythm.tuplet.min_quanta if rhythm.tuplet else {"": 0, ">": 1, "<": 3}[rhythm.broken_sign]
    return rhythm if least <= rhythm.left else None
