"""The row above the score: the parts with their signs, zoom, and export."""

from collections.abc import Callable

from PyQt6.QtCore import QRectF, QSize, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from bachbridge_gui.state.view_types import PLAYER
from bachbridge_gui.translation import tr
from bachbridge_gui.widgets.palette import draw_shape, is_dark, part_colour, part_style
from bachbridge_gui.widgets.tokens import SPACE_M_PX, SPACE_S_PX, SPACE_XS_PX

_SIGN_PX, _SIGN_GAP_PX, _GAP_PX = 10, 5, 14


class PartLegend(QWidget):
    """The parts of the score by sign, colour and name; by their first letters or signs alone where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[int, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(1)

    def show_parts(self, parts: tuple[int, ...]) -> None:
        """Show these parts in their order."""
        if parts != self._parts:
            self._parts = parts
            names = ", ".join(part_style(part).label for part in parts)
            self.setAccessibleName(tr("Parts: {names}", names=names))
            self.setToolTip(names)
            self.update()

    @property
    def labels(self) -> list[str]:
        """The names as they are shown."""
        names = [part_style(part).label for part in self._parts]
        letters = [name if part == PLAYER else name[0] for part, name in zip(self._parts, names, strict=True)]
        fitting = (labels for labels in (names, letters) if self._needed_px(labels) <= self.width())
        return next(fitting, [""] * len(names))

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + SPACE_S_PX)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, middle = 0.0, self.height() / 2
        for part, label in zip(self._parts, self.labels, strict=True):
            style, colour = part_style(part), part_colour(part, dark=is_dark(self.palette()))
            painter.setPen(QPen(colour, 1.4))
            painter.setBrush(colour)
            draw_shape(painter, style.shape, QRectF(x, middle - _SIGN_PX / 2, _SIGN_PX, _SIGN_PX))
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            x += _SIGN_PX + _SIGN_GAP_PX
            painter.drawText(round(x), round(middle + self.fontMetrics().ascent() / 2 - 1), label)
            x += self.fontMetrics().horizontalAdvance(label) + _GAP_PX

    def _needed_px(self, names: list[str]) -> int:
        advance = self.fontMetrics().horizontalAdvance
        return sum(_SIGN_PX + _SIGN_GAP_PX + advance(name) + _GAP_PX for name in names) - _GAP_PX


class ScoreToolBar(QWidget):
    """Emits what the buttons ask for: a zoom step (-1, 0 for the normal size, 1), or a file."""

    zoom_pressed = pyqtSignal(int)
    export_pressed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.legend = PartLegend()
        self._smaller = _make_button("\N{MINUS SIGN}", tr("Smaller staves"), lambda: self.zoom_pressed.emit(-1))
        self.size_button = _make_button("100 %", tr("Back to the normal size"), lambda: self.zoom_pressed.emit(0))
        self._larger = _make_button("+", tr("Larger staves"), lambda: self.zoom_pressed.emit(1))
        self.export_button = _make_button(
            tr("Export…"), tr("Save the score as a picture, a PDF or a MusicXML file"), self.export_pressed.emit
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M_PX, SPACE_XS_PX, SPACE_M_PX, SPACE_XS_PX)
        row.setSpacing(SPACE_XS_PX)
        row.addWidget(self.legend, 1)
        for button in (self._smaller, self.size_button, self._larger, self.export_button):
            row.addWidget(button)

    def show_zoom(self, factor: float, *, smallest: bool, largest: bool) -> None:
        """Show the size of the staves, and whether it is the smallest or the largest."""
        self.size_button.setText(f"{factor * 100:.0f} %")
        self._smaller.setEnabled(not smallest)
        self._larger.setEnabled(not largest)


def _make_button(text: str, name: str, action: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(name)
    button.setAccessibleName(name)
    button.clicked.connect(lambda _=False: action())
    return button
