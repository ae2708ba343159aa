"""The icons of the window: strokes on a grid of 16, painted in the colour of the text beside them.

They are drawn when they are needed, so they follow the theme and are crisp at any scale.
"""

from dataclasses import dataclass
from typing import Literal

from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QIcon, QIconEngine, QPainter, QPalette, QPen, QPixmap, QPolygonF
from PyQt6.QtWidgets import QApplication

from bachbridge_gui.widgets.style import colour_for

GRID = 16
Points = tuple[tuple[float, float], ...]
IconName = Literal[
    "roll",
    "score",
    "connect",
    "monitor",
    "follow",
    "piano",
    "sound",
    "compact",
    "more",
    "panic",
    "phrases",
    "controls",
    "listen",
    "expand",
    "collapse",
]
_STROKE_WIDTH = 1.5


@dataclass(frozen=True, slots=True)
class IconShape:
    """Open strokes, filled areas, filled rectangles (x, y, width, height) and circles (x, y, radius)."""

    strokes: tuple[Points, ...] = ()
    areas: tuple[Points, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()
    dots: tuple[tuple[float, float, float], ...] = ()


_FRAME = ((2, 3), (14, 3), (14, 13), (2, 13), (2, 3))
_SHAPES: dict[IconName, IconShape] = {
    "roll": IconShape(boxes=((2, 3, 6, 2.4), (6, 7, 7, 2.4), (3, 11, 5, 2.4))),
    "score": IconShape(
        strokes=(((2, 4), (14, 4)), ((2, 8), (14, 8)), ((2, 12), (14, 12)), ((9.4, 10), (9.4, 2.5))),
        dots=((7.6, 10, 2.2),),
    ),
    "connect": IconShape(
        strokes=(((2, 8), (5, 8)), ((11, 8), (14, 8)), ((8, 5), (11, 5), (11, 11), (8, 11)), ((5, 4.5), (5, 11.5))),
        areas=(((5, 5.5), (8, 5.5), (8, 10.5), (5, 10.5)),),
    ),
    "monitor": IconShape(strokes=(((2.5, 4), (13.5, 4)), ((2.5, 8), (10, 8)), ((2.5, 12), (12, 12)))),
    "follow": IconShape(strokes=(((2, 8), (11, 8)), ((8, 4.5), (11.5, 8), (8, 11.5)), ((14, 3), (14, 13)))),
    "piano": IconShape(
        strokes=(_FRAME, ((6, 9), (6, 13)), ((10, 9), (10, 13))), boxes=((4.8, 3, 2.4, 6), (8.8, 3, 2.4, 6))
    ),
    "sound": IconShape(
        areas=(((2, 6), (4.5, 6), (8, 3), (8, 13), (4.5, 10), (2, 10)),),
        strokes=(((10.5, 6), (11.3, 8), (10.5, 10)), ((12.6, 4.2), (14, 8), (12.6, 11.8))),
    ),
    "compact": IconShape(
        strokes=(((2, 3), (14, 3)), ((2, 13), (14, 13)), ((2, 9.5), (14, 9.5), (14, 6.5), (2, 6.5), (2, 9.5)))
    ),
    "more": IconShape(dots=((3.5, 8, 1.4), (8, 8, 1.4), (12.5, 8, 1.4))),
    "panic": IconShape(boxes=((3.5, 3.5, 9, 9),)),
    "phrases": IconShape(
        strokes=(((6, 4), (14, 4)), ((6, 8), (14, 8)), ((6, 12), (14, 12))),
        dots=((3, 4, 1.2), (3, 8, 1.2), (3, 12, 1.2)),
    ),
    "controls": IconShape(
        strokes=(((2, 4.5), (14, 4.5)), ((2, 11.5), (14, 11.5))), dots=((10, 4.5, 2.2), (5.5, 11.5, 2.2))
    ),
    "listen": IconShape(areas=(((4.5, 2.5), (13, 8), (4.5, 13.5)),)),
    "expand": IconShape(strokes=(((3.5, 6), (8, 10.5), (12.5, 6)),)),
    "collapse": IconShape(strokes=(((6, 3.5), (10.5, 8), (6, 12.5)),)),
}
ICON_NAMES: tuple[IconName, ...] = tuple(_SHAPES)


def paint_icon(painter: QPainter, name: IconName, area: QRectF, palette: QPalette, tint: str) -> None:
    """Paint the icon; `tint` is the token of its colour."""
    shape, colour = _SHAPES[name], colour_for(palette, tint)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(area.topLeft())
    painter.scale(area.width() / GRID, area.height() / GRID)
    pen = QPen(colour, _STROKE_WIDTH, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for stroke in shape.strokes:
        painter.drawPolyline(QPolygonF([QPointF(*point) for point in stroke]))
    for x, y, radius in shape.circles:
        painter.drawEllipse(QPointF(x, y), radius, radius)
    painter.setBrush(colour)
    for corners in shape.areas:
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in corners]))
    painter.setPen(Qt.PenStyle.NoPen)
    for box in shape.boxes:
        painter.drawRoundedRect(QRectF(*box), 0.8, 0.8)
    for x, y, radius in shape.dots:
        painter.drawEllipse(QPointF(x, y), radius, radius)
    painter.restore()


def make_icon(name: IconName, *, on_tint: str = "on_accent", tint: str = "text") -> QIcon:
    """Return the icon in the colour of `tint`, a token, and of `on_tint` while its button is checked."""
    return QIcon(_ThemedIcon(name, tint, on_tint))


class _ThemedIcon(QIconEngine):
    def __init__(self, name: IconName, tint: str, on_tint: str) -> None:
        super().__init__()
        self._name: IconName = name
        self._tint, self._on_tint = tint, on_tint

    def clone(self) -> QIconEngine:
        return _ThemedIcon(self._name, self._tint, self._on_tint)

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        if painter is None:
            return
        tint = self._on_tint if state == QIcon.State.On else self._tint
        if mode == QIcon.Mode.Disabled:
            tint = "disabled"
        paint_icon(painter, self._name, QRectF(rect), QApplication.palette(), tint)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return picture
