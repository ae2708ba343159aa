"""The bars and sections of a tune in ABC: which bars are full, which may be short, and where a tune may end.

*Strict*, as tunes are written here: every bar is full, but the first may be short (a pickup), and so may the last one
of a section; the next section then begins with the pickup that completes it, so that the bars add up from section to
section. A pickup followed by `|:` stands alone. A repeat that was opened is closed; a first ending, which ends as the
tune's pickup asks for, is followed by a second. From everywhere the end is near: fill the bar, close the section
(twice, after a first ending). That a section which is repeated also completes its own pickup is not asked for: many who
write tunes do not, and a network that has read them, and may not end a section where it would, never ends.

Not strict, as people write tunes: also short are the bars beside a join, which may stand in the middle of a bar, and
those beside an ending's number; everything between two plain bar lines is full.

The meaning of the signs is that of the ABC standard 2.1, sections 4.8 to 4.10.
"""

from dataclasses import dataclass, replace

from bachbridge.codecs.abc.rhythm import Rhythm

JOINS = ("||", "|]", "|:", ":|", "::")
"""The bar lines at which sections begin and end."""
LINES = ("|", *JOINS)
_ENDS = ("||", "|]", ":|")


@dataclass(frozen=True, slots=True)
class Bars:
    """Where in the tune's bars and sections we are."""

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
        filled, alone = self.rhythm.filled, self.first and line == "|:"
        begun = not self.first or alone or not self.rhythm.left
        if self.rhythm.size != self.bar or not begun or not self._opens_and_closes(line):
            return None
        after = replace(self._next(line), repeat=line in ("|:", "::"))
        if self.ending == 1:
            return replace(after, line=":|") if filled == self.bar - self.pickup else None
        size = self.bar if alone else self.rhythm.left or self.bar
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
