"""The status bar at the bottom of the window: lights for notes in and out, what the program does, tempo and chord.

The lights are updated in every frame, the text twice a second and whenever the program does something else. Figures are
in the tool tip. Items that do not fit are left out, the least important first. Warnings are bold and have a triangle.
"""

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.health import EngineHealth
from bachbridge_gui.translation import tr, tr_count, translatable

GLOW_NS = 150_000_000
"""How long a light stays lit after a note."""
TEXT_INTERVAL_NS = 500_000_000
_GAP, _MARGIN, _WARNING_SIGN_WIDTH = 24, 8, 14
_LIGHTS_WIDTH = 96
LOOP_TEXT = translatable("Loop: our output comes back to our input, where it is ignored")
_HINT = translatable(
    "Lights for notes in and out, what BachBridge does now, and the tempo. Click to see every message in words."
)


@dataclass(frozen=True, slots=True)
class StatusItem:
    """One item of the status bar. If space is short, the item with the highest `drop_rank` is dropped first."""

    text: str
    drop_rank: int
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class StatusTexts:
    """The words for the status bar that do not come from the engine's health."""

    activity: str = ""
    """The dialogue's state, such as "Listening"; empty while the model cannot play."""
    tempo: str = ""
    harmony: str = ""


def status_items(health: EngineHealth, texts: StatusTexts, now_ns: int) -> tuple[StatusItem, ...]:
    """Return the items of the status bar from left to right."""
    faults = health.fault_count(now_ns)
    late = tr_count(
        "{count} note late or lost in the last minute", "{count} notes late or lost in the last minute", faults
    )
    model_is_down = health.model_up is False
    items = (
        StatusItem(health.engine_text, 0, is_warning=True) if health.engine_text else None,
        StatusItem(tr(LOOP_TEXT), 0, is_warning=True) if health.has_loop else None,
        None if health.model_up else StatusItem(health.model_text, 1, is_warning=model_is_down),
        StatusItem(texts.activity, 2) if texts.activity else None,
        StatusItem(late, 3, is_warning=True) if faults else None,
        StatusItem(texts.tempo, 5) if texts.tempo else None,
        StatusItem(tr("In time"), 6) if not faults and health.model_up else None,
        StatusItem(texts.harmony, 4) if texts.harmony else None,
    )
    return tuple(item for item in items if item is not None)


def timing_text(health: EngineHealth, now_ns: int) -> str:
    """Return the figures of the last minute in words: how late notes were sent, and how long the model took."""
    late_ns = health.lateness_percentiles_ns(now_ns, 0.5, 0.99)
    lines = [health.model_text]
    if late_ns:
        half, most = map(_format_ms, late_ns)
        lines.append(
            tr(
                "In the last minute half of the notes were sent within {half} ms, and 99 % within {most} ms.",
                half=half,
                most=most,
            )
        )
    if health.model_p99_ns:
        half, most = _format_ms(health.model_p50_ns), _format_ms(health.model_p99_ns)
        lines.append(
            tr(
                "The model took {half} ms for half of its answers, and at most {most} ms for 99 %.",
                half=half,
                most=most,
            )
        )
    return "\n".join(lines)


def _format_ms(duration_ns: int) -> str:
    """Return milliseconds with two decimals below 1 ms, one below 10 ms and none above."""
    ms = duration_ns / 1e6
    return f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}" if ms >= 1 else f"{ms:.2f}"


