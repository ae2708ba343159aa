"""A sign and a word that say what BachBridge is doing: listening, thinking, answering. Each has its own shape."""

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.activity import LiveState
from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.palette import draw_shape, is_dark, part_colour
from bachbridge_gui.widgets.style import colour_for
from bachbridge_gui.widgets.tokens import SPACE_S_PX, SPACE_XS_PX

_SIGN_PX = 14
_TOOLTIPS = {
    LiveState.LOADING: translatable("The model is being loaded"),
    LiveState.OFF: translatable("Mode Off: nothing is answered"),
    LiveState.LISTENING: translatable("Play: BachBridge listens"),
    LiveState.PLAYER: translatable("BachBridge hears you"),
    LiveState.THINKING: translatable("Your phrase has ended, and its answer is being made"),
    LiveState.ANSWERING: translatable("You hear the answer"),
    LiveState.TOGETHER: translatable("You and BachBridge play together"),
}


class ActivityLight(QWidget):
    """Repainted only when the state changes."""

    def __init__(self, state: LiveState = LiveState.LOADING) -> None:
        super().__init__()
        self._state = state
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._describe()

    @property
    def state(self) -> LiveState:
        return self._state

    def show_state(self, state: LiveState) -> None:
        if state is not self._state:
            self._state = state
            self._describe()
            self.update()

    def _describe(self) -> None:
        self.setAccessibleName(tr("Now: {state}", state=self._state.words))
        self.setToolTip(tr(_TOOLTIPS[self._state]))

    def sizeHint(self) -> QSize:
        width = max(self.fontMetrics().horizontalAdvance(state.words) for state in LiveState)
        return QSize(_SIGN_PX + SPACE_S_PX + width, self.fontMetrics().height() + 2 * SPACE_XS_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(_SIGN_PX, self.sizeHint().height())

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_sign(painter, QRectF(1, (self.height() - _SIGN_PX) / 2 + 1, _SIGN_PX - 2, _SIGN_PX - 2))
        area = self.rect().adjusted(_SIGN_PX + SPACE_S_PX, 0, 0, 0)
        word = self._state.words
        if self.fontMetrics().horizontalAdvance(word) <= area.width():
            quiet = self._state in (LiveState.LOADING, LiveState.OFF, LiveState.LISTENING)
            painter.setPen(colour_for(self.palette(), "muted" if quiet else "text"))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, word)

    def _paint_sign(self, painter: QPainter, area: QRectF) -> None:
        dark = is_dark(self.palette())
        muted, player, answer = (
            colour_for(self.palette(), "muted"),
            part_colour(PLAYER, dark=dark),
            part_colour(0, dark=dark),
        )
        middle = area.center()
        painter.setPen(Qt.PenStyle.NoPen)
        match self._state:
            case LiveState.LISTENING | LiveState.LOADING:
                line = Qt.PenStyle.SolidLine if self._state is LiveState.LISTENING else Qt.PenStyle.DotLine
                painter.setPen(QPen(muted, 2, line))
                painter.drawEllipse(area.adjusted(1, 1, -1, -1))
            case LiveState.OFF:
                painter.setPen(QPen(muted, 2))
                painter.drawLine(QPointF(area.left(), middle.y()), QPointF(area.right(), middle.y()))
            case LiveState.PLAYER:
                painter.setBrush(player)
                draw_shape(painter, "circle", area)
            case LiveState.THINKING:
                painter.setBrush(colour_for(self.palette(), "accent"))
                for x in (area.left() + 1.5, middle.x(), area.right() - 1.5):
                    painter.drawEllipse(QPointF(x, middle.y()), 1.8, 1.8)
            case LiveState.ANSWERING:
                painter.setBrush(answer)
                draw_shape(painter, "triangle", area)
            case LiveState.TOGETHER:
                painter.setBrush(player)
                draw_shape(painter, "circle", QRectF(area.left() - 1, area.top() - 1, 8, 8))
                painter.setBrush(answer)
                draw_shape(painter, "triangle", QRectF(area.right() - 7, area.bottom() - 7, 8, 8))
