"""Painting of the roll's contents: rows, bar lines, notes in batches of one colour, and the shapes at their beginnings.

Rectangles are painted without antialiasing, with one call per colour. Shapes are painted once, as small pixmaps, and
copied. A note's fill shows its velocity; a planned note is an outline. One unit of the painter is one device pixel
here, so that everything is crisp at any scale and uses the fastest code of the raster engine. `origin_px` is the device
pixel, counted from time 0, at the painter's x = 0.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from PyQt6.QtCore import QRect, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPalette, QPen, QPixmap

from bachbridge.music.notes import BLACK_KEYS
from bachbridge_gui.piano_roll.coordinates import BeatLine, RollScale
from bachbridge_gui.state.view_types import PLAYER, RollNote
from bachbridge_gui.widgets.palette import PART_STYLES, draw_shape, is_dark, mix_colours, part_colour, part_style

LOUDNESS_LEVELS = 4
_MIN_SHAPE_PX, _MAX_SHAPE_PX = 9, 20
"""Size of a shape in logical pixels; smaller ones could not be told apart."""
FUTURE_TINT = 0.04
"""Share of the text colour in the paper ahead of the play line."""
_MAX_SECONDS_WITH_BEATS = 24
"""Beats are drawn only if the roll shows at most this many seconds."""
_SOFTEST_SHARE = 0.4
"""Share of the part's colour in the fill of the softest note."""


@dataclass(slots=True)
class RollColours:
    """Colours made from one palette, and the shapes painted with them."""

    palette: QPalette
    pixel_ratio: float
    dark: bool = field(init=False)
    paper: QColor = field(init=False)
    text: QColor = field(init=False)
    accent: QColor = field(init=False)
    note_fills: dict[tuple[int, int], QColor] = field(init=False)
    """Fill by voice (a key of `PART_STYLES`) and loudness level."""
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
        """Return the paper's colour mixed with `share` of the text colour."""
        if share not in self._greys:
            self._greys[share] = mix_colours(self.paper, self.text, share)
        return self._greys[share]

    def shape_pixmap(self, voice: int, size: int, *, planned: bool) -> QPixmap:
        """Return the part's shape, with a rim in the paper's colour that sets it off from its note."""
        key = voice, size, planned
        if key not in self._shape_pixmaps:
            self._shape_pixmaps[key] = self._draw_shape_pixmap(voice, size, planned=planned)
        return self._shape_pixmaps[key]

    def _draw_shape_pixmap(self, voice: int, size: int, *, planned: bool) -> QPixmap:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour, margin = self.part_colour(voice), self.pixel_ratio
        painter.setPen(QPen(colour if planned else self.paper, 1.5 * self.pixel_ratio))
        painter.setBrush(self.paper if planned else colour)
        area = QRectF(0, 0, size, size).adjusted(margin, margin, -margin, -margin)
        draw_shape(painter, part_style(voice).shape, area)
        painter.end()
        return pixmap


# ---------------------------------------------------------------- background


def paint_background(
    painter: QPainter, colours: RollColours, scale: RollScale, x: int, width: int, *, is_future: bool
) -> None:
    """Paint the paper and the rows of pitches, a little darker ahead of the play line (`is_future`)."""
    tops, tint = scale.row_tops, FUTURE_TINT if is_future else 0.0
    painter.fillRect(x, 0, width, scale.height, colours.grey(tint))
    pitches = scale.pitches
    black = [pitch for pitch in pitches if pitch % 12 in BLACK_KEYS]
    rows = [QRect(x, tops[pitch], width, tops[pitch - 1] - tops[pitch]) for pitch in black]
    _fill_rects(painter, colours.grey(tint + 0.055), rows)
    line_px = max(1, int(scale.pixel_ratio))
    lines = [QRect(x, tops[pitch - 1] - line_px, width, line_px) for pitch in _octave_bounds(scale)]
    _fill_rects(painter, colours.grey(0.16), lines)


def _octave_bounds(scale: RollScale) -> list[int]:
    """Return the pitches under which an octave ends: each C, with a row of its own or not."""
    lowest, highest = scale.pitches[0], scale.pitches[-1]
    return [pitch for pitch in range(lowest, highest + 1) if pitch % 12 == 0 and pitch and pitch != lowest]


def paint_beat_lines(
    painter: QPainter, colours: RollColours, scale: RollScale, beat_lines: Iterable[BeatLine], origin_px: int
) -> None:
    """Paint bar lines, and beats where there is room for them."""
    bar_rects: list[QRect] = []
    beat_rects: list[QRect] = []
    for beat_line in beat_lines:
        rect = QRect(scale.to_px(beat_line.time_ns) - origin_px, 0, max(1, int(scale.pixel_ratio)), scale.height)
        (beat_rects if beat_line.bar_number is None else bar_rects).append(rect)
    if scale.seconds_across <= _MAX_SECONDS_WITH_BEATS:
        _fill_rects(painter, colours.grey(0.1), beat_rects)
    _fill_rects(painter, colours.grey(0.3), bar_rects)


