"""What stands around the roll's notes: the small keyboard, the ruler with bar numbers, the lane of phrases, the line.

The painter's origin is the corner of the notes' area; the frame is painted outside of it, to the left, above and below,
in logical pixels, where the fonts are what the system wants them to be.
"""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPolygonF, qGray

from bachbridge.music.notes import pitch_name
from bachbridge_gui.piano_roll.coordinates import BeatLine, RollScale
from bachbridge_gui.piano_roll.painter import BLACK_KEYS, RollColours
from bachbridge_gui.state.view_types import PhraseSpan

KEYBOARD_PX, RULER_PX, LANE_PX = 48, 24, 24
"""Logical pixels of the keyboard's width and of the ruler's and the lane's height."""
_COMPACT_BELOW_PX, _COMPACT_RULER_PX = 160, 16
"""A roll that is lower than this has a lower ruler and no lane: what room there is, is the notes'."""
_BAR_NUMBER_PX = 40
"""Logical pixels that a bar's number takes, with air."""


def ruler_and_lane_px(height: int) -> tuple[int, int]:
    """Of the ruler and the lane, in a roll of this height."""
    return (_COMPACT_RULER_PX, 0) if height < _COMPACT_BELOW_PX else (RULER_PX, LANE_PX)


def paint_ruler(
    painter: QPainter,
    colours: RollColours,
    scale: RollScale,
    beat_lines: Sequence[BeatLine],
    origin_px: int,
    ruler_px: int,
) -> None:
    """Bar numbers, of so many bars as there is room for."""
    painter.fillRect(QRectF(0, -ruler_px, scale.width / scale.pixel_ratio, ruler_px), colours.grey(0.06))
    lines = [mark for mark in beat_lines if mark.bar_number is not None]
    apart = (
        (lines[1].time_ns - lines[0].time_ns) * scale.px_per_ns / scale.pixel_ratio
        if len(lines) > 1
        else _BAR_NUMBER_PX
    )
    every = 1
    while apart > 0 and every * apart < _BAR_NUMBER_PX:
        every *= 2
    for mark in lines:
        if not mark.bar_number or (mark.bar_number - 1) % every:
            continue
        x = (scale.to_px(mark.time_ns) - origin_px) / scale.pixel_ratio
        painter.fillRect(QRectF(x, -8, 1, 8), colours.grey(0.45))
        painter.setPen(colours.grey(0.8))
        area = QRectF(x + 5, -ruler_px, _BAR_NUMBER_PX, ruler_px)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, str(mark.bar_number))


def paint_play_line(painter: QPainter, colours: RollColours, scale: RollScale, x: float) -> None:
    """Now: everything to the right is to come."""
    painter.fillRect(QRectF(x - 1, 0, 2, scale.height / scale.pixel_ratio), colours.grey(0.75))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.grey(0.75))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawPolygon(QPolygonF([QPointF(x - 6, -8), QPointF(x + 6, -8), QPointF(x, 0)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def paint_keyboard(painter: QPainter, colours: RollColours, scale: RollScale, lit: Mapping[int, int]) -> None:
    """The keys, those that sound in their part's colour, and the names of the Cs."""
    left, width, height, row = (
        -float(KEYBOARD_PX),
        KEYBOARD_PX - 1.0,
        scale.height / scale.pixel_ratio,
        scale.row_height / scale.pixel_ratio,
    )
    tops = [top / scale.pixel_ratio for top in scale.row_tops]
    ivory, ebony = colours.grey(0.62 if colours.dark else 0.0), colours.grey(0.0 if colours.dark else 0.72)
    line = colours.grey(0.3)
    painter.fillRect(QRectF(left, 0, KEYBOARD_PX, height), ivory)
    small = QFont(painter.font())
    small.setPixelSize(max(8, min(12, int(row))))
    named = QFontMetricsF(small).height() <= row * 2
    for pitch in range(scale.low_pitch, scale.high_pitch + 1):
        top, tall = tops[pitch], (tops[pitch - 1] if pitch else height) - tops[pitch]
        key = colours.part_colour(lit[pitch]) if pitch in lit else None
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


def paint_phrase_lane(
    painter: QPainter,
    colours: RollColours,
    scale: RollScale,
    spans: Sequence[PhraseSpan],
    selected: int | None,
    origin_px: int,
    now_ns: int,
) -> None:
    """The phrases by number, the selected one in the colour of selections."""
    width, height = scale.width / scale.pixel_ratio, scale.height / scale.pixel_ratio
    painter.fillRect(QRectF(0, height, width, LANE_PX), colours.grey(0.06))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for span in spans:
        x = (scale.to_px(span.start_ns) - origin_px) / scale.pixel_ratio
        end = (scale.to_px(span.end_ns if span.end_ns is not None else now_ns) - origin_px) / scale.pixel_ratio
        if end < 0 or x > width or end <= x:
            continue
        chosen = span.number == selected
        area = QRectF(x, height + 3, max(end - x - 2, 4), LANE_PX - 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.accent if chosen else colours.grey(0.18))
        painter.drawRoundedRect(area, 4, 4)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(colours.palette.color(role))
        shown = area.intersected(QRectF(0, area.top(), width, area.height())).adjusted(8, 0, -4, 0)
        words = next((text for text in (f"Phrase {span.number}", str(span.number)) if _fits(painter, text, shown)), "")
        painter.drawText(shown, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _fits(painter: QPainter, text: str, area: QRectF) -> bool:
    return painter.fontMetrics().horizontalAdvance(text) <= area.width()
