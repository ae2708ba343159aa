"""Order in which the bars of a voice are played: repeats, endings, parts, "da capo" and "dal segno".

The signs are those of the ABC standard 2.1, sections 4.8 to 4.10 (repeats and endings), 3.1.9 (parts) and 4.14
(decorations). A voice's signs are marks at steps of the written music. `played_spans` walks through them as a player
does, and returns the spans of the written music one after another.

- `:|` goes back to the last `|:`. Without one it goes back to the end of the repeat before or a double bar line after
  that, or else to the beginning. `|::` and `::|` play three times, and so on.
- An ending is played in the passes that it names; the last ending of its group is played in every pass that has none.
  A section is played as often as its highest ending says. A second ending without `:|` before it is a slip: the section
  is repeated there. So is a last ending far longer than the first one up to its `:|`: it ends where the first one
  would, and another section begins there.
- After "D.C." and "D.S." sections are played once, with their last endings, up to "fine", if there is one; at the sign
  for the coda the music goes on at the coda.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from typing import Literal, TypeVar

from bachbridge.errors import TuneError

MarkKind = Literal[
    "bar", "begin", "end", "section", "ending", "part", "segno", "fine", "coda", "to coda", "da capo", "dal segno"
]
Span = tuple[Fraction, Fraction]
_Value = TypeVar("_Value")
Changes = Sequence[tuple[Fraction, _Value]]
"""Values with the steps from which they hold."""
_MAX_SPANS = 2000
_MAX_WALK = 200_000
"""Marks that a walk may pass."""
_WALK_PER_ENDING = 1000
"""Marks for which an ending of one section counts, so that there are at most 200."""
_MAX_TIMES = 20
_MARKS_AT_ONE_STEP = 20
"""Marks at one step that are looked at."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at a step of the written music.

    `times` is how often a repeat sign has its section played, `numbers` are an ending's, `part` is a part's letter.
    """

    step: Fraction
    kind: MarkKind
    times: int = 2
    numbers: frozenset[int] = frozenset()
    part: str = ""


def bar_line_marks(signs: str, step: Fraction) -> list[Mark]:
    """Return the marks of a bar line of any spelling."""
    if signs == "[|]":
        return []  # An invisible bar line.
    body = signs.strip("[].")
    if set(body) == {":"} and len(body) > 1:
        before = after = (len(body) + 1) // 2
    else:
        before = len(body) - len(body.lstrip(":"))
        after = 0 if body == ":" else len(body) - len(body.rstrip(":"))
    inner = not before and not after and ":" in body
    marks: list[Mark] = []
    if before:
        marks.append(Mark(step, "end", min(before, _MAX_TIMES) + 1))
    if after or inner:
        marks.append(Mark(step, "begin", min(after or 1, _MAX_TIMES) + 1))
    plain: MarkKind = "section" if len(signs.strip(".")) > 1 else "bar"
    return marks or [Mark(step, plain)]


def has_repeats(marks: Sequence[Mark]) -> bool:
    """Return True if any sign changes the order of the bars."""
    return any(mark.kind not in ("bar", "section") for mark in marks)


def played_spans(marks: Sequence[Mark], end: Fraction, part_order: str = "") -> list[Span]:
    """Return the spans of the written music, in steps, in the order in which they are played; raise `TuneError`."""
    parts = _split_parts(marks, end) if part_order else []
    spans: list[Span] = []
    if len(parts) > 1:
        by_letter = {letter: (inside, span) for letter, inside, span in parts}
        order = [letter for letter in part_order if letter in by_letter]
        sections = [by_letter[letter] for letter in ([""] if "" in by_letter else []) + order]
        for inside, (first, last) in sections:
            spans += _Walk(inside, first, last).spans()
            _check_count(spans)
    else:
        spans = _Walk([mark for mark in marks if mark.kind != "part"], Fraction(0), end).spans()
    return _joined(spans)


def _split_parts(marks: Sequence[Mark], end: Fraction) -> list[tuple[str, list[Mark], Span]]:
    """Return each part's letter, marks and span; what stands before the first part has an empty letter."""
    found: list[tuple[str, list[Mark], Span]] = []
    letter, start, inside = "", Fraction(0), list[Mark]()
    for mark in [*marks, Mark(end, "part")]:
        if mark.kind != "part":
            inside.append(mark)
            continue
        if mark.step > start:
            found.append((letter, inside, (start, mark.step)))
        letter, start, inside = mark.part, mark.step, []
    return found


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Join spans that follow one another in the written music."""
    out: list[Span] = []
    for begin, end in spans:
        if out and out[-1][1] == begin:
            out[-1] = (out[-1][0], end)
        elif end > begin:
            out.append((begin, end))
    return out


def _check_count(spans: Sequence[Span], passed_marks: int = 0) -> None:
    if len(spans) > _MAX_SPANS or passed_marks > _MAX_WALK:
        raise TuneError(f"the tune's repeats make over {_MAX_SPANS:,} sections: write fewer of them.")


class _Walk:
    """Walk through the marks of a part."""

    def __init__(self, marks: Sequence[Mark], start: Fraction, end: Fraction) -> None:
        self._marks, self._end = marks, end
        self._spans: list[Span] = []
        self._at = start
        """Step from which the music has been played and is not in `_spans` yet."""
        self._start = start
        self._index = 0
        self._repeat_start = (start, 0)
        """Step and index of the next mark where the section that is played began."""
        self._times = 2
        self._pass = 1
        self._ending: Mark | None = None
        self._is_any_repeated = False
        self._after_ending: tuple[Fraction, int] | None = None
        """Step and index of the next mark where the last ending has become as long as the first one."""
        self._passed = 0
        self._jumped = False
        """True after "D.C." or "D.S."."""
        self._group: list[tuple[int, Mark]] | None = None
        """Endings of the section that is played with their indices; None if they are not looked up yet."""

    def spans(self) -> list[Span]:
        while self._index < len(self._marks):
            mark = self._marks[self._index]
            self._index += 1
            self._passed += 1
            _check_count(self._spans, self._passed)
            match mark.kind:
                case "begin":
                    self._begin_section(mark.step, mark.times)
                case "end":
                    self._repeat_or_go_on(mark)
                case "bar" if self._ending and not self._after_ending:
                    if mark.step >= self._ending.step + self._first_ending_length():
                        self._after_ending = mark.step, self._index
                case "section" if not self._is_followed_at(mark.step):
                    if self._ending or (self._is_any_repeated and not self._ending_group()):
                        self._is_any_repeated = True
                        self._begin_section(mark.step)
                case "ending":
                    self._begin_ending(mark)
                case "fine" if self._jumped:
                    return self._finish(mark.step)
                case "to coda" if self._jumped:
                    self._jump(mark.step, self._find("coda"))
                case "da capo" | "dal segno" if not self._jumped:
                    self._jumped = True
                    self._jump(mark.step, self._find("segno") if mark.kind == "dal segno" else (self._start, 0))
                    self._begin_section(self._at)
                case _:
                    pass
        return self._finish(self._end)

    def _finish(self, step: Fraction) -> list[Span]:
        return [*self._spans, (self._at, step)]

    def _jump(self, step: Fraction, target: tuple[Fraction, int]) -> None:
        self._spans.append((self._at, step))
        self._at, self._index = target

    def _find(self, kind: MarkKind) -> tuple[Fraction, int]:
        """Return the step of the last mark of a kind and the index after it; the beginning if there is none."""
        places = [(mark.step, index + 1) for index, mark in enumerate(self._marks) if mark.kind == kind]
        return places[-1] if places else (self._start, 0)

    def _begin_section(self, step: Fraction, times: int = 2) -> None:
        self._repeat_start, self._group = (step, self._index), None
        self._times, self._pass, self._ending, self._after_ending = times, 1, None, None

    def _repeat_or_go_on(self, mark: Mark) -> None:
        group = self._ending_group() if self._ending else []
        total = max((number for _, ending in group for number in ending.numbers), default=0)
        total = min(total or max(self._times, mark.times), _MAX_TIMES)
        overlong = self._after_ending and mark.step - self._after_ending[0] > 2 * self._first_ending_length()
        if self._after_ending and overlong and self._pass == total and not self._jumped:
            start, self._after_ending, self._ending = self._after_ending, None, None
            self._jump(mark.step, start)
            self._begin_section(start[0])
            self._pass = 2
        elif self._pass < total and not self._jumped:
            self._pass += 1
            self._ending = None
            self._jump(mark.step, self._repeat_start)
        else:
            self._is_any_repeated = True
            if group and mark.step <= group[-1][1].step and group[-1][0] > self._index - 1:
                self._jump(mark.step, self._after_group())
                self._begin_section(self._at)
            elif not self._is_followed_at(mark.step):
                self._begin_section(mark.step)

    def _first_ending_length(self) -> Fraction:
        group = self._ending_group()
        return group[1][1].step - group[0][1].step if len(group) > 1 else self._end

    def _is_followed_at(self, step: Fraction) -> bool:
        """Return True if an ending or the end of a repeat comes next at the same step."""
        return self._has_mark_at(step, self._index, ("ending", "end"))

    def _has_mark_at(self, step: Fraction, index: int, kinds: Sequence[MarkKind]) -> bool:
        """Return True if a mark of these kinds is among those from `index` on that stand at the step."""
        here = takewhile(lambda mark: mark.step == step, self._marks[index : index + _MARKS_AT_ONE_STEP])
        return any(mark.kind in kinds for mark in here)

    def _ending_group(self) -> list[tuple[int, Mark]]:
        """Return the endings of the section that is played, with their indices."""
        if self._group is None:
            self._group = []
            for index in range(self._repeat_start[1], len(self._marks)):
                mark = self._marks[index]
                is_last = mark.kind in ("end", "section") and not self._has_mark_at(mark.step, index + 1, ("ending",))
                if mark.kind == "ending":
                    self._group.append((index, mark))
                    _check_count(self._spans, len(self._group) * _WALK_PER_ENDING)
                elif mark.kind == "begin" or (self._group and is_last):
                    break
        return self._group

    def _after_group(self) -> tuple[Fraction, int]:
        """Return the step and the index of the next mark after the endings of the section that is played."""
        last = self._ending_group()[-1][0]
        for index in range(last + 1, len(self._marks)):
            mark = self._marks[index]
            if mark.kind in ("begin", "end", "section"):
                return mark.step, index + (mark.kind != "begin")
        return self._end, len(self._marks)

    def _begin_ending(self, mark: Mark) -> None:
        group = self._ending_group()
        own_index = self._index - 1
        index, target = own_index, mark
        if any(place == own_index for place, _ in group):
            wanted = [found for found in group if self._pass in found[1].numbers] if not self._jumped else []
            index, target = wanted[0] if wanted else group[-1]
        if index == own_index:
            self._ending = mark
        elif self._ending and self._pass not in mark.numbers and self._pass < max(mark.numbers) and not self._jumped:
            self._pass += 1
            self._ending = None
            self._jump(mark.step, self._repeat_start)
        else:
            self._jump(mark.step, (target.step, index + 1))
            self._ending = target


# ---------------------------------------------------------------- spans


def spans_length(spans: Sequence[Span]) -> Fraction:
    """Return the length of all spans together."""
    return sum((end - begin for begin, end in spans), Fraction(0))


def unroll_changes(
    changes: Sequence[tuple[Fraction, _Value]], spans: Sequence[Span]
) -> tuple[tuple[Fraction, _Value], ...]:
    """Return changes of a value that hold from their steps on, as they come when the spans are played."""
    found: list[tuple[Fraction, _Value]] = []
    steps = [step for step, _ in changes]
    at = Fraction(0)
    for begin, end in spans:
        first = max(0, bisect_right(steps, begin) - 1)
        for since, value in changes[first : bisect_left(steps, end)]:
            if not found or found[-1][1] != value:
                found.append((at + max(since, begin) - begin, value))
        at += end - begin
    return tuple(found)


def count_played(steps: Sequence[Fraction], spans: Sequence[Span]) -> int:
    """Return how many of the ordered `steps` come in all spans together."""
    return sum(bisect_left(steps, end) - bisect_left(steps, begin) for begin, end in spans)