def _fill_rects(painter: QPainter, colour: QColor, rects: list[QRect]) -> None:
    if rects:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        # PyQt accepts a list here, though its stubs lack it; passing the rectangles one by one takes twice as long.
        cast("Callable[[list[QRect]], None]", painter.drawRects)(rects)


# ---------------------------------------------------------------- notes


class _NoteRects:
    """Layout of notes: rectangles by voice and loudness level, and the positions of the shapes.

    A note that still sounds ends at device pixel `sounding_until_px`.
    """

    def __init__(
        self, scale: RollScale, notes: Iterable[RollNote], origin_px: int, sounding_until_px: int | None = None
    ) -> None:
        self.bodies: dict[tuple[int, int], list[QRect]] = {}
        self.shapes: list[tuple[int, int, int]] = []
        self.shape_size_px = size = shape_size_px(scale)
        per_ns, tops, inset = scale.px_per_ns, scale.row_tops, round(scale.row_height * 0.12)
        height, shape_rise = max(2, round(scale.row_height) - 2 * inset), (size - round(scale.row_height)) // 2
        gap, min_width_with_shape, body_shift = max(1, int(scale.pixel_ratio)), size * 0.6, round(size / 2.5)
        for note in notes:
            x = round(note.start_ns * per_ns) - origin_px
            end = sounding_until_px if note.end_ns is None else round(note.end_ns * per_ns)
            width = max((end or 0) - origin_px - x - gap, 2)
            voice = note.voice if note.voice == PLAYER else note.voice % 4
            top, shift = tops[max(0, min(127, note.pitch))], 0
            if width >= min_width_with_shape:
                shift = body_shift
                self.shapes.append((voice, x - gap, top - shape_rise))
            key = voice, note.velocity * LOUDNESS_LEVELS // 128
            self.bodies.setdefault(key, []).append(QRect(x + shift, top + inset, width - shift, height))

    def paint_shapes(self, painter: QPainter, colours: RollColours, *, planned: bool) -> None:
        for voice, x, y in self.shapes:
            painter.drawPixmap(x, y, colours.shape_pixmap(voice, self.shape_size_px, planned=planned))


def paint_notes(
    painter: QPainter, colours: RollColours, scale: RollScale, notes: Iterable[RollNote], origin_px: int
) -> None:
    """Paint notes that have ended, loud ones in a fuller colour than soft ones."""
    rects = _NoteRects(scale, notes, origin_px)
    for key in sorted(rects.bodies, reverse=True):
        _fill_rects(painter, colours.note_fills[key], rects.bodies[key])
    rects.paint_shapes(painter, colours, planned=False)


def paint_sounding(
    painter: QPainter, colours: RollColours, scale: RollScale, notes: Iterable[RollNote], now_px: int, origin_px: int
) -> None:
    """Paint the sounding notes up to the play line (`now_px`), in full colour with a glow."""
    rects, rim_px = _NoteRects(scale, notes, origin_px, now_px), round(3 * scale.pixel_ratio)
    for (voice, _), areas in rects.bodies.items():
        colour = colours.part_colour(voice)
        glow = QColor(colour)
        glow.setAlpha(90)
        for area in areas:
            painter.fillRect(area.adjusted(-rim_px, -rim_px, rim_px, rim_px), glow)
            painter.fillRect(area, colour)
    rects.paint_shapes(painter, colours, planned=False)


def paint_planned(
    painter: QPainter, colours: RollColours, scale: RollScale, notes: Iterable[RollNote], origin_px: int
) -> None:
    """Paint planned notes as outlines."""
    rects = _NoteRects(scale, notes, origin_px)
    line_px = max(1, min(round(1.5 * scale.pixel_ratio), round(scale.row_height * 0.15)))
    interiors: list[QRect] = []
    for (voice, _), areas in rects.bodies.items():
        _fill_rects(painter, colours.part_colour(voice), areas)
        interiors += [area.adjusted(line_px, line_px, -line_px, -line_px) for area in areas]
    _fill_rects(painter, colours.grey(FUTURE_TINT), [area for area in interiors if area.isValid()])
    rects.paint_shapes(painter, colours, planned=True)


def shape_size_px(scale: RollScale) -> int:
    """Return the size of a shape in device pixels."""
    return round(
        min(_MAX_SHAPE_PX * scale.pixel_ratio, max(_MIN_SHAPE_PX * scale.pixel_ratio, scale.row_height * 1.35))
    )
