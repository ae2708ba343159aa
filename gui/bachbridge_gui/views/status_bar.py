"""The line at the window's foot: lights for notes in and out, the tempo and how well everything keeps time.

The lights follow every frame; the words change at most twice a second, so that they can be read. What does not fit is
left out, the least important first. Trouble has a sign and stands in bold.
"""

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.health import EngineHealth

GLOW_NS = 150_000_000
"""How long a light stays lit after a note."""
TEXT_INTERVAL_NS = 500_000_000
_GAP, _MARGIN, _WARNING_SIGN_WIDTH = 24, 8, 14
_LIGHTS_WIDTH = 96


@dataclass(frozen=True, slots=True)
class StatusItem:
    """One piece of the line; of those that do not fit, the highest `rank` goes first."""

    text: str
    drop_rank: int
    is_warning: bool = False


def status_items(health: EngineHealth, tempo_text: str, now_ns: int) -> tuple[StatusItem, ...]:
    """What the line says, from left to right."""
    late_ns = health.lateness_percentiles_ns(now_ns, 0.5, 0.99)
    engine = f"Engine {' / '.join(map(_format_ms, late_ns))} ms" if late_ns else "Engine idle"
    asked = bool(health.model_p99_ns)
    model = f"Model {_format_ms(health.model_p50_ns)} / {_format_ms(health.model_p99_ns)} ms" if asked else "Model idle"
    faults = health.fault_count(now_ns)
    late = "1 event late or lost" if faults == 1 else f"{faults} events late or lost"
    told = (
        StatusItem(health.engine_text, 0, is_warning=True) if health.engine_text else None,
        StatusItem("Our output comes back: a loop", 0, is_warning=True) if health.has_loop else None,
        StatusItem(tempo_text, 3) if tempo_text else None,
        StatusItem(health.model_text, 1 if health.model_up is False else 4, is_warning=health.model_up is False),
        StatusItem(late, 2, is_warning=True) if faults else StatusItem("Nothing late", 5),
        StatusItem(engine, 6),
        StatusItem(model, 7),
    )
    return tuple(item for item in told if item is not None)


def _format_ms(duration_ns: int) -> str:
    """Milliseconds with as many digits as mean something."""
    ms = duration_ns / 1e6
    return f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}" if ms >= 1 else f"{ms:.2f}"


class StatusBar(QWidget):
    """Fed with `refresh` once a frame; pressing it asks for the monitor."""

    clicked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[StatusItem, ...] = ()
        self._lit = (False, False)
        self._text_updated_ns: int | None = None
        self.setAccessibleName("Status")
        self.setToolTip(
            "Notes in and out, tempo, and of the last minute: how late notes are sent and how long the model takes, "
            "half of the time at most / 99 times in 100 at most. Press to see every message in words."
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """All that the line says."""
        return " · ".join(item.text for item in self._items)

    @property
    def lit(self) -> tuple[bool, bool]:
        """Whether the lights for in and out are lit."""
        return self._lit

    def refresh(self, health: EngineHealth, tempo_text: str, now_ns: int) -> None:
        """Show the state at `now_ns`."""
        lit = (_is_lit(health.last_note_in_ns, now_ns), _is_lit(health.last_note_out_ns, now_ns))
        if lit != self._lit:
            self._lit = lit
            self.update(0, 0, _LIGHTS_WIDTH + 2 * _MARGIN, self.height())
        if self._text_updated_ns is None or now_ns - self._text_updated_ns >= TEXT_INTERVAL_NS:
            self._text_updated_ns = now_ns
            self._show_items(status_items(health, tempo_text, now_ns))

    def _show_items(self, new_items: tuple[StatusItem, ...]) -> None:
        if new_items != self._items:
            self._items = new_items
            self.setAccessibleDescription(self.text)
            self.update()

    # ------------------------------------------------------------ what Qt asks

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
        """An arrow down to us and one up from us: filled when lit, an outline else."""
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        middle = self.height() / 2
        for place, (word, lit) in enumerate(zip(("In", "Out"), self._lit, strict=True)):
            left = _MARGIN + place * _LIGHTS_WIDTH / 2
            down = 1 if word == "In" else -1
            arrow = [(left, -4 * down), (left + 11, -4 * down), (left + 5.5, 5.5 * down)]
            painter.setPen(ink)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight) if lit else Qt.GlobalColor.transparent)
            painter.drawPolygon(QPolygonF([QPointF(x, middle + y) for x, y in arrow]))
            painter.setFont(self._font(bold=lit))
            words = QRectF(left + 16, 0, _LIGHTS_WIDTH / 2 - 16, self.height())
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, word)

    def _paint_item(self, painter: QPainter, item: StatusItem, left: float) -> float:
        """Returns where it ends."""
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        middle = self.height() / 2
        painter.setPen(ink)
        room = self.width() - left - _MARGIN
        end = left + min(room, self._item_width(item))
        if item.is_warning:
            sign = [(left, 5.0), (left + 11, 5.0), (left + 5.5, -5.0)]
            painter.setBrush(ink)
            painter.drawPolygon(QPolygonF([QPointF(x, middle + y) for x, y in sign]))
            left += _WARNING_SIGN_WIDTH + 4
        painter.setFont(self._font(bold=item.is_warning))
        text = painter.fontMetrics().elidedText(item.text, Qt.TextElideMode.ElideRight, int(end - left) + 1)
        painter.drawText(QRectF(left, 0, end - left + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return end

    def _items_that_fit(self, width: float) -> list[StatusItem]:
        """What has room, from left to right; the most important always, cut if need be."""
        kept = list(self._items)
        while len(kept) > 1 and sum(self._item_width(item) + _GAP for item in kept) - _GAP > width:
            kept.remove(max(kept, key=lambda item: item.drop_rank))
        return kept

    def _item_width(self, item: StatusItem) -> float:
        sign = _WARNING_SIGN_WIDTH + 4 if item.is_warning else 0
        return sign + QFontMetricsF(self._font(bold=item.is_warning)).horizontalAdvance(item.text) + 1

    def _font(self, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setBold(bold)
        return font


def _is_lit(last_ns: int | None, now_ns: int) -> bool:
    return last_ns is not None and 0 <= now_ns - last_ns < GLOW_NS
