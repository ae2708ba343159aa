"""Painting around the roll's notes: the small keyboard, the ruler with bar numbers, the phrase lane, the play line.

The painter's origin is the upper left corner of the notes' area. The keyboard is painted to the left of it, the ruler
above and the lane below, in logical pixels, so that fonts have the size that the system wants.
"""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPolygonF, qGray

from bachbridge.music.notes import BLACK_KEYS, pitch_name
from bachbridge_gui.piano_roll.coordinates import BeatLine, RollScale
from bachbridge_gui.piano_roll.painter import RollColours
from bachbridge_gui.state.view_types import PhraseSpan
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.palette import draw_shape, part_style

KEYBOARD_PX, HARMONY_PX, RULER_PX, LANE_PX = 48, 22, 44, 24
"""Width of the keyboard; heights of the row of chords, of the ruler with that row, and of the lane; logical pixels."""
_COMPACT_BELOW_PX, _COMPACT_RULER_PX = 160, 16
"""Below the first height a roll has a ruler of the second height, without chords, and no lane; its rows are folded."""
_PITCH_NAME_PX, _LIT_MARK_PX = 10, 10
"""Size of the letters, and width of the mark of a sounding pitch, beside folded rows."""
_MIN_SIGN_PX = 8
"""Size of the sign on a sounding key, and height of the rows from which on it is painted."""
_BAR_NUMBER_PX = 40
"""Space for a bar number in logical pixels."""


def is_low(height: int) -> bool:
    """Return True if a roll of this height has room for the notes and little else."""
    return height < _COMPACT_BELOW_PX


def ruler_and_lane_px(height: int) -> tuple[int, int]:
    """Return the heights of the ruler and the lane in a roll of this height."""
    return (_COMPACT_RULER_PX, 0) if is_low(height) else (RULER_PX, LANE_PX)


def paint_ruler(
    painter: QPainter,
    colours: RollColours,
    scale: RollScale,
    beat_lines: Sequence[BeatLine],
    origin_px: int,
    ruler_px: int,
) -> None:
    """Paint the bar numbers in the lower `ruler_px`; every second, fourth and so on where there is no room for all."""
    painter.fillRect(QRectF(0, -ruler_px, scale.width / scale.pixel_ratio, ruler_px), colours.grey(0.06))
    bars = [line for line in beat_lines if line.bar_number is not None]
    bar_px = (
        (bars[1].time_ns - bars[0].time_ns) * scale.px_per_ns / scale.pixel_ratio if len(bars) > 1 else _BAR_NUMBER_PX
    )
    stride = 1
    while bar_px > 0 and stride * bar_px < _BAR_NUMBER_PX:
        stride *= 2
    for bar in bars:
        if not bar.bar_number or (bar.bar_number - 1) % stride:
            continue
        x = (scale.to_px(bar.time_ns) - origin_px) / scale.pixel_ratio
        painter.fillRect(QRectF(x, -8, 1, 8), colours.grey(0.45))
        painter.setPen(colours.grey(0.8))
        area = QRectF(x + 5, -ruler_px, _BAR_NUMBER_PX, ruler_px)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, str(bar.bar_number))


