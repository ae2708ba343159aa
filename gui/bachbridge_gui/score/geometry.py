"""Places of bars and notes in an engraved picture, so that steps of the music become places on the page and back.

They are read from the engraver's SVG: its groups are named by classes, and the notes carry the identifiers that
`files.musicxml` gave them. All places are shares of the picture's width.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, ParseError, fromstring

from bachbridge.files.musicxml import parse_value_id
from bachbridge.music.timeline import Bar

_STAFF_LINE = re.compile(r"M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) (-?[\d.]+)")
_TRANSLATION = re.compile(r"translate\((-?[\d.]+),? (-?[\d.]+)\)")
_HEAD_WIDTH_SPACES = 1.3
"""Width of a note's head in distances between staff lines."""


@dataclass(frozen=True, slots=True)
class NoteHead:
    """The head of a written note: its voice and step, its left edge, its middle, and its size."""

    voice: int
    step: float
    left: float
    middle: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class BarBox:
    """A bar on the page, from the top staff's first line to the bottom staff's last; `anchors` are (step, place)."""

    number: int
    start: int
    end: int
    left: float
    right: float
    top: float
    bottom: float
    anchors: tuple[tuple[float, float], ...]

    def place_at(self, step: float) -> float:
        """Return the horizontal place of a step of this bar."""
        points = [*self.anchors, (float(self.end), self.right)]
        if not self.anchors or step < points[0][0]:
            points.insert(0, (float(self.start), self.left))
        for (step_before, before), (step_after, after) in pairwise(points):
            if step <= step_after:
                return before + (after - before) * max(0.0, step - step_before) / max(1e-9, step_after - step_before)
        return self.right

    def step_at(self, place: float) -> int:
        """Return the step of the last note that begins at `place` or left of it; the bar's first step if none does."""
        steps = [step for step, anchor in self.anchors if anchor <= place]
        return int(steps[-1]) if steps else self.start


@dataclass(frozen=True, slots=True)
class ScoreGeometry:
    """The bars in order, and the heads of all notes."""

    bars: tuple[BarBox, ...] = ()
    heads: tuple[NoteHead, ...] = ()

    def bar_at_step(self, step: float) -> BarBox | None:
        """Return the bar in which a step is; None beyond the last."""
        index = bisect_right([bar.start for bar in self.bars], step) - 1
        return self.bars[index] if index >= 0 and step < self.bars[index].end else None

    def bar_at_point(self, x: float, y: float) -> BarBox | None:
        """Return the bar at a point, also a little above or below its staves; None where there is none."""
        across = [bar for bar in self.bars if bar.left <= x <= bar.right]
        slack = 0.4
        near = [
            bar
            for bar in across
            if bar.top - slack * (bar.bottom - bar.top) <= y <= bar.bottom + slack * (bar.bottom - bar.top)
        ]
        return min(near, key=lambda bar: abs((bar.top + bar.bottom) / 2 - y), default=None)

    def system_spans(self, step: float) -> Iterator[tuple[float, float, float, float]]:
        """Yield left, right, top and bottom of what lies from `step` on, a line of music at a time."""
        current: list[float] = []
        for bar in self.bars:
            if bar.end <= step:
                continue
            left = bar.place_at(step) if bar.start < step else bar.left
            if current and bar.top == current[2]:
                current[1] = bar.right
                continue
            if current:
                yield current[0], current[1], current[2], current[3]
            current = [left, bar.right, bar.top, bar.bottom]
        if current:
            yield current[0], current[1], current[2], current[3]


def read_geometry(svg: bytes, bars: Sequence[Bar], first_number: int = 1) -> ScoreGeometry:
    """Return the places in an engraver's picture; empty if it is no such picture."""
    try:
        root = fromstring(svg)  # noqa: S314 # our own engraver wrote it, not a stranger
    except (ParseError, ValueError):
        return ScoreGeometry()
    page = next((element for element in root.iter() if element.get("class") == "definition-scale"), None)
    margin = next((element for element in root.iter() if element.get("class") == "page-margin"), None)
    if page is None or margin is None:
        return ScoreGeometry()
    width = float(page.get("viewBox", "0 0 1 1").split()[2])
    shift = _translation(margin) or (0.0, 0.0)
    measures = [element for element in margin.iter() if element.get("class") == "measure"]
    boxes: list[BarBox] = []
    heads: list[NoteHead] = []
    for index, (measure, bar) in enumerate(zip(measures, bars, strict=False)):
        lines = _staff_lines(measure)
        if not lines:
            continue
        space = abs(lines[1][1] - lines[0][1]) / width if len(lines) > 1 else 0.0
        found = list(_note_heads(measure, shift, width, space))
        heads += found
        anchors = tuple(sorted({head.step: head.left for head in reversed(found)}.items()))
        left, right = min(line[0] for line in lines), max(line[2] for line in lines)
        top, bottom = min(line[1] for line in lines), max(line[1] for line in lines)
        place = [(value + shift[axis]) / width for value, axis in ((left, 0), (right, 0), (top, 1), (bottom, 1))]
        boxes.append(BarBox(first_number + index, bar.start, bar.end, place[0], place[1], place[2], place[3], anchors))
    return ScoreGeometry(tuple(boxes), tuple(heads))


def _staff_lines(measure: Element) -> list[tuple[float, float, float]]:
    """Return left, height and right of all staff lines of a measure."""
    lines: list[tuple[float, float, float]] = []
    for staff in measure:
        if staff.get("class") != "staff":
            continue
        for path in staff:
            found = _STAFF_LINE.fullmatch(path.get("d", "").strip())
            if found:
                lines.append((float(found[1]), float(found[2]), float(found[3])))
    return lines


def _note_heads(measure: Element, shift: tuple[float, float], width: float, space: float) -> Iterator[NoteHead]:
    for element in measure.iter():
        value = parse_value_id(element.get("id", ""))
        if value is None or element.get("class") not in ("note", "rest"):
            continue
        place = next((found for part in element.iter() if (found := _translation(part))), None)
        if place is not None:
            x, y = (place[0] + shift[0]) / width, (place[1] + shift[1]) / width
            size = _HEAD_WIDTH_SPACES * space if element.get("class") == "note" else 0.0
            yield NoteHead(value[0], float(value[1]), x, y, size, space)


def _translation(element: Element) -> tuple[float, float] | None:
    found = _TRANSLATION.search(element.get("transform", ""))
    return None if found is None else (float(found[1]), float(found[2]))
