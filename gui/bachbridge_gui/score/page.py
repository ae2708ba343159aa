"""The page of the score view: the engraved picture in the palette's colours, with what is painted over and under it.

Under the music lies a tint where the answer is. Over it lie the bar numbers, the word at the answer's beginning, and
two lines: the cursor, which shows what sounds, and the marker, which shows from where a click or Enter would play.
Only the lines' own areas are painted anew when they move. The heads of notes have the colours of their parts.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QWidget

from bachbridge_gui.score import svg
from bachbridge_gui.score.content import ScoreContent
from bachbridge_gui.score.geometry import BarBox, NoteHead, ScoreGeometry
from bachbridge_gui.translation import tr, tr_in
from bachbridge_gui.widgets.palette import is_dark, mix_colours, part_colour
from bachbridge_gui.widgets.style import colour_for
from bachbridge_gui.widgets.tokens import RADIUS_PX, SPACE_M_PX

MARGIN_PX = SPACE_M_PX
_LINE_WIDTH_PX = 2.0
_TINT_SHARE = 0.10
"""Share of the highlight colour in the tint behind the answer."""
_REACH_SHARE = 0.12
"""How far the tint and the lines reach beyond the staves, as a share of a system's height."""
_HEAD_ROOM = 1.25
"""Height of the area that is coloured, as a multiple of a head's height."""
_WORD_SHARE, _MIN_WORD_PX, _MAX_WORD_PX = 0.07, 10, 15
"""Size of the bar numbers, as a share of a system's height and in pixels."""
_ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class PageContent:
    """An engraved picture, one of its notes' heads alone, their places, and the exchange that they show.

    `cost_ns` is the processor time that it took.
    """

    picture: QImage
    heads: QImage
    geometry: ScoreGeometry
    content: ScoreContent
    cost_ns: int = 0


