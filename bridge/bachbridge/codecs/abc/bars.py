"""Bars and sections of a tune in ABC: which bars are full, which may be short, and where a tune may end.

*Strict*, as BachBridge writes tunes: every bar is full, but the first may be short (a pickup), and so may the last one
of a section; the next section then begins with the pickup that completes it, so the bars add up from section to
section. A pickup followed by `|:` stands alone. A repeat that was opened is closed; a first ending is shorter
by the length of the tune's pickup, and is followed by a second. The end is near from everywhere: fill the bar, then
close the section (twice, after a first ending). A repeated section need not complete its own pickup: many people write
tunes in which it does not, and a network trained on these never ends if it must not end sections where they do.

*Lenient*, as people write tunes: bars beside a join, which may stand in the middle of a bar, and bars beside an
ending's number may be short too; a bar between two plain bar lines is full.

The meaning of the signs is that of the ABC standard 2.1, sections 4.8 to 4.10.
"""

from dataclasses import dataclass, replace

from bachbridge.codecs.abc.rhythm import Rhythm

SECTION_BAR_LINES = ("||", "|]", "|:", ":|", "::")
"""Bar lines at which sections begin and end."""
BAR_LINES = ("|", *SECTION_BAR_LINES)
_FINAL_BAR_LINES = ("||", "|]", ":|")


@dataclass(frozen=True, slots=True)
class BarState:
    """Position in the tune's bars and sections."""

    strict: bool
    bar_quanta: int
    rhythm: Rhythm
    in_first_bar: bool = True
    """True in the tune's first bar."""
    began_at_join: bool = True
    """True if the bar began at a join."""
    pickup: int = 0
    """Quanta of the tune's short first bar, if it has one."""
    in_repeat: bool = False
    """True if a repeat was opened and not closed."""
    ending: int = 0
    """Number of the ending that is being read; 0 for none."""
    last_bar_line: str = ""
    """The last bar line, if nothing has come after it."""

    @property
    def is_empty(self) -> bool:
        return not self.rhythm.filled and self.rhythm.allows_bar_line

    @property
    def is_full(self) -> bool:
        return self.rhythm.left == 0 and self.rhythm.allows_bar_line

    @property
    def may_end_tune(self) -> bool:
        """True if the tune may end here."""
        if self.strict:
            return self.last_bar_line in _FINAL_BAR_LINES and not self.in_repeat and self.ending != 1
        return not self.in_first_bar and self.is_empty

    def with_rhythm(self, rhythm: Rhythm | None) -> "BarState | None":
        """Return the state with this rhythm; None if it is None, or where a second ending must begin."""
        return replace(self, rhythm=rhythm, last_bar_line="") if rhythm and not self.needs_second_ending else None

    def close_bar(self, line: str) -> "BarState | None":
        """Return the state after a bar line; None where none is allowed."""
        if not self.rhythm.allows_bar_line or self.last_bar_line == "[":
            return None
        if not self.strict:
            return self._close_lenient(line)
        if self.is_empty:
            opens = line == "|:" and self.in_first_bar and not self.in_repeat
            return replace(self, in_repeat=True) if opens else None
        if line == "|":
            return self._close_plain()
        return self._close_section(line)

    def _close_lenient(self, line: str) -> "BarState | None":
        is_section_end = line != "|"
        if not (self.is_empty or self.rhythm.left == 0 or is_section_end or self.began_at_join):
            return None
        joined = is_section_end or (self.is_empty and self.began_at_join)
        return replace(self._next_bar(line), began_at_join=joined, in_first_bar=self.in_first_bar and self.is_empty)

    def _close_plain(self) -> "BarState | None":
        if self.rhythm.left == 0:
            return self._next_bar("|")
        return replace(self._next_bar("|"), pickup=self.rhythm.filled) if self.in_first_bar else None

    def _close_section(self, line: str) -> "BarState | None":
        filled, is_lone_pickup = self.rhythm.filled, self.in_first_bar and line == "|:"
        may_close = not self.in_first_bar or is_lone_pickup or not self.rhythm.left
        if not self._is_full_size or not may_close or not self._is_repeat_balanced(line):
            return None
        after = replace(self._next_bar(line), in_repeat=line in ("|:", "::"))
        if self.ending == 1:
            return replace(after, last_bar_line=":|") if filled == self.bar_quanta - self.pickup else None
        size = self.bar_quanta if is_lone_pickup else self.rhythm.left or self.bar_quanta
        return replace(after, ending=0, rhythm=_empty_rhythm(self.rhythm, size))

    def _is_repeat_balanced(self, line: str) -> bool:
        if self.ending == 1:
            return line == ":|"
        if self.in_repeat:
            return line in (":|", "::")
        return line != "::" and (line != ":|" or self.ending == 0)

    def _next_bar(self, line: str) -> "BarState":
        return replace(
            self,
            rhythm=_empty_rhythm(self.rhythm, self.bar_quanta),
            in_first_bar=False,
            last_bar_line=line,
            began_at_join=False,
        )

    @property
    def needs_second_ending(self) -> bool:
        """True if the second ending must begin here."""
        return self.strict and self.ending == 1 and self.last_bar_line == ":|"

    def begin_ending(self, ending: int) -> "BarState | None":
        """Return the state after an ending's number (`[1`); None where none is allowed."""
        begun = replace(self, rhythm=_empty_rhythm(self.rhythm, self.bar_quanta))
        if not self.strict:
            return replace(begun, began_at_join=True) if self.rhythm.allows_bar_line else None
        match ending:
            case 1:
                fits = self.last_bar_line == "|" and self.ending == 0 and self._is_full_size
            case 2:
                fits = self.needs_second_ending
            case _:
                fits = False
        return replace(begun, ending=ending, last_bar_line="[") if fits else None

    @property
    def _is_full_size(self) -> bool:
        return self.rhythm.size == self.bar_quanta

    def with_meter(self, bar: int, compound: bool) -> "BarState | None":
        """Return the state after a change of meter or unit length, which stands between bars or counts as a join.

        Only people write such changes: None for the strict automaton.
        """
        if self.strict or not self.rhythm.allows_bar_line:
            return None
        return replace(
            self,
            bar_quanta=bar,
            rhythm=Rhythm(bar, bar, compound),
            began_at_join=self.began_at_join or not self.is_empty,
        )


def _empty_rhythm(rhythm: Rhythm, size: int) -> Rhythm:
    return Rhythm(size, size, rhythm.compound)


def initial_bar_state(bar: int, *, compound: bool, strict: bool, first_bar: int | None = None) -> BarState:
    """Return the state before a tune with bars of `bar` quanta; `first_bar` is the first one's length, if known."""
    if first_bar is None or first_bar == bar:
        return BarState(strict, bar, Rhythm(bar, bar, compound), in_first_bar=first_bar is None)
    return BarState(strict, bar, Rhythm(first_bar, first_bar, compound), in_first_bar=False, pickup=first_bar)
