"""Painting the roll: rows, bar lines, notes in batches of one colour, and the shapes at their beginnings.

Rectangles are painted without antialiasing and in as few calls as there are colours; shapes are painted once, as small
pixmaps, and copied. A note's fill says how loud it is; a planned note is an outline. One unit of the painter is one
device pixel here, so that everything is crisp at any scale and takes the raster engine's shortest way; `first` is the
pixel, from time 0, at the painter's x 0.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from PyQt6.QtCore import QPointF, QRect, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPalette, QPen, QPixmap, QPolygonF

from bachbridge_gui.piano_roll.coordinates import BeatLine, RollScale
from bachbridge_gui.state.view_types import PLAYER, RollNote
from bachbridge_gui.widgets.palette import PART_STYLES, part_style

BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
LOUDNESS_LEVELS = 4
_MIN_SHAPE_PX, _MAX_SHAPE_PX = 9, 20
"""Logical pixels of a shape: smaller ones could not be told from each other."""
FUTURE_TINT = 0.04
"""The share of text colour in the paper ahead of the play line."""
_MAX_SECONDS_WITH_BEATS = 24
"""Seconds across up to which beats are drawn."""
_SOFTEST_SHARE = 0.4
"""The share of its colour that the softest note has."""


def mix_colours(one: QColor, other: QColor, share: float) -> QColor:
    """`share` of `other` in `one`."""
    parts = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(round(a + (b - a) * share) for a, b in parts))


def part_colour(voice: int, *, dark: bool) -> QColor:
    """The part's colour on light or dark paper."""
    its = part_style(voice)
    return QColor(its.dark if dark else its.light)


def is_dark(palette: QPalette) -> bool:
    """Whether windows of this palette are dark."""
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


@dataclass(slots=True)
class RollColours:
    """The colours of one palette, and the shapes painted with them."""

    palette: QPalette
    pixel_ratio: float
    dark: bool = field(init=False)
    paper: QColor = field(init=False)
    text: QColor = field(init=False)
    accent: QColor = field(init=False)
    note_fills: dict[tuple[int, int], QColor] = field(init=False)
    """By row of `LOOKS` and loudness."""
    _shape_pixmaps: dict[tuple[int, int, bool], QPixmap] = field(default_factory=lambda: {})
    _greys: dict[float, QColor] = field(default_factory=lambda: {})

    def __post_init__(self) -> None:
        self.dark = is_dark(self.palette)
        self.paper = self.palette.color(QPalette.ColorRole.Base)
        self.text = self.palette.color(QPalette.ColorRole.Text)
        self.accent = self.palette.color(QPalette.ColorRole.Highlight)
        self.note_fills = {
            (voice, level): mix_colours(
                self.paper,
                self.part_colour(voice),
                _SOFTEST_SHARE + (1 - _SOFTEST_SHARE) * level / (LOUDNESS_LEVELS - 1),
            )
            for voice in PART_STYLES
            for level in range(LOUDNESS_LEVELS)
        }

    def part_colour(self, voice: int) -> QColor:
        return part_colour(voice, dark=self.dark)

    def grey(self, share: float) -> QColor:
        """Paper with a share of text colour."""
        if share not in self._greys:
            self._greys[share] = mix_colours(self.paper, self.text, share)
        return self._greys[share]

    def shape_pixmap(self, voice: int, size: int, *, planned: bool) -> QPixmap:
        """The shape of a part, with a rim of paper that keeps it apart from its note's body."""
        key = voice, size, planned
        if key not in self._shape_pixmaps:
            self._shape_pixmaps[key] = self._draw_shape_pixmap(voice, size, planned=planned)
        return self._shape_pixmaps[key]

    def _draw_shape_pixmap(self, voice: int, size: int, *, planned: bool) -> QPixmap:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        full = self.part_colour(voice)
        painter.setPen(QPen(full if planned else self.paper, 1.5 * self.pixel_ratio))
        painter.setBrush(self.paper if planned else full)
        draw_shape(
            painter, part_style(voice).shape, QRectF(0, 0, size, size).adjusted(*_shape_margins(self.pixel_ratio))
        )
        painter.end()
        return pixmap


def _shape_margins(pixel_ratio: float) -> tuple[float, float, float, float]:
    return pixel_ratio, pixel_ratio, -pixel_ratio, -pixel_ratio


def draw_shape(painter: QPainter, shape: str, area: QRectF) -> None:
    """One of the looks' shapes, with the painter's pen and brush."""
    match shape:
        case "circle":
            painter.drawEllipse(area)
        case "triangle":
            painter.drawPolygon(
                QPolygonF([area.topLeft(), QPointF(area.right(), area.center().y()), area.bottomLeft()])
            )
        case "diamond":
            x, y = area.center().x(), area.center().y()
            corners = [(x, area.top()), (area.right(), y), (x, area.bottom()), (area.left(), y)]
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        case "bar":
            painter.drawRect(QRectF(area.left(), area.top(), area.width() * 0.45, area.height()))
        case _:
            inset = area.width() * 0.08
            painter.drawRect(area.adjusted(inset, inset, -inset, -inset))


# ---------------------------------------------------------------- what lies under the notes


