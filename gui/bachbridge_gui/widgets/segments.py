"""Buttons that stay down, painted from the palette: the parts of a row of segments, and a voice with its shape."""

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from bachbridge_gui.widgets.palette import part_style

_CORNER_RADIUS = 4.0


class SegmentButton(QAbstractButton):
    """A word that is highlighted while it is chosen."""

    def __init__(self, text: str, *, tall: bool = True) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._tall = tall

    def sizeHint(self) -> QSize:  # Qt's name
        return QSize(
            self.fontMetrics().horizontalAdvance(self.text()) + 24,
            self.fontMetrics().height() + (24 if self._tall else 10),
        )

    def minimumSizeHint(self) -> QSize:  # Qt's name
        return self.sizeHint()

    def paintEvent(self, e: QPaintEvent | None) -> None:  # noqa: ARG002 # Qt's name
        palette, painter = self.palette(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = palette.color(QPalette.ColorRole.Highlight if self.isChecked() else QPalette.ColorRole.Button)
        if self.isDown() or (self.underMouse() and self.isEnabled() and not self.isChecked()):
            ground = ground.lighter(112) if ground.lightness() < 128 else ground.darker(106)
        painter.setBrush(ground)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 0.5, -1.5, -0.5), _CORNER_RADIUS, _CORNER_RADIUS)
        text = QPalette.ColorRole.HighlightedText if self.isChecked() else QPalette.ColorRole.ButtonText
        painter.setPen(palette.color(text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        _paint_focus(self, painter)


class VoiceToggle(QAbstractButton):
    """A voice's shape in its colour, and its name: filled while it sounds, an outline while it does not."""

    def __init__(self, voice: int) -> None:
        super().__init__()
        self._part_style = part_style(voice)
        self.setText(self._part_style.name)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # Qt's name
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 28, self.fontMetrics().height() + 10)

    def minimumSizeHint(self) -> QSize:  # Qt's name
        return self.sizeHint()

    def paintEvent(self, e: QPaintEvent | None) -> None:  # noqa: ARG002 # Qt's name
        palette, painter = self.palette(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dark = palette.color(QPalette.ColorRole.Window).lightness() < 128
        colour = QColor(self._part_style.dark if dark else self._part_style.light)
        if not self.isEnabled():
            colour.setAlphaF(0.5)
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour if self.isChecked() else Qt.BrushStyle.NoBrush)
        _paint_shape(painter, self._part_style.shape, QPointF(10, self.height() / 2), 6)
        quiet = QPalette.ColorRole.WindowText if self.isChecked() else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(quiet))
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), left, self.text())
        _paint_focus(self, painter)


def exclusive_group(parent: QWidget, buttons: Sequence[QAbstractButton]) -> QButtonGroup:
    """The segments as a group of which one is chosen; their ids are their places."""
    group = QButtonGroup(parent)
    for index, segment in enumerate(buttons):
        group.addButton(segment, index)
    return group


def _paint_focus(widget: QWidget, painter: QPainter) -> None:
    if widget.hasFocus():
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(widget.palette().color(QPalette.ColorRole.WindowText), 1, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(QRectF(widget.rect()).adjusted(3.5, 2.5, -3.5, -2.5), _CORNER_RADIUS, _CORNER_RADIUS)


def _paint_shape(painter: QPainter, shape: str, centre: QPointF, radius: float) -> None:
    box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
    match shape:
        case "triangle":
            painter.drawPolygon(QPolygonF([QPointF(centre.x(), box.top()), box.bottomRight(), box.bottomLeft()]))
        case "square":
            painter.drawRect(box.adjusted(1, 1, -1, -1))
        case "diamond":
            middle_y, middle_x = centre.y(), centre.x()
            top, bottom = QPointF(middle_x, box.top()), QPointF(middle_x, box.bottom())
            sides = QPointF(box.right(), middle_y), QPointF(box.left(), middle_y)
            painter.drawPolygon(QPolygonF([top, sides[0], bottom, sides[1]]))
        case "bar":
            painter.drawRect(QRectF(centre.x() - 2, box.top(), 4, box.height()))
        case _:
            painter.drawEllipse(box)