class StatusBar(QWidget):
    """Updated with `refresh` once a frame. `clicked` asks for the monitor."""

    clicked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[StatusItem, ...] = ()
        self._lit = (False, False)
        self._text_updated_ns: int | None = None
        self._texts = StatusTexts()
        self.setAccessibleName(tr("Status"))
        self.setToolTip(tr(_HINT))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The text of all items."""
        return " · ".join(item.text for item in self._items)

    @property
    def lit(self) -> tuple[bool, bool]:
        """True for each light, in and out, that is lit."""
        return self._lit

    def refresh(self, health: EngineHealth, texts: StatusTexts, now_ns: int) -> None:
        """Show the state at `now_ns`."""
        lit = (_is_lit(health.last_note_in_ns, now_ns), _is_lit(health.last_note_out_ns, now_ns))
        if lit != self._lit:
            self._lit = lit
            self.update(0, 0, _LIGHTS_WIDTH + 2 * _MARGIN, self.height())
        is_time = self._text_updated_ns is None or now_ns - self._text_updated_ns >= TEXT_INTERVAL_NS
        if is_time or texts != self._texts:
            self._text_updated_ns, self._texts = now_ns, texts
            self._show_items(status_items(health, texts, now_ns))
            self.setToolTip(f"{timing_text(health, now_ns)}\n\n{tr(_HINT)}")

    def _show_items(self, new_items: tuple[StatusItem, ...]) -> None:
        if new_items != self._items:
            self._items = new_items
            self.setAccessibleDescription(self.text)
            self.update()

    # ------------------------------------------------------------ Qt's interface

    def sizeHint(self) -> QSize:
        return QSize(480, max(32, self.fontMetrics().height() + 2 * _MARGIN))

    def minimumSizeHint(self) -> QSize:
        return QSize(_LIGHTS_WIDTH + 2 * _MARGIN, self.sizeHint().height())

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton and self.rect().contains(a0.pos()):
            self.clicked.emit()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        if a0 is not None and a0.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.clicked.emit()
        else:
            super().keyPressEvent(a0)

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_lights(painter)
        left = float(_MARGIN + _LIGHTS_WIDTH + _GAP // 2)
        for item in self._items_that_fit(self.width() - left - _MARGIN):
            left = self._paint_item(painter, item, left) + _GAP
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _paint_lights(self, painter: QPainter) -> None:
        """Paint an arrow downwards for input and one upwards for output, filled while lit."""
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        middle = self.height() / 2
        for index, (label, lit) in enumerate(zip(("In", "Out"), self._lit, strict=True)):
            left = _MARGIN + index * _LIGHTS_WIDTH / 2
            direction = 1 if label == "In" else -1
            arrow = [(left, -4 * direction), (left + 11, -4 * direction), (left + 5.5, 5.5 * direction)]
            painter.setPen(colour)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight) if lit else Qt.GlobalColor.transparent)
            painter.drawPolygon(QPolygonF([QPointF(x, middle + y) for x, y in arrow]))
            painter.setFont(self._font(bold=lit))
            area = QRectF(left + 16, 0, _LIGHTS_WIDTH / 2 - 16, self.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, label)

    def _paint_item(self, painter: QPainter, item: StatusItem, left: float) -> float:
        """Paint the item from x = `left` on; return the x at which it ends."""
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        middle = self.height() / 2
        painter.setPen(colour)
        end = left + min(self.width() - left - _MARGIN, self._item_width(item))
        if item.is_warning:
            triangle = [(left, 5.0), (left + 11, 5.0), (left + 5.5, -5.0)]
            painter.setBrush(colour)
            painter.drawPolygon(QPolygonF([QPointF(x, middle + y) for x, y in triangle]))
            left += _WARNING_SIGN_WIDTH + 4
        painter.setFont(self._font(bold=item.is_warning))
        text = painter.fontMetrics().elidedText(item.text, Qt.TextElideMode.ElideRight, int(end - left) + 1)
        painter.drawText(QRectF(left, 0, end - left + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return end

    def _items_that_fit(self, width: float) -> list[StatusItem]:
        """Return the items that fit, from left to right; always the most important one, cut if need be."""
        kept = list(self._items)
        while len(kept) > 1 and sum(self._item_width(item) + _GAP for item in kept) - _GAP > width:
            kept.remove(max(kept, key=lambda item: item.drop_rank))
        return kept

    def _item_width(self, item: StatusItem) -> float:
        sign_width = _WARNING_SIGN_WIDTH + 4 if item.is_warning else 0
        return sign_width + QFontMetricsF(self._font(bold=item.is_warning)).horizontalAdvance(item.text) + 1

    def _font(self, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setBold(bold)
        return font


def _is_lit(last_ns: int | None, now_ns: int) -> bool:
    return last_ns is not None and 0 <= now_ns - last_ns < GLOW_NS