def paint_background(
    painter: QPainter, colours: RollColours, scale: RollScale, x: int, width: int, *, is_future: bool
) -> None:
    """Paper and rows; `ahead` of the play line a little darker."""
    tops, veil = scale.row_tops, FUTURE_TINT if is_future else 0.0
    painter.fillRect(x, 0, width, scale.height, colours.grey(veil))
    pitches = range(scale.low_pitch, scale.high_pitch + 1)
    black = [pitch for pitch in pitches if pitch % 12 in BLACK_KEYS]
    rows = [QRect(x, tops[pitch], width, tops[pitch - 1] - tops[pitch]) for pitch in black]
    _fill_rects(painter, colours.grey(veil + 0.055), rows)
    hair = max(1, int(scale.pixel_ratio))
    lines = [QRect(x, tops[pitch - 1] - hair, width, hair) for pitch in pitches if pitch % 12 == 0 and pitch]
    _fill_rects(painter, colours.grey(0.16), lines)


def paint_beat_lines(
    painter: QPainter, colours: RollColours, scale: RollScale, beat_lines: Iterable[BeatLine], origin_px: int
) -> None:
    """Bar lines, and beats where there is room for them."""
    strong: list[QRect] = []
    weak: list[QRect] = []
    for mark in beat_lines:
        line = QRect(scale.to_px(mark.time_ns) - origin_px, 0, max(1, int(scale.pixel_ratio)), scale.height)
        (weak if mark.bar_number is None else strong).append(line)
    if scale.seconds_across <= _MAX_SECONDS_WITH_BEATS:
        _fill_rects(painter, colours.grey(0.1), weak)
    _fill_rects(painter, colours.grey(0.3), strong)


def _fill_rects(painter: QPainter, colour: QColor, rects: list[QRect]) -> None:
    """Many areas in one call."""
    if rects:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        # PyQt takes a list here, which its stubs do not know; handed over one by one they would take twice as long.
        cast("Callable[[list[QRect]], None]", painter.drawRects)(rects)


# ---------------------------------------------------------------- notes


class _NoteRects:
    """Notes laid out: bodies by part and loudness, and where the shapes go."""

    def __init__(
        self, scale: RollScale, notes: Iterable[RollNote], origin_px: int, sounding_until_px: int | None = None
    ) -> None:
        self.bodies: dict[tuple[int, int], list[QRect]] = {}
        self.shapes: list[tuple[int, int, int]] = []
        self.shape_size_px = size = shape_size_px(scale)
        per_ns, tops, inset = scale.px_per_ns, scale.row_tops, round(scale.row_height * 0.12)
        height, rise = max(2, round(scale.row_height) - 2 * inset), (size - round(scale.row_height)) // 2
        gap, least, shift = max(1, int(scale.pixel_ratio)), size * 0.6, round(size / 2.5)
        for note in notes:
            x = round(note.start_ns * per_ns) - origin_px
            end = sounding_until_px if note.end_ns is None else round(note.end_ns * per_ns)
            width = max((end or 0) - origin_px - x - gap, 2)
            voice = note.voice if note.voice == PLAYER else note.voice % 4
            top, into = tops[max(0, min(127, note.pitch))], 0
            if width >= least:
                into = shift
                self.shapes.append((voice, x - gap, top - rise))
            key = voice, note.velocity * LOUDNESS_LEVELS // 128
            self.bodies.setdefault(key, []).append(QRect(x + into, top + inset, width - into, height))

    def paint_shapes(self, painter: QPainter, colours: RollColours, *, planned: bool) -> None:
        for voice, x, y in self.shapes:
            painter.drawPixmap(x, y, colours.shape_pixmap(voice, self.shape_size_px, planned=planned))


def paint_notes(
    painter: QPainter, colours: RollColours, scale: RollScale, notes: Iterable[RollNote], origin_px: int
) -> None:
    """Notes that have ended, loud ones fuller than soft ones."""
    batches = _NoteRects(scale, notes, origin_px)
    for key in sorted(batches.bodies, reverse=True):
        _fill_rects(painter, colours.note_fills[key], batches.bodies[key])
    batches.paint_shapes(painter, colours, planned=False)


def paint_sounding(
    painter: QPainter, colours: RollColours, scale: RollScale, notes: Iterable[RollNote], now_px: int, origin_px: int
) -> None:
    """Notes that sound: up to the play line, in full colour with a glow."""
    batches, rim = _NoteRects(scale, notes, origin_px, now_px), round(3 * scale.pixel_ratio)
    for (voice, _), areas in batches.bodies.items():
        full = colours.part_colour(voice)
        glow = QColor(full)
        glow.setAlpha(90)
        for area in areas:
            painter.fillRect(area.adjusted(-rim, -rim, rim, rim), glow)
            painter.fillRect(area, full)
    batches.paint_shapes(painter, colours, planned=False)


def paint_planned(
    painter: QPainter, colours: RollColours, scale: RollScale, notes: Iterable[RollNote], origin_px: int
) -> None:
    """Notes that are to come, as outlines."""
    batches = _NoteRects(scale, notes, origin_px)
    line = max(1, min(round(1.5 * scale.pixel_ratio), round(scale.row_height * 0.15)))
    inside: list[QRect] = []
    for (voice, _), areas in batches.bodies.items():
        _fill_rects(painter, colours.part_colour(voice), areas)
        inside += [area.adjusted(line, line, -line, -line) for area in areas]
    _fill_rects(painter, colours.grey(FUTURE_TINT), [area for area in inside if area.isValid()])
    batches.paint_shapes(painter, colours, planned=True)


def shape_size_px(scale: RollScale) -> int:
    """Side of a shape."""
    return round(
        min(_MAX_SHAPE_PX * scale.pixel_ratio, max(_MIN_SHAPE_PX * scale.pixel_ratio, scale.row_height * 1.35))
    )