def paint_play_line(painter: QPainter, colours: RollColours, scale: RollScale, x: float) -> None:
    """Paint the line at the present time; everything to the right of it is still to come."""
    painter.fillRect(QRectF(x - 1, 0, 2, scale.height / scale.pixel_ratio), colours.grey(0.75))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.grey(0.75))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawPolygon(QPolygonF([QPointF(x - 6, -8), QPointF(x + 6, -8), QPointF(x, 0)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def paint_keyboard(painter: QPainter, colours: RollColours, scale: RollScale, lit: Mapping[int, int]) -> None:
    """Paint the keys, the sounding ones (`lit`: pitch to voice) in their part's colour, and the name of each C."""
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
    small_font = QFont(painter.font())
    small_font.setPixelSize(max(8, min(12, int(row))))
    if scale.folded:
        _paint_pitch_names(painter, colours, scale, lit)
        return
    shows_names = QFontMetricsF(small_font).height() <= row * 2
    for pitch in scale.pitches:
        top, key_height = tops[pitch], (tops[pitch - 1] if pitch else height) - tops[pitch]
        lit_colour = colours.part_colour(lit[pitch]) if pitch in lit else None
        if pitch % 12 in BLACK_KEYS:
            painter.fillRect(QRectF(left, top, width * 0.6, key_height), lit_colour or ebony)
            painter.fillRect(QRectF(left + width * 0.6, top + key_height / 2, width * 0.4, 1), line)
        elif lit_colour:
            painter.fillRect(QRectF(left, top, width, key_height), lit_colour)
        if lit_colour and key_height >= _MIN_SIGN_PX:
            _paint_sign(painter, colours, lit[pitch], QRectF(left + 6, top, _MIN_SIGN_PX, key_height))
        if pitch % 12 in {0, 5} and pitch:
            painter.fillRect(QRectF(left, tops[pitch - 1] - 1, width, 1), line)
        if pitch % 12 == 0 and shows_names:
            painter.setFont(small_font)
            painter.setPen(QColor("white" if qGray((lit_colour or ivory).rgb()) < 120 else "black"))
            area = QRectF(left, top + key_height / 2 - 10, width - 4, 20)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, pitch_name(pitch))
    painter.fillRect(QRectF(-1, 0, 1, height), line)


def _paint_sign(painter: QPainter, colours: RollColours, voice: int, area: QRectF) -> None:
    """Paint the sign of a part in the middle of the height of this area, in the paper's colour."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.paper)
    size = area.width()
    draw_shape(painter, part_style(voice).shape, QRectF(area.left(), area.center().y() - size / 2, size, size))
    painter.restore()


def _paint_pitch_names(painter: QPainter, colours: RollColours, scale: RollScale, lit: Mapping[int, int]) -> None:
    """Paint the folded rows beside the notes: sounding ones in their part's colour, and names where there is room."""
    left, height = -float(KEYBOARD_PX), scale.height / scale.pixel_ratio
    painter.fillRect(QRectF(left, 0, KEYBOARD_PX, height), colours.grey(0.06))
    font = QFont(painter.font())
    font.setPixelSize(_PITCH_NAME_PX)
    painter.setFont(font)
    free_px = -float(_PITCH_NAME_PX)
    for pitch in reversed(scale.pitches):
        top = scale.row_tops[pitch] / scale.pixel_ratio
        row = (scale.row_tops[pitch - 1] / scale.pixel_ratio if pitch else height) - top
        if pitch in lit:
            painter.fillRect(QRectF(-_LIT_MARK_PX - 1, top, _LIT_MARK_PX, row), colours.part_colour(lit[pitch]))
        middle = min(max(top + row / 2, _PITCH_NAME_PX / 2), height - _PITCH_NAME_PX / 2)
        if middle >= free_px:
            free_px = middle + _PITCH_NAME_PX
            painter.setPen(colours.grey(0.8))
            area = QRectF(left, middle - 10, KEYBOARD_PX - _LIT_MARK_PX - 5, 20)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, pitch_name(pitch))
    painter.fillRect(QRectF(-1, 0, 1, height), colours.grey(0.3))


def paint_phrase_lane(
    painter: QPainter,
    colours: RollColours,
    scale: RollScale,
    spans: Sequence[PhraseSpan],
    selected: int | None,
    origin_px: int,
    now_ns: int,
) -> None:
    """Paint the phrases with their numbers, the selected one in the highlight colour."""
    width, height = scale.width / scale.pixel_ratio, scale.height / scale.pixel_ratio
    painter.fillRect(QRectF(0, height, width, LANE_PX), colours.grey(0.06))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for span in spans:
        x = (scale.to_px(span.start_ns) - origin_px) / scale.pixel_ratio
        end = (scale.to_px(span.end_ns if span.end_ns is not None else now_ns) - origin_px) / scale.pixel_ratio
        if end < 0 or x > width or end <= x:
            continue
        is_selected = span.number == selected
        area = QRectF(x, height + 3, max(end - x - 2, 4), LANE_PX - 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.accent if is_selected else colours.grey(0.18))
        painter.drawRoundedRect(area, 4, 4)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        painter.setPen(colours.palette.color(role))
        visible = area.intersected(QRectF(0, area.top(), width, area.height())).adjusted(8, 0, -4, 0)
        label = next(
            (
                text
                for text in (tr("Phrase {number}", number=span.number), str(span.number))
                if _fits(painter, text, visible)
            ),
            "",
        )
        painter.drawText(visible, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, label)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _fits(painter: QPainter, text: str, area: QRectF) -> bool:
    return painter.fontMetrics().horizontalAdvance(text) <= area.width()
