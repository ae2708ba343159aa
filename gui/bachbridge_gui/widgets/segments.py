"""Buttons that stay pressed, painted from the palette: the segments of a row, and a voice with its shape."""

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from bachbridge_gui.widgets.palette import draw_shape, is_dark, part_colour, part_style
from bachbridge_gui.widgets.tokens import LINE_HEIGHT_PX, TARGET_HEIGHT_PX

_CORNER_RADIUS = 4.0


class SegmentButton(QAbstractButton):
    """A button with a word, highlighted while it is checked."""

    def __init__(self, text: str, *, tall: bool = True) -> None:
        super().__init__()
        _set_up_toggle(self, text)
        self._tall = tall

    def sizeHint(self) -> QSize:
        return QSize(
            self.fontMetrics().horizontalAdvance(self.text()) + 24,
            max(self.fontMetrics().height() + 10, TARGET_HEIGHT_PX if self._tall else LINE_HEIGHT_PX),
        )

    def minimumSizeHint(self) -> QSize:
        """Return a narrower size, for a row that has little room."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 10, self.sizeHint().height())

    def paintEvent(self, e: QPaintEvent | None) -> None:
        palette, painter = self.palette(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        background = palette.color(QPalette.ColorRole.Highlight if self.isChecked() else QPalette.ColorRole.Button)
        if self.isDown() or (self.underMouse() and self.isEnabled() and not self.isChecked()):
            background = background.lighter(112) if background.lightness() < 128 else background.darker(106)
        painter.setBrush(background)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 0.5, -1.5, -0.5), _CORNER_RADIUS, _CORNER_RADIUS)
        text_role = QPalette.ColorRole.HighlightedText if self.isChecked() else QPalette.ColorRole.ButtonText
        painter.setPen(palette.color(text_role))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        _paint_focus(self, painter)


class VoiceToggle(QAbstractButton):
    """A voice's name and shape in its colour. The shape is filled while the voice is on, an outline while it is off."""

    def __init__(self, voice: int) -> None:
        super().__init__()
        self._voice = voice
        _set_up_toggle(self, part_style(voice).label)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 28, self.fontMetrics().height() + 10)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, e: QPaintEvent | None) -> None:
        palette, painter = self.palette(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = part_colour(self._voice, dark=is_dark(palette))
        if not self.isEnabled():
            colour.setAlphaF(0.5)
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour if self.isChecked() else Qt.BrushStyle.NoBrush)
        draw_shape(painter, part_style(self._voice).shape, QRectF(4, self.height() / 2 - 6, 12, 12))
        text_role = QPalette.ColorRole.WindowText if self.isChecked() else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(text_role))
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), left, self.text())
        _paint_focus(self, painter)


def exclusive_group(parent: QWidget, buttons: Sequence[QAbstractButton]) -> QButtonGroup:
    """Return the buttons as a group in which one is checked at a time. A button's id is its index."""
    group = QButtonGroup(parent)
    for index, button in enumerate(buttons):
        group.addButton(button, index)
    return group


def _set_up_toggle(button: QAbstractButton, text: str) -> None:
    button.setText(text)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _paint_focus(widget: QWidget, painter: QPainter) -> None:
    if widget.hasFocus():
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(widget.palette().color(QPalette.ColorRole.WindowText), 1, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(QRectF(widget.rect()).adjusted(3.5, 2.5, -3.5, -2.5), _CORNER_RADIUS, _CORNER_RADIUS)
