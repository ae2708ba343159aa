"""An icon for the state of a check. The states differ in shape as well as in colour."""

from typing import Literal

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.palette import is_dark, part_colour

CheckState = Literal["waiting", "seen", "warning"]
ICON_PX = 24
STATE_LABELS = {
    "waiting": translatable("not seen yet"),
    "seen": translatable("seen"),
    "warning": translatable("warning"),
}


class StatusIcon(QWidget):
    """An open ring (waiting), a filled disc with a tick (seen) or a triangle with an exclamation mark (warning)."""

    def __init__(self, state: CheckState = "waiting") -> None:
        super().__init__()
        self._state: CheckState = state
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr(STATE_LABELS[state]))

    @property
    def state(self) -> CheckState:
        return self._state

    def set_state(self, state: CheckState) -> None:
        if state != self._state:
            self._state = state
            self.setAccessibleName(tr(STATE_LABELS[state]))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(ICON_PX, ICON_PX)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match self._state:
            case "waiting":
                self._paint_ring(painter)
            case "seen":
                self._paint_tick(painter)
            case "warning":
                self._paint_warning(painter)

    def _paint_ring(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 2))
        painter.drawEllipse(QRectF(3, 3, ICON_PX - 6, ICON_PX - 6))

    def _paint_tick(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(part_colour(1, dark=is_dark(self.palette())))
        painter.drawEllipse(QRectF(2, 2, ICON_PX - 4, ICON_PX - 4))
        painter.setPen(self._mark_pen())
        painter.drawPolyline(QPolygonF([QPointF(7, 12.5), QPointF(10.5, 16), QPointF(17, 8.5)]))

    def _paint_warning(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(part_colour(PLAYER, dark=is_dark(self.palette())))
        painter.drawPolygon(QPolygonF([QPointF(12, 1.5), QPointF(23, 21.5), QPointF(1, 21.5)]))
        painter.setPen(self._mark_pen())
        painter.drawLine(QPointF(12, 9), QPointF(12, 14))
        painter.drawPoint(QPointF(12, 18))

    def _mark_pen(self) -> QPen:
        paper = self.palette().color(QPalette.ColorRole.Window)
        return QPen(paper, 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
