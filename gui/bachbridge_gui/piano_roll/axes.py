"""What stands around the roll's notes: the small keyboard, the ruler with bar numbers, the lane of phrases, the line.

The painter's origin is the corner of the notes' area; the frame is painted outside of it, to the left, above and below,
in logical pixels, where the fonts are what the system wants them to be.
"""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPolygonF, qGray

from bachbridge.music.notes import pitch_name
from bachbridge_gui.piano_roll.coordinates import Mark, Scale
from bachbridge_gui.piano_roll.painter import BLACK_KEYS, Ink
from bachbridge_gui.state.view_types import Span

KEYBOARD, RULER, LANE = 48, 24, 24
"""Logical pixels of the keyboard's width and of the ruler's and the lane's height."""
_LOW, _LOW_RULER = 160, 16
"""A roll that is lower than this has a lower ruler and no lane: what room there is, is the notes'."""
_ROOM = 40
"""Logical pixels that a bar's number takes, with air."""


def heights(height: int) -> tuple[int, int]:
    """Of the ruler and the lane, in a roll of this height."""
    return (_LOW_RULER, 0) if height < _LOW else (RULER, LANE)


def paint_ruler(painter: QPainter, ink: Ink, scale: Scale, beats: Sequence[Mark], first: int, ruler: int) -> None:
    """Bar numbers, of so many bars as there is room for."""
    painter.fillRect(QRectF(0, -ruler, scale.width / scale.ratio, ruler), ink.grey(0.06))
    lines = [mark for mark in beats if mark.bar is not None]
    apart = (lines[1].at_ns - lines[0].at_ns) * scale.px_per_ns / scale.ratio if len(lines) > 1 else _ROOM
    every = 1
    while apart > 0 and every * apart < _ROOM:
        every *= 2
    for mark in lines:
        if not mark.bar or (mark.bar - 1) % every:
            continue
        x = (scale.px(mark.at_ns) - first) / scale.ratio
        painter.fillRect(QRectF(x, -8, 1, 8), ink.grey(0.45))
        painter.setPen(ink.grey(0.8))
        area = QRectF(x + 5, -ruler, _ROOM, ruler)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, str(mark.bar))


def paint_play_line(painter: QPainter, ink: Ink, scale: Scale, x: float) -> None:
    """Now: everything to the right is to come."""
    painter.fillRect(QRectF(x - 1, 0, 2, scale.height / scale.ratio), ink.grey(0.75))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.grey(0.75))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawPolygon(QPolygonF([QPointF(x - 6, -8), QPointF(x + 6, -8), QPointF(x, 0)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def paint_keyboard(painter: QPainter, ink: Ink, scale: Scale, lit: Mapping[int, int]) -> None:
    """The keys, those that sound in their part's colour, and the names of the Cs."""
    left, width, height, row = -float(KEYBOARD), KEYBOARD - 1.0, scale.height / scale.ratio, scale.row / scale.ratio
    tops = [top / scale.ratio for top in scale.tops]
    ivory, ebony = ink.grey(0.62 if ink.dark else 0.0), ink.grey(0.0 if ink.dark else 0.72)
    line = ink.grey(0.3)
    painter.fillRect(QRectF(left, 0, KEYBOARD, height), ivory)
    small = QFont(painter.font())
    small.setPixelSize(max(8, min(12, int(row))))
    named = QFontMetricsF(small).height() <= row * 2
    for pitch in range(scale.low, scale.high + 1):
        top, tall = tops[pitch], (tops[pitch - 1] if pitch else height) - tops[pitch]
        key = ink.full(lit[pitch]) if pitch in lit else None
        if pitch % 12 in BLACK_KEYS:
            painter.fillRect(QRectF(left, top, width * 0.6, tall), key or ebony)
            painter.fillRect(QRectF(left + width * 0.6, top + tall / 2, width * 0.4, 1), line)
        elif key:
            painter.fillRect(QRectF(left, top, width, tall), key)
        if pitch % 12 in {0, 5} and pitch:
            painter.fillRect(QRectF(left, tops[pitch - 1] - 1, width, 1), line)
        if pitch % 12 == 0 and named:
            painter.setFont(small)
            painter.setPen(QColor("white" if qGray((key or ivory).rgb()) < 120 else "black"))
            area = QRectF(left, top + tall / 2 - 10, width - 4, 20)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, pitch_name(pitch))
    painter.fillRect(QRectF(-1, 0, 1, height), line)


def paint_lane(
    painter: QPainter, ink: Ink, scale: Scale, spans: Sequence[Span], selected: int | None, first: int, now_ns: int
) -> None:
    """The phrases by number, the selected one in the colour of selections."""
    width, height = scale.width / scale.ratio, scale.height / scale.ratio
    painter.fillRect(QRectF(0, height, width, LANE), ink.grey(0.06))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for span in spans:
        x = (scale.px(span.start_ns) - first) / scale.ratio
        end = (scale.px(span.end_ns if span.end_ns is not None else now_ns) - first) / scale.ratio
        if end < 0 or x > width or end <= x:
            continue
        chosen = span.number == selected
        area = QRectF(x, height + 3, max(end - x - 2, 4), LANE - 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.accent if chosen else ink.grey(0.18))
        painter.drawRoundedRect(area, 4, 4)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(ink.palette.color(role))
        shown = area.intersected(QRectF(0, area.top(), width, area.height())).adjusted(8, 0, -4, 0)
        words = next((text for text in (f"Phrase {span.number}", str(span.number)) if _fits(painter, text, shown)), "")
        painter.drawText(shown, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _fits(painter: QPainter, text: str, area: QRectF) -> bool:
    return painter.fontMetrics().horizontalAdvance(text) <= area.width()
