"""How one exchange looks in the list: number, name, what became of it, the time, and its notes in small.

The thumbnail lies on paper of its own, so that the parts' colours are read on a selected row too. A kept exchange has
a star.
"""

from collections.abc import Iterable
from math import cos, pi, sin

from PyQt6.QtCore import QModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPalette, QPolygonF
from PyQt6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bachbridge_gui.phrases.model import ENTRY_ROLE
from bachbridge_gui.state.exchanges import Exchange, exchange_phrase, exchange_summary, exchange_title
from bachbridge_gui.widgets.palette import part_style

ROW_HEIGHT_PX = 56
_MARGIN_PX, _NUMBER_WIDTH_PX, _STAR_PX = 8, 28, 14
_THUMBNAIL_WIDTH_PX, _THUMBNAIL_HEIGHT_PX = 104, 40
_MIN_PITCH_RANGE = 16
"""Semitones that the thumbnail shows at least, so that a narrow melody does not leap about in it."""
_MUTED_SHARE = 0.72
"""The share of the text's colour in what is less important; the rest is the paper's."""


class PhraseDelegate(QStyledItemDelegate):
    """Paints with the palette in force at that moment."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        lines = 2 * option.fontMetrics.height() + 2 * _MARGIN_PX
        return QSize(240, max(ROW_HEIGHT_PX, lines))

    def createEditor(
        self,
        parent: QWidget | None,
        option: QStyleOptionViewItem,  # Qt hands it over
        index: QModelIndex,
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setPlaceholderText(str(index.data()))
        editor.setMaxLength(80)
        editor.setAccessibleName("Name of the phrase")
        editor.setToolTip("A name of your own; Enter takes it, Esc leaves the old one")
        return editor

    def updateEditorGeometry(
        self,
        editor: QWidget | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,  # Qt hands it over
    ) -> None:
        if editor is not None:
            editor.setGeometry(_text_rect(option.rect).adjusted(-4, 0, 0, 0))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        entry = index.data(ENTRY_ROLE)
        if painter is None or not isinstance(entry, Exchange):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        paper = palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base)
        ink = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        painter.fillRect(option.rect, paper)
        _paint_text(painter, option, entry, ink, ink if selected else _muted_colour(ink, paper))
        _paint_thumbnail(painter, _thumbnail_rect(option.rect), entry, palette)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(ink)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5), 3, 3)
        painter.restore()


def _thumbnail_rect(row: QRect) -> QRect:
    width = min(_THUMBNAIL_WIDTH_PX, row.width() * 2 // 7)
    top = row.center().y() - _THUMBNAIL_HEIGHT_PX // 2
    return QRect(row.right() - _MARGIN_PX - width + 1, top, width, _THUMBNAIL_HEIGHT_PX)


def _text_rect(row: QRect) -> QRect:
    left = row.left() + _MARGIN_PX + _NUMBER_WIDTH_PX + _MARGIN_PX
    return QRect(
        left, row.top() + _MARGIN_PX, _thumbnail_rect(row).left() - left - _MARGIN_PX, row.height() - 2 * _MARGIN_PX
    )


def _paint_text(painter: QPainter, option: QStyleOptionViewItem, entry: Exchange, ink: QColor, muted: QColor) -> None:
    words, metrics = _text_rect(option.rect), option.fontMetrics
    half = words.height() // 2
    upper, lower = words.adjusted(0, 0, 0, -half), words.adjusted(0, half, 0, 0)
    middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    clock = f"{entry.started_at:%H:%M}"
    clock_width = metrics.horizontalAdvance(clock)
    painter.setFont(option.font)
    painter.setPen(muted)
    number = QRect(option.rect.left() + _MARGIN_PX, words.top(), _NUMBER_WIDTH_PX, half)
    painter.drawText(number, right, str(entry.number))
    painter.drawText(upper, right, clock)
    painter.drawText(lower, middle, _elided(option, exchange_summary(entry), lower, 0))
    bold = QFont(option.font)
    bold.setWeight(QFont.Weight.DemiBold)
    painter.setFont(bold)
    painter.setPen(ink)
    painter.drawText(
        upper.adjusted(0, 0, -clock_width - 8, 0),
        middle,
        _elided(option, exchange_title(entry), upper, clock_width + 16),
    )
    if entry.kept:
        centre = QPointF(number.right() - _STAR_PX / 2, lower.center().y() + 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(_star(centre, _STAR_PX / 2))


def _elided(option: QStyleOptionViewItem, text: str, area: QRect, reserved_px: int) -> str:
    return option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, area.width() - reserved_px))


def _paint_thumbnail(painter: QPainter, area: QRect, entry: Exchange, palette: QPalette) -> None:
    """The notes of prompt and answer, time to the right and pitch upwards."""
    paper = palette.color(QPalette.ColorRole.Base)
    dark = paper.lightness() < 128
    painter.setPen(_muted_colour(paper, palette.color(QPalette.ColorRole.Text)))
    painter.setBrush(paper)
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    notes = exchange_phrase(entry).notes
    low, high = _pitch_range(note.pitch for note in notes)
    inner = QRectF(area).adjusted(4, 4, -4, -4)
    wide, tall = inner.width() / max(1, entry.steps), inner.height() / (high - low + 1)
    painter.setPen(Qt.PenStyle.NoPen)
    for note in notes:
        colours = part_style(note.voice)
        painter.setBrush(QColor(colours.dark if dark else colours.light))
        left, top = inner.left() + note.start * wide, inner.top() + (high - note.pitch) * tall
        painter.drawRect(QRectF(left, top, max(1.0, note.length * wide - 0.75), max(2.0, tall)))


def _pitch_range(pitches: Iterable[int]) -> tuple[int, int]:
    """Lowest and highest pitch shown."""
    known = list(pitches) or [60]
    low, high = min(known), max(known)
    spare = max(0, _MIN_PITCH_RANGE - (high - low))
    return low - spare // 2, high + spare - spare // 2


def _muted_colour(ink: QColor, paper: QColor) -> QColor:
    """Mostly the first colour."""
    shares = zip(ink.getRgb()[:3], paper.getRgb()[:3], strict=True)
    return QColor(*(round(_MUTED_SHARE * (a or 0) + (1 - _MUTED_SHARE) * (b or 0)) for a, b in shares))


def _star(centre: QPointF, radius: float) -> QPolygonF:
    corners = [(radius if corner % 2 == 0 else 0.45 * radius, corner * pi / 5) for corner in range(10)]
    return QPolygonF([QPointF(centre.x() + r * sin(angle), centre.y() - r * cos(angle)) for r, angle in corners])
