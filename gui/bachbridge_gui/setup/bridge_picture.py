"""The picture on the first page: notes go from the player to BachBridge and come back as voices, with a legend."""

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr, translatable
from bachbridge_gui.widgets.icons import IconName, paint_icon
from bachbridge_gui.widgets.palette import PART_STYLES, draw_shape, is_dark, part_colour
from bachbridge_gui.widgets.style import colour_for
from bachbridge_gui.widgets.tokens import CAPTION_SCALE, LARGE_RADIUS_PX, SPACE_M_PX, SPACE_S_PX
from bachbridge_gui.widgets.typography import scaled_font

_CARD_HEIGHT_PX, _ARROW_SHARE = 84, 0.16
_SHAPE_PX, _ICON_PX = 12.0, 28.0
_STATIONS: tuple[tuple[IconName, str], ...] = (
    ("piano", translatable("You, or your DAW")),
    ("score", "BachBridge"),
    ("sound", translatable("Your DAW, or this computer")),
)


class BridgePicture(QWidget):
    """Three stations with arrows between them, and below them the sign of each part."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("How it works"))
        names = ", ".join(f"{style.label}: {style.shape_label}" for style in PART_STYLES.values())
        self.setAccessibleDescription(
            tr("Your notes go to BachBridge, and its voices come back. Signs of the parts: {names}.", names=names)
        )

    def sizeHint(self) -> QSize:
        return QSize(576, _CARD_HEIGHT_PX + SPACE_M_PX + self.fontMetrics().height() + SPACE_S_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(400, self.sizeHint().height())

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        arrow = self.width() * _ARROW_SHARE
        card = (self.width() - 2 * arrow) / 3
        for index, (icon, text) in enumerate(_STATIONS):
            area = QRectF(index * (card + arrow) + 0.5, 0.5, card - 1, _CARD_HEIGHT_PX - 1)
            self._paint_station(painter, area, icon, tr(text), main=index == 1)
        for index, voices in enumerate(((PLAYER,), (0, 1, 2, 3))):
            self._paint_arrow(painter, card + index * (card + arrow), arrow, voices)
        self._paint_legend(painter)

    def _paint_station(self, painter: QPainter, area: QRectF, icon: IconName, text: str, *, main: bool) -> None:
        palette = self.palette()
        painter.setBrush(colour_for(palette, "raised"))
        painter.setPen(QPen(colour_for(palette, "accent" if main else "line"), 2 if main else 1))
        painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), LARGE_RADIUS_PX, LARGE_RADIUS_PX)
        left = area.center().x() - _ICON_PX / 2
        paint_icon(
            painter, icon, QRectF(left, area.top() + 12, _ICON_PX, _ICON_PX), palette, "accent" if main else "text"
        )
        painter.setPen(colour_for(palette, "text"))
        painter.setFont(scaled_font(self.font(), CAPTION_SCALE, bold=main))
        words = area.adjusted(SPACE_S_PX, 44, -SPACE_S_PX, -4)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)

    def _paint_arrow(self, painter: QPainter, left: float, width: float, voices: tuple[int, ...]) -> None:
        """Paint an arrow with the signs of the parts that travel along it."""
        dark, middle, end = is_dark(self.palette()), _CARD_HEIGHT_PX / 2, left + width - 8
        painter.setPen(QPen(colour_for(self.palette(), "muted"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawLine(QPointF(left + 8, middle + 12), QPointF(end, middle + 12))
        head = [QPointF(end - 5, middle + 7), QPointF(end, middle + 12), QPointF(end - 5, middle + 17)]
        painter.drawPolyline(QPolygonF(head))
        step = min(18.0, (width - 16) / len(voices))
        first = left + width / 2 - step * (len(voices) - 1) / 2
        painter.setPen(Qt.PenStyle.NoPen)
        for index, voice in enumerate(voices):
            painter.setBrush(part_colour(voice, dark=dark))
            area = QRectF(first + index * step - _SHAPE_PX / 2, middle - 12, _SHAPE_PX, _SHAPE_PX)
            draw_shape(painter, PART_STYLES[voice].shape, area)

    def _paint_legend(self, painter: QPainter) -> None:
        painter.setFont(scaled_font(self.font(), CAPTION_SCALE))
        metrics, dark = painter.fontMetrics(), is_dark(self.palette())
        widths = [_SHAPE_PX + 6 + metrics.horizontalAdvance(style.label) for style in PART_STYLES.values()]
        left = (self.width() - sum(widths) - SPACE_M_PX * (len(widths) - 1)) / 2
        top = _CARD_HEIGHT_PX + SPACE_M_PX
        for (voice, style), width in zip(PART_STYLES.items(), widths, strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(part_colour(voice, dark=dark))
            draw_shape(
                painter, style.shape, QRectF(left, top + (metrics.height() - _SHAPE_PX) / 2, _SHAPE_PX, _SHAPE_PX)
            )
            painter.setPen(colour_for(self.palette(), "muted"))
            painter.drawText(QPointF(left + _SHAPE_PX + 6, top + metrics.ascent()), style.label)
            left += width + SPACE_M_PX
