"""What fits into a bar of a tune in ABC: lengths, tuplets and broken rhythm, in exact whole numbers.

Lengths are counted in quanta: a sixteenth of the unit note length (`L:`), the shortest that is written. The meters and
unit lengths that `quanta` takes have bars of a whole number of quanta, and a length may be any whole number of them,
so whatever is left in a bar can be filled. Every value returned here can be brought to the end of its bar:

- between notes, what is left is a whole number `n >= 0` of quanta, and `n` notes of one quantum fill it;
- after `A>` one quantum is left at least, which a note of two fills, after `A<` three, which such a note fills too;
- in a tuplet of `p` notes in the time of `q`, the notes to come can still bring the sum of what is written to a
  multiple of `p / gcd(p, q)` (`_least`); this times `q / p` is whole, and at most what is left.

In tuplets and broken pairs lengths are plain note values (in tuplets they may be dotted): many programs know no others
there.

A step that would break one of these is refused (None). That is all of the proof for a bar; for the tune, see `abcbars`.

The meaning of the signs is that of the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1), sections
4.3 to 4.13.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import gcd

QUANTA_PER_UNIT = 16
"""Quanta in a unit note length."""
_TUPLET_TIMES = {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}
"""Notes of a tuplet → in the time of how many; in compound meters 5, 7 and 9 notes take the time of 3."""
_PLAIN_LENGTHS = tuple(1 << power for power in range(11))
_DOTTED_LENGTHS = tuple(sorted((*_PLAIN_LENGTHS, *(3 * plain for plain in _PLAIN_LENGTHS))))
_IMPOSSIBLE = 1 << 30


def quanta_per_bar(meter: Fraction, unit: Fraction) -> int | None:
    """The quanta of a bar; None if that is no whole number."""
    size = meter / unit * QUANTA_PER_UNIT
    return size.numerator if size.denominator == 1 else None


def tuplet_time(notes: int, *, compound: bool) -> int:
    """In the time of how many a tuplet of so many notes is played."""
    return 3 if compound and notes in (5, 7, 9) else _TUPLET_TIMES[notes]


@dataclass(frozen=True, slots=True)
class Tuplet:
    """`notes` in the time of `time`: `left` are to come, those before were written `written` quanta long."""

    notes: int
    time: int
    left: int
    written: int = 0

    @property
    def divisor(self) -> int:
        """The sum of what is written must be a multiple of this."""
        return self.notes // gcd(self.notes, self.time)

    @property
    def min_quanta(self) -> int:
        """The quanta that it takes at least."""
        more = _min_length_sum(self.left, -self.written % self.divisor, self.divisor)
        return (self.written + more) * self.time // self.notes


@cache
def _min_length_sum(notes: int, residue: int, modulus: int) -> int:
    """The least sum of lengths in a tuplet that leaves `residue` modulo `modulus`; `_ENDLESS` where there is none."""
    if not notes:
        return 0 if residue == 0 else _IMPOSSIBLE
    return min(plain + _min_length_sum(notes - 1, (residue - plain) % modulus, modulus) for plain in _DOTTED_LENGTHS)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A bar of `size` quanta of which `left` are open.

    `broken` is the sign whose second note is to come, `last` the written length of a note that may still be broken.
    """

    size: int
    left: int
    compound: bool = False
    tuplet: Tuplet | None = None
    broken_sign: str = ""
    breakable_length: int = 0

    @property
    def allows_bar_line(self) -> bool:
        """Whether a bar line may stand here as far as tuplets and broken pairs go."""
        return self.tuplet is None and not self.broken_sign

    @property
    def filled(self) -> int:
        return self.size - self.left

    def add_note(self, written: int) -> "Rhythm | None":
        """After a note or rest written `written` quanta long."""
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
        last = 0 if self.broken_sign else written
        return _if_fillable(replace(self, left=self.left - doubled // 2, broken_sign="", breakable_length=last))

    def begin_tuplet(self, notes: int) -> "Rhythm | None":
        """At the beginning of a tuplet."""
        if not self.allows_bar_line or notes not in _TUPLET_TIMES:
            return None
        time = tuplet_time(notes, compound=self.compound)
        return _if_fillable(replace(self, tuplet=Tuplet(notes, time, notes), breakable_length=0))

    def add_broken_sign(self, sign: str) -> "Rhythm | None":
        """After a note whose length is taken from (`<`), or added to (`>`), by a half."""
        if self.breakable_length not in _PLAIN_LENGTHS or self.breakable_length % 2:
            return None
        more = self.breakable_length // 2 if sign == ">" else -(self.breakable_length // 2)
        return _if_fillable(replace(self, left=self.left - more, broken_sign=sign, breakable_length=0))


def _if_fillable(rhythm: Rhythm) -> Rhythm | None:
    """The rhythm, if its bar can still be filled (see the module)."""
    least = rhythm.tuplet.min_quanta if rhythm.tuplet else {"": 0, ">": 1, "<": 3}[rhythm.broken_sign]
    return rhythm if least <= rhythm.left else None
