"""Colours and shapes of the parts, on light and on dark paper.

The colours come from the palette of Okabe and Ito ("Color Universal Design", 2008), which people with any kind of
colour vision can tell apart. Each part also has a shape of its own, which is painted at the beginning of its notes.
"""

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QPainter, QPalette, QPolygonF

from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, tr_in, translatable, translatable_in


@dataclass(frozen=True, slots=True)
class PartStyle:
    """Look of a part: its colours as "#rrggbb" on light and on dark paper, and the shape at a note's beginning."""

    name: str
    light: str
    dark: str
    shape: str
    """One of circle, triangle, square, diamond, bar."""

    @property
    def label(self) -> str:
        """The part's name in the window's language."""
        return tr(self.name)

    @property
    def shape_label(self) -> str:
        """The word for the shape in the window's language."""
        return tr_in("shape", self.shape)


PART_STYLES = {
    PLAYER: PartStyle(translatable("You"), "#d55e00", "#ff8a33", translatable_in("shape", "circle")),
    0: PartStyle(translatable("Soprano"), "#2186c4", "#6cc4f2", translatable_in("shape", "triangle")),
    1: PartStyle(translatable("Alto"), "#007d5c", "#25c497", translatable_in("shape", "square")),
    2: PartStyle(translatable("Tenor"), "#0b4f8a", "#5b8ff0", translatable_in("shape", "diamond")),
    3: PartStyle(translatable("Bass"), "#a8487f", "#e79cc4", translatable_in("shape", "bar")),
}


def part_style(voice: int) -> PartStyle:
    """Return the style of a part. Voices above 3 repeat the styles of the four voices."""
    return PART_STYLES[PLAYER] if voice == PLAYER else PART_STYLES[voice % 4]


def part_colour(voice: int, *, dark: bool) -> QColor:
    """Return the part's colour on light or dark paper."""
    style = part_style(voice)
    return QColor(style.dark if dark else style.light)


def is_dark(palette: QPalette) -> bool:
    """Return True if windows with this palette are dark."""
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def mix_colours(first: QColor, second: QColor, share: float) -> QColor:
    """Return a mixture that consists of `share` (0 to 1) of `second` and of `first` for the rest."""
    channels = ((first.red(), second.red()), (first.green(), second.green()), (first.blue(), second.blue()))
    return QColor(*(round(a + (b - a) * share) for a, b in channels))


def draw_shape(painter: QPainter, shape: str, area: QRectF) -> None:
    """Draw one of the shapes of `PartStyle` with the painter's pen and brush."""
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
