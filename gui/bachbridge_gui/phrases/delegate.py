"""Painting of one row of the list: number, title, summary, key and close, time of day and a thumbnail of the notes.

The thumbnail has a background of its own, so that the parts' colours are legible on a selected row too. A kept exchange
has a star.
"""

from collections.abc import Iterable
from math import cos, pi, sin

from PyQt6.QtCore import QModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPalette, QPolygonF
from PyQt6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bachbridge_gui.phrases.model import EXCHANGE_ROLE
from bachbridge_gui.state.exchanges import (
    Exchange,
    exchange_close_text,
    exchange_phrase,
    exchange_summary,
    exchange_title,
)
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.palette import draw_shape, is_dark, mix_colours, part_colour, part_style

ROW_HEIGHT_PX, _TEXT_LINES = 74, 3
_MARGIN_PX, _NUMBER_WIDTH_PX, _STAR_PX = 8, 28, 14
_THUMBNAIL_WIDTH_PX, _THUMBNAIL_HEIGHT_PX = 104, 40
_SIGN_PX = 6.0
"""Size of the sign at the first note of each part in the thumbnail."""
_MIN_PITCH_RANGE = 16
"""The thumbnail shows at least this many semitones, so that small intervals do not look like leaps."""
_MUTED_SHARE = 0.28
"""Share of the background in the colour of less important text."""


class PhraseDelegate(QStyledItemDelegate):
    """Paints and edits the rows with the palette of the list."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        lines = _TEXT_LINES * (option.fontMetrics.height() + 2) + 2 * _MARGIN_PX
        return QSize(240, max(ROW_HEIGHT_PX, lines))

    def createEditor(
        self,
        parent: QWidget | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setPlaceholderText(str(index.data()))
        editor.setMaxLength(80)
        editor.setAccessibleName(tr("Name of the phrase"))
        editor.setToolTip(tr("Press Enter to keep the new name, or Esc to keep the old one"))
        return editor

    def updateEditorGeometry(
        self,
        editor: QWidget | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> None:
        if editor is not None:
            area = _text_rect(option.rect)
            editor.setGeometry(area.adjusted(-4, 0, 0, -area.height() // _TEXT_LINES))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        exchange = index.data(EXCHANGE_ROLE)
        if painter is None or not isinstance(exchange, Exchange):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        background = palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base)
        colour = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        painter.fillRect(option.rect, background)
        muted = colour if selected else mix_colours(colour, background, _MUTED_SHARE)
        _paint_text(painter, option, exchange, colour, muted)
        _paint_thumbnail(painter, _thumbnail_rect(option.rect), exchange, palette)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(colour)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5), 3, 3)
        painter.restore()


def _thumbnail_rect(row: QRect) -> QRect:
    width = min(_THUMBNAIL_WIDTH_PX, row.width() * 2 // 7)
    height = min(_THUMBNAIL_HEIGHT_PX, (row.height() - 2 * _MARGIN_PX) * 2 // _TEXT_LINES)
    return QRect(row.right() - _MARGIN_PX - width + 1, row.top() + _MARGIN_PX, width, height)


def _text_rect(row: QRect) -> QRect:
    left = row.left() + _MARGIN_PX + _NUMBER_WIDTH_PX + _MARGIN_PX
    return QRect(
        left, row.top() + _MARGIN_PX, _thumbnail_rect(row).left() - left - _MARGIN_PX, row.height() - 2 * _MARGIN_PX
    )


def _paint_text(
    painter: QPainter, option: QStyleOptionViewItem, exchange: Exchange, colour: QColor, muted: QColor
) -> None:
    area, metrics = _text_rect(option.rect), option.fontMetrics
    line_px = area.height() // _TEXT_LINES
    upper, lower = QRect(area.topLeft(), QSize(area.width(), line_px)), area.adjusted(0, line_px, 0, -line_px)
    last = QRect(area.left(), area.bottom() - line_px + 1, _thumbnail_rect(option.rect).right() - area.left(), line_px)
    middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    clock = f"{exchange.started_at:%H:%M}"
    clock_width = metrics.horizontalAdvance(clock)
    painter.setFont(option.font)
    painter.setPen(muted)
    number = QRect(option.rect.left() + _MARGIN_PX, area.top(), _NUMBER_WIDTH_PX, line_px)
    painter.drawText(number, right, str(exchange.number))
    painter.drawText(upper, right, clock)
    painter.drawText(lower, middle, _elided(option, exchange_summary(exchange), lower, 0))
    painter.drawText(last, middle, _elided(option, exchange_close_text(exchange), last, 0))
    bold = QFont(option.font)
    bold.setWeight(QFont.Weight.DemiBold)
    painter.setFont(bold)
    painter.setPen(colour)
    painter.drawText(
        upper.adjusted(0, 0, -clock_width - 8, 0),
        middle,
        _elided(option, exchange_title(exchange), upper, clock_width + 16),
    )
    if exchange.kept:
        centre = QPointF(number.right() - _STAR_PX / 2, lower.center().y() + 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(_star(centre, _STAR_PX / 2))


def _elided(option: QStyleOptionViewItem, text: str, area: QRect, reserved_px: int) -> str:
    return option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, area.width() - reserved_px))


def _paint_thumbnail(painter: QPainter, area: QRect, exchange: Exchange, palette: QPalette) -> None:
    """Paint the notes of prompt and answer in `area`."""
    background = palette.color(QPalette.ColorRole.Base)
    dark = is_dark(palette)
    painter.setPen(mix_colours(background, palette.color(QPalette.ColorRole.Text), _MUTED_SHARE))
    painter.setBrush(background)
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    notes = exchange_phrase(exchange).notes
    low, high = _pitch_range(note.pitch for note in notes)
    inner = QRectF(area).adjusted(4, 4, -4, -4)
    step_px, row_px = inner.width() / max(1, exchange.steps), inner.height() / (high - low + 1)
    painter.setPen(Qt.PenStyle.NoPen)
    begun: set[int] = set()
    """Parts whose sign has been painted, at their first note."""
    for note in notes:
        painter.setBrush(part_colour(note.voice, dark=dark))
        left, top = inner.left() + note.start * step_px, inner.top() + (high - note.pitch) * row_px
        painter.drawRect(QRectF(left, top, max(1.0, note.length * step_px - 0.75), max(2.0, row_px)))
        if note.voice not in begun:
            begun.add(note.voice)
            middle = QPointF(left + _SIGN_PX / 2, top + max(2.0, row_px) / 2)
            draw_shape(painter, part_style(note.voice).shape, _square(middle, _SIGN_PX))


def _square(centre: QPointF, size_px: float) -> QRectF:
    return QRectF(centre.x() - size_px / 2, centre.y() - size_px / 2, size_px, size_px)


def _pitch_range(pitches: Iterable[int]) -> tuple[int, int]:
    """Return the lowest and the highest pitch of the thumbnail."""
    shown = list(pitches) or [60]
    low, high = min(shown), max(shown)
    padding = max(0, _MIN_PITCH_RANGE - (high - low))
    return low - padding // 2, high + padding - padding // 2


def _star(centre: QPointF, radius: float) -> QPolygonF:
    corners = [(radius if corner % 2 == 0 else 0.45 * radius, corner * pi / 5) for corner in range(10)]
    return QPolygonF([QPointF(centre.x() + r * sin(angle), centre.y() - r * cos(angle)) for r, angle in corners])
