"""The line at the window's foot: lights for notes in and out, the tempo and how well everything keeps time.

The lights follow every frame; the words change at most twice a second, so that they can be read. What does not fit is
left out, the least important first. Trouble has a sign and stands in bold.
"""

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from bachbridge_gui.state.health import Vitals

GLOW_NS = 150_000_000
"""How long a light stays lit after a note."""
TEXT_NS = 500_000_000
_GAP, _MARGIN, _SIGN = 24, 8, 14
_LIGHTS_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of the line; of those that do not fit, the highest `rank` goes first."""

    text: str
    rank: int
    trouble: bool = False


def items(vitals: Vitals, tempo_text: str, now_ns: int) -> tuple[Item, ...]:
    """What the line says, from left to right."""
    late_ns = vitals.lateness_ns(now_ns, 0.5, 0.99)
    engine = f"Engine {' / '.join(map(_ms, late_ns))} ms" if late_ns else "Engine idle"
    asked = bool(vitals.model_p99_ns)
    model = f"Model {_ms(vitals.model_p50_ns)} / {_ms(vitals.model_p99_ns)} ms" if asked else "Model idle"
    faults = vitals.faults(now_ns)
    late = "1 event late or lost" if faults == 1 else f"{faults} events late or lost"
    told = (
        Item(vitals.engine_text, 0, trouble=True) if vitals.engine_text else None,
        Item("Our output comes back: a loop", 0, trouble=True) if vitals.loop else None,
        Item(tempo_text, 3) if tempo_text else None,
        Item(vitals.model_text, 1 if vitals.model_up is False else 4, trouble=vitals.model_up is False),
        Item(late, 2, trouble=True) if faults else Item("Nothing late", 5),
        Item(engine, 6),
        Item(model, 7),
    )
    return tuple(item for item in told if item is not None)


def _ms(duration_ns: int) -> str:
    """Milliseconds with as many digits as mean something."""
    ms = duration_ns / 1e6
    return f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}" if ms >= 1 else f"{ms:.2f}"


class StatusLine(QWidget):
    """Fed with `refresh` once a frame; pressing it asks for the monitor."""

    clicked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[Item, ...] = ()
        self._lit = (False, False)
        self._told_ns: int | None = None
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

    def refresh(self, vitals: Vitals, tempo_text: str, now_ns: int) -> None:
        """Show the state at `now_ns`."""
        lit = (_glows(vitals.last_in_ns, now_ns), _glows(vitals.last_out_ns, now_ns))
        if lit != self._lit:
            self._lit = lit
            self.update(0, 0, _LIGHTS_WIDTH + 2 * _MARGIN, self.height())
        if self._told_ns is None or now_ns - self._told_ns >= TEXT_NS:
            self._told_ns = now_ns
            self._tell(items(vitals, tempo_text, now_ns))

    def _tell(self, told: tuple[Item, ...]) -> None:
        if told != self._items:
            self._items = told
            self.setAccessibleDescription(self.text)
            self.update()

    # ------------------------------------------------------------ what Qt asks

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(480, max(32, self.fontMetrics().height() + 2 * _MARGIN))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(_LIGHTS_WIDTH + 2 * _MARGIN, self.sizeHint().height())

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton and self.rect().contains(a0.pos()):
            self.clicked.emit()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        if a0 is not None and a0.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.clicked.emit()
        else:
            super().keyPressEvent(a0)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_lights(painter)
        left = float(_MARGIN + _LIGHTS_WIDTH + _GAP // 2)
        for item in self._fitting(self.width() - left - _MARGIN):
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

    def _paint_item(self, painter: QPainter, item: Item, left: float) -> float:
        """Returns where it ends."""
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        middle = self.height() / 2
        painter.setPen(ink)
        room = self.width() - left - _MARGIN
        end = left + min(room, self._width(item))
        if item.trouble:
            sign = [(left, 5.0), (left + 11, 5.0), (left + 5.5, -5.0)]
            painter.setBrush(ink)
            painter.drawPolygon(QPolygonF([QPointF(x, middle + y) for x, y in sign]))
            left += _SIGN + 4
        painter.setFont(self._font(bold=item.trouble))
        text = painter.fontMetrics().elidedText(item.text, Qt.TextElideMode.ElideRight, int(end - left) + 1)
        painter.drawText(QRectF(left, 0, end - left + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return end

    def _fitting(self, room: float) -> list[Item]:
        """What has room, from left to right; the most important always, cut if need be."""
        kept = list(self._items)
        while len(kept) > 1 and sum(self._width(item) + _GAP for item in kept) - _GAP > room:
            kept.remove(max(kept, key=lambda item: item.rank))
        return kept

    def _width(self, item: Item) -> float:
        sign = _SIGN + 4 if item.trouble else 0
        return sign + QFontMetricsF(self._font(bold=item.trouble)).horizontalAdvance(item.text) + 1

    def _font(self, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setBold(bold)
        return font


def _glows(last_ns: int | None, now_ns: int) -> bool:
    return last_ns is not None and 0 <= now_ns - last_ns < GLOW_NS