class ScorePage(QWidget):
    """The page. A click asks to hear the music from there; so does Enter, after arrow keys have moved the marker."""

    step_clicked = pyqtSignal(int)
    marker_moved = pyqtSignal(QRect)
    """The keys have moved the marker; its area in pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = QImage()
        self.geometry_read = ScoreGeometry()
        self._heads = QImage()
        self._content: ScoreContent | None = None
        self._tinted: QImage | None = None
        self._cursor_step: float | None = None
        self._marker_step: int | None = None
        self._can_play = False
        self._areas = {"cursor": QRect(), "marker": QRect()}
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Score"))
        self.setAccessibleDescription(tr("Left and Right choose a note, Enter plays from there"))

    def show_page(self, page: PageContent) -> None:
        """Show another picture."""
        self.picture, self.geometry_read, self._content = page.picture, page.geometry, page.content
        self._heads, self._tinted = page.heads, None
        height = round(page.picture.height() / page.picture.devicePixelRatio()) + 2 * MARGIN_PX
        self.setMinimumHeight(height)
        if self._marker_step is not None and self.geometry_read.bar_at_step(self._marker_step) is None:
            self._marker_step = None
        self._areas = {"cursor": self._line_area(self._cursor_step), "marker": self._line_area(self._marker_step)}
        self.update()

    def set_playable(self, *, on: bool) -> None:
        """Let clicks and Enter play the music, or not: what somebody is playing now cannot be heard again yet."""
        self._can_play = on
        self.setCursor(Qt.CursorShape.PointingHandCursor if on else Qt.CursorShape.ArrowCursor)
        if not on:
            self._move_marker(None)

    @property
    def content(self) -> ScoreContent | None:
        """The exchange that is shown."""
        return self._content

    @property
    def marker_step(self) -> int | None:
        """The step of the marker; None while there is none."""
        return self._marker_step

    def move_cursor(self, step: float | None) -> QRect:
        """Put the cursor on a step (None: hide it) and return the area in pixels that it covers."""
        self._cursor_step = step
        return self._move_line("cursor", step)

    def _move_marker(self, step: int | None) -> QRect:
        self._marker_step = step
        return self._move_line("marker", step)

    def _move_line(self, name: str, step: float | None) -> QRect:
        area = self._line_area(step)
        if area != self._areas[name]:
            self.update(self._areas[name])
            self.update(area)
            self._areas[name] = area
        return area

    def _scale_px(self) -> float:
        return self.picture.deviceIndependentSize().width()

    def _line_area(self, step: float | None) -> QRect:
        bar = None if step is None else self.geometry_read.bar_at_step(step)
        if step is None or bar is None:
            return QRect()
        scale = self._scale_px()
        reach = _REACH_SHARE * (bar.bottom - bar.top)
        x = MARGIN_PX + bar.place_at(step) * scale
        top = MARGIN_PX + (bar.top - reach) * scale
        return QRectF(x - 2, top, 5, (bar.bottom - bar.top + 2 * reach) * scale).toAlignedRect()

    # ------------------------------------------------------------ what Qt calls

    def changeEvent(self, a0: QEvent | None) -> None:
        super().changeEvent(a0)
        self._tinted = None
        self.update()

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:
        step = self._step_at(a0) if a0 is not None and a0.button() == Qt.MouseButton.LeftButton else None
        if step is not None:
            self.step_clicked.emit(step)

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:
        self._move_marker(self._step_at(a0) if a0 is not None else None)

    def leaveEvent(self, a0: QEvent | None) -> None:
        super().leaveEvent(a0)
        self._move_marker(None)

    def focusOutEvent(self, a0: QFocusEvent | None) -> None:
        super().focusOutEvent(a0)
        self._move_marker(None)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        """Move the marker by notes with the arrow keys, Home and End, and play from it with Enter."""
        if a0 is None:
            return
        steps = sorted({int(step) for bar in self.geometry_read.bars for step, _ in bar.anchors})
        if not steps or not self._can_play:
            super().keyPressEvent(a0)
            return
        marker = self._marker_step
        index = -1 if marker is None else bisect_left(steps, marker)
        match a0.key():
            case Qt.Key.Key_Right:
                index = bisect_right(steps, marker) if marker is not None else 0
            case Qt.Key.Key_Left:
                index -= 1
            case Qt.Key.Key_Home:
                index = 0
            case Qt.Key.Key_End:
                index = len(steps) - 1
            case key if key in _ENTER_KEYS:
                self.step_clicked.emit(steps[0] if marker is None else marker)
                return
            case _:
                super().keyPressEvent(a0)
                return
        self.marker_moved.emit(self._move_marker(steps[max(0, min(len(steps) - 1, index))]))

    def _step_at(self, event: QMouseEvent) -> int | None:
        """Return the step at the mouse; None where there is no music or it cannot be played."""
        if self.picture.isNull() or not self._can_play:
            return None
        scale = self._scale_px()
        x, y = (event.position().x() - MARGIN_PX) / scale, (event.position().y() - MARGIN_PX) / scale
        bar = self.geometry_read.bar_at_point(x, y)
        return None if bar is None else bar.step_at(x)

    # ------------------------------------------------------------ painting

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        if self.picture.isNull():
            return
        if self._tinted is None:
            self._tinted = self._coloured_picture()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_answer_tint(painter)
        size = self.picture.deviceIndependentSize()
        painter.drawImage(QRectF(MARGIN_PX, MARGIN_PX, size.width(), size.height()), self._tinted)
        self._paint_words(painter)
        palette = self.palette()
        for name, colour in (("marker", colour_for(palette, "muted")), ("cursor", colour_for(palette, "accent"))):
            area = self._areas[name]
            if not area.isNull():
                style = Qt.PenStyle.DotLine if name == "marker" else Qt.PenStyle.SolidLine
                painter.setPen(QPen(colour, _LINE_WIDTH_PX, style))
                x = area.left() + 2.5
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _coloured_picture(self) -> QImage:
        """Return the picture in the text colour, with the heads of notes in the colours of their parts."""
        tinted = svg.tint_stencil(self.picture, self.palette().color(QPalette.ColorRole.Text))
        if self._content is None or self._heads.isNull():
            return tinted
        dark, part_of, scale = is_dark(self.palette()), self._content.part_lookup(), self._scale_px()
        heads = self._heads.copy()
        painter = QPainter(heads)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        for head in self.geometry_read.heads:
            painter.setClipRect(_head_area(head, scale))
            painter.fillRect(_head_area(head, scale), part_colour(part_of(head.voice, head.step), dark=dark))
        painter.end()
        painter = QPainter(tinted)
        painter.drawImage(QPointF(0, 0), heads)
        painter.end()
        return tinted

    def _paint_answer_tint(self, painter: QPainter) -> None:
        step = self._content.marked_step if self._content else None
        if step is None:
            return
        palette, scale = self.palette(), self._scale_px()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(
            mix_colours(palette.color(QPalette.ColorRole.Base), colour_for(palette, "accent"), _TINT_SHARE)
        )
        for left, right, top, bottom in self.geometry_read.system_spans(step):
            reach = _REACH_SHARE * (bottom - top)
            area = QRectF(left, top - reach, right - left, bottom - top + 2 * reach)
            painter.drawRoundedRect(_in_pixels(area, scale), RADIUS_PX, RADIUS_PX)

    def _paint_words(self, painter: QPainter) -> None:
        """Paint the number of each bar, and the word where the answer begins."""
        scale, content = self._scale_px(), self._content
        bars = self.geometry_read.bars
        if not bars:
            return
        font = painter.font()
        height_px = (bars[0].bottom - bars[0].top) * scale
        font.setPixelSize(max(_MIN_WORD_PX, min(_MAX_WORD_PX, round(_WORD_SHARE * height_px))))
        painter.setFont(font)
        muted = colour_for(self.palette(), "muted")
        for bar in bars:
            if bar.number > 0:
                _paint_above(painter, bar, bar.left, str(bar.number), muted, scale)
        step = content.marked_step if content else None
        bar = None if step is None else self.geometry_read.bar_at_step(step)
        if step is not None and bar is not None:
            number_px = painter.fontMetrics().horizontalAdvance(f"{bar.number}  ") if step == bar.start else 0
            font.setBold(True)
            painter.setFont(font)
            left = bar.left if step == bar.start else bar.place_at(step)
            accent = colour_for(self.palette(), "accent")
            _paint_above(painter, bar, left + number_px / scale, tr_in("mark in the score", "Answer"), accent, scale)


def _paint_above(painter: QPainter, bar: BarBox, left: float, text: str, colour: QColor, scale: float) -> None:
    """Paint a text above the staves of a bar, clear of stems and ledger lines."""
    reach = _REACH_SHARE * (bar.bottom - bar.top) * scale
    painter.setPen(colour)
    painter.drawText(QPointF(MARGIN_PX + left * scale + 3, MARGIN_PX + bar.top * scale - reach - 3), text)


def _in_pixels(area: QRectF, scale: float) -> QRectF:
    return QRectF(
        MARGIN_PX + area.x() * scale, MARGIN_PX + area.y() * scale, area.width() * scale, area.height() * scale
    )


def _head_area(head: NoteHead, scale: float) -> QRectF:
    """Return the area of a note's head within the picture, in its logical pixels."""
    height = head.height * _HEAD_ROOM
    return QRectF(head.left * scale, (head.middle - height / 2) * scale, head.width * scale, height * scale)
