"""An icon for the level of a notice. The levels differ in shape as well as in colour."""

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.notices import Level
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.palette import is_dark
from bachbridge_gui.widgets.tokens import theme_colours

_SIDE_PX = 18
_LABELS: dict[Level, str] = {
    "info": translatable("Information"),
    "warning": translatable("Warning"),
    "error": translatable("Error"),
}


class LevelIcon(QWidget):
    """A disc with an i (information), a triangle (warning) or an octagon (error), the latter two with a stroke."""

    def __init__(self, level: Level = "info") -> None:
        super().__init__()
        self._level: Level = level
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr(_LABELS[level]))

    @property
    def level(self) -> Level:
        return self._level

    def set_level(self, level: Level) -> None:
        self._level = level
        self.setAccessibleName(tr(_LABELS[level]))
        self.setToolTip(tr(_LABELS[level]))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_SIDE_PX, _SIDE_PX)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        colours = theme_colours(dark=is_dark(self.palette()))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent if self._level == "info" else colours.alert))
        match self._level:
            case "info":
                painter.drawEllipse(QRectF(1, 1, 16, 16))
            case "warning":
                painter.drawPolygon(QPolygonF([QPointF(9, 0.5), QPointF(18, 17), QPointF(0, 17)]))
            case "error":
                corners = [(5.5, 0.5), (12.5, 0.5), (17.5, 5.5), (17.5, 12.5)]
                corners += [(18 - x, 18 - y) for x, y in corners]
                painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        paper = self.palette().color(QPalette.ColorRole.Window)
        painter.setPen(QPen(paper, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        top, dot = ((8.0, 13.0), 5.0) if self._level == "info" else ((6.0, 10.5), 14.0)
        painter.drawLine(QPointF(9, top[0]), QPointF(9, top[1]))
        painter.drawPoint(QPointF(9, dot))
        painter.end()
