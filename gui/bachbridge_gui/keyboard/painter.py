"""Layout and painting of the on-screen piano: how many keys fit, where each one lies, and how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPalette, QPen, qGray

from bachbridge.music.notes import BLACK_KEYS, pitch_name
from bachbridge_gui.widgets.palette import draw_shape, is_dark, mix_colours, part_colour, part_style

_WHITE_KEYS = (0, 2, 4, 5, 7, 9, 11)
_WHITE_WIDTH_PX = 26
"""Preferred width of a white key in logical pixels."""
_MIN_WHITE_WIDTH_PX = 14
"""Width of a white key down to which four octaves are shown: C2 to C6."""
_BLACK_WIDTH, _BLACK_HEIGHT = 0.6, 0.62
"""Width and height of a black key as a share of a white key's."""
_BLACK_CENTRES = {1: 0.95, 3: 2.05, 6: 3.93, 8: 5.0, 10: 6.07}
"""Centre of each black key in its octave, in widths of a white key from the left edge of C."""
_SIGN_PX = 12
"""Size of the sign of a part on a sounding key."""
_MIN_VELOCITY, _MAX_VELOCITY = 36, 120


@dataclass(frozen=True, slots=True)
class KeyboardLayout:
    """A piano of `octaves` octaves from the C `low_pitch` up to and with the next C; sizes in logical pixels."""

    width: int
    height: int
    low_pitch: int
    octaves: int

    @classmethod
    def for_size(cls, width: int, height: int, lowest_pitch: int) -> "KeyboardLayout":
        """Return the layout with as many octaves as fit: C2 to C6 if there is some room.

        They include the two octaves from `lowest_pitch` on.
        """
        least = 4 if width >= 29 * _MIN_WHITE_WIDTH_PX else 2
        octaves = max(least, min(7, width // (7 * _WHITE_WIDTH_PX)))
        low = 48 - 12 * ((octaves - 2) // 2) if octaves < 7 else 24
        low = min(max(low, lowest_pitch + 24 - 12 * octaves), lowest_pitch)
        return cls(width, height, low, octaves)

    @property
    def high_pitch(self) -> int:
        return min(127, self.low_pitch + 12 * self.octaves)

    @property
    def white_width(self) -> float:
        """Width of a white key."""
        return self.width / (7 * self.octaves + 1)

    def key_rect(self, pitch: int) -> QRectF:
        octave, pitch_class = divmod(pitch - self.low_pitch, 12)
        if pitch_class in BLACK_KEYS:
            width = self.white_width * _BLACK_WIDTH
            x = (7 * octave + _BLACK_CENTRES[pitch_class]) * self.white_width - width / 2
            return QRectF(round(x), 0, round(width), round(self.height * _BLACK_HEIGHT))
        x = (7 * octave + _WHITE_KEYS.index(pitch_class)) * self.white_width
        return QRectF(round(x), 0, round(x + self.white_width) - round(x), self.height)

    def pitch_at(self, x: float, y: float) -> int | None:
        """Return the pitch of the key at a point; None outside the piano."""
        pitches = range(self.low_pitch, self.high_pitch + 1)
        blacks_first = sorted(pitches, key=lambda pitch: pitch % 12 not in BLACK_KEYS)
        return next((pitch for pitch in blacks_first if _contains(self.key_rect(pitch), x, y)), None)

    def velocity_at(self, pitch: int, y: float) -> int:
        """Return the velocity for a press at height `y`: the lower on the key, the louder."""
        share = max(0.0, min(1.0, y / self.key_rect(pitch).height()))
        return round(_MIN_VELOCITY + share * (_MAX_VELOCITY - _MIN_VELOCITY))


def _contains(area: QRectF, x: float, y: float) -> bool:
    return area.left() <= x < area.right() and area.top() <= y < area.bottom()


def paint_piano(
    painter: QPainter,
    palette: QPalette,
    layout: KeyboardLayout,
    lit: Mapping[int, int],
    letters: Mapping[int, str],
    *,
    focused: bool,
) -> None:
    """Paint the whole piano.

    `lit` maps each sounding pitch to its voice, whose colour its key gets; `letters` maps pitches to computer keys.
    """
    dark = is_dark(palette)
    paper, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
    ivory, ebony = (
        (mix_colours(paper, text, 0.75), mix_colours(paper, text, 0.06))
        if dark
        else (paper, mix_colours(paper, text, 0.82))
    )
    painter.fillRect(QRectF(0, 0, layout.width, layout.height), ivory)
    pitches = range(layout.low_pitch, layout.high_pitch + 1)
    font = QFont(painter.font())
    font.setPixelSize(max(9, min(13, int(layout.white_width * 0.5))))
    painter.setFont(font)
    line = mix_colours(ivory, ebony, 0.35)
    for black in (False, True):
        for pitch in pitches:
            if (pitch % 12 in BLACK_KEYS) is black:
                fill = part_colour(lit[pitch], dark=dark) if pitch in lit else ebony if black else ivory
                _paint_key(painter, layout.key_rect(pitch), fill, line, black=black)
                _paint_labels(painter, layout, pitch, fill, letters.get(pitch, ""))
                if pitch in lit:
                    _paint_sign(painter, layout.key_rect(pitch), lit[pitch], paper if not dark else text)
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight) if focused else line, 2 if focused else 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(0, 0, layout.width, layout.height).adjusted(0.5, 0.5, -0.5, -0.5))


def _paint_key(painter: QPainter, area: QRectF, fill: QColor, line: QColor, *, black: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    if black:
        painter.setPen(line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(area.adjusted(0.5, -4, -0.5, -0.5), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    else:
        painter.drawRect(area)
        painter.fillRect(QRectF(area.right() - 1, 0, 1, area.height()), line)


def _paint_sign(painter: QPainter, key_area: QRectF, voice: int, colour: QColor) -> None:
    """Paint the sign of the sounding part on its key."""
    size = min(_SIGN_PX, key_area.width() * 0.6)
    area = QRectF(key_area.center().x() - size / 2, key_area.top() + key_area.height() * 0.3, size, size)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    draw_shape(painter, part_style(voice).shape, area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _paint_labels(painter: QPainter, layout: KeyboardLayout, pitch: int, fill: QColor, letter: str) -> None:
    """Paint the letter of the computer key and, on each C, the name of the pitch."""
    area = layout.key_rect(pitch)
    label_colour = QColor("white" if qGray(fill.rgb()) < 128 else "black")
    if letter:
        painter.setPen(label_colour)
        above = area.adjusted(0, 0, 0, -20 if area.height() == layout.height else -6)
        painter.drawText(above, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, letter)
    if pitch % 12 == 0:
        painter.setPen(mix_colours(fill, label_colour, 0.6))
        below = area.adjusted(0, 0, 0, -4)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, pitch_name(pitch))
