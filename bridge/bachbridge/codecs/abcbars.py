"""What fits into the bars of a tune in ABC: lengths, tuplets, broken rhythm and bar lines, in exact whole numbers.

Lengths are counted in quanta: a sixteenth of the unit note length (`L:`), the shortest that is written. The meters and
unit lengths that `quanta` takes have bars of a whole number of quanta, and a length may be any whole number of them,
so whatever is left in a bar can be filled. Every value returned here can be brought to the end of its bar:

- between notes, what is left is a whole number `n >= 0` of quanta, and `n` notes of one quantum fill it;
- after `A>` one quantum is left at least, which a note of two fills, after `A<` three, which such a note fills too;
- in a tuplet of `p` notes in the time of `q`, with `k >= 1` to come after `w` quanta, the sum can still become the
  least multiple of `p / gcd(p, q)` that is at least `w + k`; this times `q / p` is whole, and at most what is left.

A step that would break one of these is refused (None). That is all of the proof for a bar; for the tune, see `Bars`.

The meaning of the signs is that of the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1), sections
4.3 to 4.13.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd

QUANTA = 16
"""Quanta in a unit note length."""
_SIMPLE = {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}
"""Notes of a tuplet → in the time of how many; in compound meters 5, 7 and 9 notes take the time of 3."""
JOINS = ("||", "|]", "|:", ":|", "::")
"""The bar lines at which sections begin and end."""
LINES = ("|", *JOINS)
_ENDS = ("||", "|]", ":|")


def quanta(meter: Fraction, unit: Fraction) -> int | None:
    """The quanta of a bar; None if that is no whole number."""
    size = meter / unit * QUANTA
    return size.numerator if size.denominator == 1 else None


def time_of(notes: int, *, compound: bool) -> int:
    """In the time of how many a tuplet of so many notes is played."""
    return 3 if compound and notes in (5, 7, 9) else _SIMPLE[notes]


@dataclass(frozen=True, slots=True)
class Tuplet:
    """`notes` in the time of `time`: `left` are to come, those before were written `written` quanta long."""

    notes: int
    time: int
    left: int
    written: int = 0

    @property
    def whole(self) -> int:
        """The sum of what is written must be a multiple of this."""
        return self.notes // gcd(self.notes, self.time)

    @property
    def least(self) -> int:
        """The quanta that it takes at least."""
        return -(-(self.written + self.left) // self.whole) * self.whole * self.time // self.notes


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A bar of `size` quanta of which `left` are open.

    `broken` is the sign whose second note is to come, `last` the written length of a note that may still be broken.
    """

    size: int
    left: int
    compound: bool = False
    tuplet: Tuplet | None = None
    broken: str = ""
    last: int = 0

    @property
    def whole(self) -> bool:
        """Whether a bar line may stand here as far as tuplets and broken pairs go."""
        return self.tuplet is None and not self.broken

    @property
    def filled(self) -> int:
        return self.size - self.left

    def note(self, written: int) -> "Rhythm | None":
        """After a note or rest written `written` quanta long."""
        if self.tuplet:
            tuplet = replace(self.tuplet, left=self.tuplet.left - 1, written=self.tuplet.written + written)
            if tuplet.left:
                return _possible(replace(self, tuplet=tuplet))
            if tuplet.written % tuplet.whole:
                return None
            return _possible(replace(self, tuplet=None, left=self.left - tuplet.least))
        doubled = written * {"": 2, ">": 1, "<": 3}[self.broken]
        if doubled % 2:
            return None
        last = 0 if self.broken else written
        return _possible(replace(self, left=self.left - doubled // 2, broken="", last=last))

    def tuple(self, notes: int) -> "Rhythm | None":
        """At the beginning of a tuplet."""
        if not self.whole or notes not in _SIMPLE:
            return None
        time = time_of(notes, compound=self.compound)
        return _possible(replace(self, tuplet=Tuplet(notes, time, notes), last=0))

    def breaks(self, sign: str) -> "Rhythm | None":
        """After a note whose length is taken from (`<`), or added to (`>`), by a half."""
        if not self.last or self.last % 2:
            return None
        more = self.last // 2 if sign == ">" else -(self.last // 2)
        return _possible(replace(self, left=self.left - more, broken=sign, last=0))


def _possible(rhythm: Rhythm) -> Rhythm | None:
    """The rhythm, if its bar can still be filled (see the module)."""
    least = rhythm.tuplet.least if rhythm.tuplet else {"": 0, ">": 1, "<": 3}[rhythm.broken]
    return rhythm if least <= rhythm.left else None


@dataclass(frozen=True, slots=True)
class Bars:
    """Where in the tune's bars and sections we are.

    *Strict*, as tunes are written here: every bar is full, but the first may be short (a pickup of `pickup` quanta).
    Then every section ends with the bar that the pickup completes, and the next begins with as long a pickup again, so
    that the bars add up through every repeat; but a pickup followed by `|:` stands alone, and all sections are full. A
    repeat that was opened is closed; a first ending is followed by a second. From everywhere the end is near: fill the
    bar, fill one more as far as the pickup asks for, close the section (twice, after a first ending).

    Not strict, as people write tunes: also short are the bars beside a join, which may stand in the middle of a bar,
    and so are those beside an ending's number; everything between two plain bar lines is full.
    """

    strict: bool
    bar: int
    rhythm: Rhythm
    first: bool = True
    """In the tune's first bar."""
    joined: bool = True
    """The bar began at a join."""
    pickup: int = 0
    repeat: bool = False
    """A repeat was opened and not closed."""
    ending: int = 0
    line: str = ""
    """The bar line that was last, if nothing came after it."""

    @property
    def empty(self) -> bool:
        return not self.rhythm.filled and self.rhythm.whole

    @property
    def complete(self) -> bool:
        """Whether the tune may end here."""
        if self.strict:
            return self.line in _ENDS and not self.repeat and self.ending != 1
        return not self.first and self.empty

    def sounded(self, rhythm: Rhythm | None) -> "Bars | None":
        """With the bar's rhythm one step further."""
        return replace(self, rhythm=rhythm, line="") if rhythm and not self.must_end_twice else None

    def close(self, line: str) -> "Bars | None":
        """After a bar line."""
        if not self.rhythm.whole or self.line == "[":
            return None
        if not self.strict:
            return self._closed_freely(line)
        if self.empty:
            opens = line == "|:" and self.first and not self.repeat
            return replace(self, repeat=True) if opens else None
        if line == "|":
            return self._plain()
        return self._joint(line)

    def _closed_freely(self, line: str) -> "Bars | None":
        heavy = line != "|"
        if not (self.empty or self.rhythm.left == 0 or heavy or self.joined):
            return None
        joined = heavy or (self.empty and self.joined)
        return replace(self._next(line), joined=joined, first=self.first and self.empty)

    def _plain(self) -> "Bars | None":
        if self.rhythm.left == 0:
            return self._next("|")
        return replace(self._next("|"), pickup=self.rhythm.filled) if self.first else None

    def _joint(self, line: str) -> "Bars | None":
        filled, rest = self.rhythm.filled, self.bar - self.pickup
        alone = self.first and line == "|:"
        if self.rhythm.size != self.bar or not (alone or filled == rest) or not self._opens_and_closes(line):
            return None
        after = replace(self._next(line), repeat=line in ("|:", "::"))
        if self.ending == 1:
            return replace(after, line=":|")
        size = self.pickup or self.bar
        return replace(after, ending=0, rhythm=_fresh(self.rhythm, size))

    def _opens_and_closes(self, line: str) -> bool:
        if self.ending == 1:
            return line == ":|"
        if self.repeat:
            return line in (":|", "::")
        return line != "::" and (line != ":|" or self.ending == 0)

    def _next(self, line: str) -> "Bars":
        return replace(self, rhythm=_fresh(self.rhythm, self.bar), first=False, line=line, joined=False)

    @property
    def must_end_twice(self) -> bool:
        """Whether the second ending must begin here."""
        return self.strict and self.ending == 1 and self.line == ":|"

    def number(self, ending: int) -> "Bars | None":
        """At the number of an ending (`[1`)."""
        if not self.strict:
            return replace(self, rhythm=_fresh(self.rhythm, self.bar), joined=True) if self.rhythm.whole else None
        fits = self.must_end_twice if ending == 2 else self.line == "|" and self.ending == 0 and self._full_bar
        if not fits or ending not in (1, 2):
            return None
        return replace(self, ending=ending, line="[", rhythm=_fresh(self.rhythm, self.bar))

    @property
    def _full_bar(self) -> bool:
        return self.rhythm.size == self.bar

    def rescaled(self, bar: int, compound: bool) -> "Bars | None":
        """With another meter or unit length, where people write them: between bars, or as if a join were there."""
        if self.strict or not self.rhythm.whole:
            return None
        return replace(self, bar=bar, rhythm=Rhythm(bar, bar, compound), joined=self.joined or not self.empty)


def _fresh(rhythm: Rhythm, size: int) -> Rhythm:
    return Rhythm(size, size, rhythm.compound)


def beginning(bar: int, *, compound: bool, strict: bool, first: int | None = None) -> Bars:
    """The beginning of a tune with bars of `bar` quanta; `first`: how much of the first bar is to come, if known."""
    if first is None or first == bar:
        return Bars(strict, bar, Rhythm(bar, bar, compound), first=first is None)
    return Bars(strict, bar, Rhythm(first, first, compound), first=False, pickup=first)
