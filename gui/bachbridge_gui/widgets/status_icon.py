"""A small sign for the state of one thing, told by shape as well as by colour."""

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.setup.checklist import State
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.widgets.palette import look

SIDE = 24
WORDS = {"waiting": "not seen yet", "seen": "seen", "warning": "warning"}


class Sign(QWidget):
    """Waiting is an open ring, seen a filled disc with a tick, a warning a triangle with a mark."""

    def __init__(self, state: State = "waiting") -> None:
        super().__init__()
        self._state: State = state
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(WORDS[state])

    @property
    def state(self) -> State:
        return self._state

    def set_state(self, state: State) -> None:
        if state != self._state:
            self._state = state
            self.setAccessibleName(WORDS[state])
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(SIDE, SIDE)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match self._state:
            case "waiting":
                self._ring(painter)
            case "seen":
                self._tick(painter)
            case "warning":
                self._triangle(painter)

    def _ring(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 2))
        painter.drawEllipse(QRectF(3, 3, SIDE - 6, SIDE - 6))

    def _tick(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour(1))
        painter.drawEllipse(QRectF(2, 2, SIDE - 4, SIDE - 4))
        painter.setPen(self._pen())
        painter.drawPolyline(QPolygonF([QPointF(7, 12.5), QPointF(10.5, 16), QPointF(17, 8.5)]))

    def _triangle(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour(PLAYER))
        painter.drawPolygon(QPolygonF([QPointF(12, 1.5), QPointF(23, 21.5), QPointF(1, 21.5)]))
        painter.setPen(self._pen())
        painter.drawLine(QPointF(12, 9), QPointF(12, 14))
        painter.drawPoint(QPointF(12, 18))

    def _pen(self) -> QPen:
        paper = self.palette().color(QPalette.ColorRole.Window)
        return QPen(paper, 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)

    def _colour(self, voice: int) -> QColor:
        dark = self.palette().color(QPalette.ColorRole.Window).lightness() < 128
        return QColor(look(voice).dark if dark else look(voice).light)
