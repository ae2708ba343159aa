"""The score view: an exchange as a score on two staves; pages of music without pages.

Engraving takes 10 to 60 ms, so it happens on a thread of its own (`engraving_thread`). A hidden view engraves nothing.
The phrase that is being played is engraved anew at most every `LIVE_INTERVAL_NS`, and seldomer the longer it is, since
that delays the roll by some frames. The music always fills the width of the view; zoom sets the size of its staves.
"""

from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QImage, QPalette, QResizeEvent, QShowEvent, QWheelEvent
from PyQt6.QtWidgets import QFileDialog, QLabel, QScrollArea, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import BachBridgeError
from bachbridge.files.score_layout import ScoreOptions
from bachbridge.music.notes import Note, Phrase, key_from_number
from bachbridge_gui.score.content import (
    Engraver,
    ScoreContent,
    engrave_svg,
    export_bytes,
    export_path,
    file_filters,
)
from bachbridge_gui.score.cursor import PlayCursor
from bachbridge_gui.score.engraving_thread import EngravingThread, PageSize, packages_missing_text
from bachbridge_gui.score.live_staff import LiveStaff, live_staff
from bachbridge_gui.score.page import MARGIN_PX, PageContent, ScorePage
from bachbridge_gui.score.tool_bar import ScoreToolBar
from bachbridge_gui.state.exchanges import Exchange, file_stem
from bachbridge_gui.state.timeline import RollTimeline
from bachbridge_gui.translation import tr, translatable

HINT = translatable("Play something \N{EN DASH} the phrase and its answer appear here as a score")
LIVE_INTERVAL_NS = 350_000_000
LIVE_COST_RATIO = 8
"""Least time between two pictures of a phrase that is being played: in ns, and as a multiple of the last one's cost."""
ZOOM_FACTORS = (0.6, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0, 2.5)
_RESIZE_SETTLE_MS = 150
"""The score is engraved for a new width after the width has been stable for this long."""


class ScoreView(QWidget):
    """Shows the newest exchange; `shown` is emitted when its score or a message is on the screen."""

    shown = pyqtSignal()
    play_requested = pyqtSignal(Exchange, int)
    """The exchange that is shown is to be played from this step on."""
    refused = pyqtSignal(str)
    """A sentence that says what was not possible and what to do about it."""

    def __init__(self, parent: QWidget | None = None, engrave: Engraver = engrave_svg) -> None:
        super().__init__(parent)
        self.play_cursor = PlayCursor()
        self._exchange: Exchange | None = None
        self._live: LiveStaff | None = None
        self._live_since_ns = self._live_engraved_ns = 0
        self._live_revision = -1
        self._live_interval_ns = LIVE_INTERVAL_NS
        self._zoom = 1.0
        self._cursor_top_px = 0
        """Top of the line of music with the cursor: the page scrolls when the cursor comes to another line."""
        self._content: ScoreContent | None = None
        self._requested: ScoreContent | None = None
        self._requested_width = 0
        self._thread = EngravingThread(engrave, self)
        self._thread.ready.connect(self._show_result)
        self._resize_timer = QTimer(self)
        self._resize_timer.setSingleShot(True)
        self._resize_timer.setInterval(_RESIZE_SETTLE_MS)
        self._resize_timer.timeout.connect(self._request_engraving)
        self._build_layout()

    def _build_layout(self) -> None:
        self._message_label = QLabel(tr(HINT), self)
        self._message_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message_label.setWordWrap(True)
        self._message_label.setMargin(MARGIN_PX)
        self._message_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._page = ScorePage()
        self._page.step_clicked.connect(self._play_from)
        self._page.marker_moved.connect(self._scroll_to)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._page)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the page has it, and passes on the keys that scroll
        self.tool_bar = ScoreToolBar()
        self.tool_bar.zoom_pressed.connect(self.change_zoom)
        self.tool_bar.export_pressed.connect(self._choose_export)
        self._sheet = QWidget(self)
        column = QVBoxLayout(self._sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tool_bar)
        column.addWidget(self._scroll, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._message_label)
        self._stack.addWidget(self._sheet)
        self.setAccessibleName(tr("Score"))
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(960, 400)

    @property
    def message(self) -> str:
        """The message shown in place of the score; empty if the score is shown."""
        return self._message_label.text() if self._stack.currentWidget() is self._message_label else ""

    @property
    def picture(self) -> QImage:
        """The picture of the score, black on a transparent background."""
        return self._page.picture

    @property
    def is_engraving(self) -> bool:
        """True while a picture is being made."""
        return self._thread.is_busy

    @property
    def page(self) -> ScorePage:
        """The page with the music."""
        return self._page

    def show_exchange(self, exchange: Exchange, options: ScoreOptions) -> None:
        """Show an exchange of the list, from which the music can be played."""
        options = replace(options, step_ns=exchange.step_ns, key=key_from_number(exchange.close.key))
        self.show_content(ScoreContent(exchange.prompt, exchange.answer, exchange.answer_step, options))
        self._exchange = exchange

    def show_phrase(self, prompt: Phrase, answer: tuple[Note, ...], answer_step: int | None = None) -> None:
        """Show a phrase and its answer (see `ScoreContent`) and void earlier requests."""
        self.show_content(ScoreContent(prompt, answer, answer_step))

    def show_content(self, content: ScoreContent) -> None:
        """Show any content and void earlier requests; what is being played no longer counts."""
        self._exchange, self._live, self._live_since_ns = None, None, -1
        self._set_content(content)

    def _set_content(self, content: ScoreContent) -> None:
        self._content = content
        self._thread.void_requests()
        if self.isVisible():
            self._request_engraving()

    # ------------------------------------------------------------ while it plays

    def expect_playback(self, exchange: Exchange, step: int) -> None:
        """Follow an exchange, which is about to be played from a step on, if it is the one that is shown."""
        if self._exchange is not None and self._exchange.number == exchange.number:
            self.play_cursor.expect(step, exchange.steps, exchange.step_ns)

    def run_frame(self, now_ns: int, timeline: RollTimeline) -> None:
        """Move the cursor, and show what is being played. Call it once a frame, also while the view is hidden."""
        if self._live_since_ns < 0:
            self._live_since_ns = now_ns
        if not self.isVisible():
            return
        if self.play_cursor.is_active:
            self._live_since_ns = now_ns
            self._move_cursor(self.play_cursor.step_at(now_ns))
            return
        is_due = now_ns - self._live_engraved_ns >= self._live_interval_ns and not self._thread.is_busy
        if timeline.revision != self._live_revision and (is_due or self._content is None):
            self._show_live(timeline, now_ns)
        live = self._live
        self._move_cursor((now_ns - live.origin_ns) / live.step_ns if live and not timeline.is_idle else None)

    def _show_live(self, timeline: RollTimeline, now_ns: int) -> None:
        """Engrave what is being played, if there is anything that is not shown yet."""
        self._live_revision = timeline.revision
        live = live_staff(timeline, now_ns, self._live_since_ns)
        if live is not None:
            self._live, self._live_engraved_ns, self._exchange = live, now_ns, None
            if live.content != self._content:
                self._set_content(live.content)

    def _move_cursor(self, step: float | None) -> None:
        area = self._page.move_cursor(step)
        if not area.isNull() and area.top() != self._cursor_top_px:
            self._scroll_to(area)
        self._cursor_top_px = area.top()

    def _scroll_to(self, area: QRect) -> None:
        """Scroll so that a line of music can be seen, its beginning above all."""
        middle = area.center()
        self._scroll.ensureVisible(middle.x(), middle.y(), 0, area.height() // 2 + MARGIN_PX)

    def _play_from(self, step: int) -> None:
        if self._exchange is not None:
            self.play_requested.emit(self._exchange, step)

    # ------------------------------------------------------------ size and files

    def change_zoom(self, direction: int) -> None:
        """Make the staves larger (1) or smaller (-1) by a step, or normal (0)."""
        index = ZOOM_FACTORS.index(self._zoom) + direction if direction else ZOOM_FACTORS.index(1.0)
        self._zoom = ZOOM_FACTORS[max(0, min(len(ZOOM_FACTORS) - 1, index))]
        self.tool_bar.show_zoom(
            self._zoom, smallest=self._zoom == ZOOM_FACTORS[0], largest=self._zoom == ZOOM_FACTORS[-1]
        )
        if self.isVisible():
            self._request_engraving()

    def wheelEvent(self, a0: QWheelEvent | None) -> None:
        """Change the size with Ctrl and the wheel."""
        if a0 is not None and a0.modifiers() & Qt.KeyboardModifier.ControlModifier and a0.angleDelta().y():
            self.change_zoom(1 if a0.angleDelta().y() > 0 else -1)
            a0.accept()
        else:
            super().wheelEvent(a0)

    def export_to(self, path: Path) -> None:
        """Write the score in the format of the file's name; emit `refused` if that fails."""
        if self._content is None:
            return
        try:
            data = export_bytes(self._content, path.suffix.lower())
            with atomic_output(path) as file_path:
                file_path.write_bytes(data)
        except ImportError:
            self.refused.emit(packages_missing_text())
        except BachBridgeError as error:
            self.refused.emit(str(error))

    def _choose_export(self) -> None:
        stem = file_stem([self._exchange]) if self._exchange else "BachBridge score"
        filters = ";;".join(file_filters())
        name, chosen_filter = QFileDialog.getSaveFileName(self, tr("Save the score"), f"{stem}.musicxml", filters)
        if name:
            self.export_to(export_path(name, chosen_filter))

    # ------------------------------------------------------------ engraving

    def clear(self) -> None:
        """Return to the empty view."""
        self._content = self._exchange = self._live = None
        self._thread.void_requests()
        self._show_message(tr(HINT))

    def cancel_and_wait(self, timeout_s: float = 5.0) -> bool:
        """Void all requests and wait for the engraving thread; return False if it is not done in time."""
        self._thread.void_requests()
        return self._thread.wait(timeout_s)

    def _request_engraving(self) -> None:
        if self._content is not None:
            self._requested, self._requested_width = self._content, self._page_width()
            size = PageSize(self._requested_width, self._zoom, self.devicePixelRatioF())
            self._thread.request(self._content, size)

    def _page_width(self) -> int:
        bar = self._scroll.verticalScrollBar()
        return max(160, self.width() - 2 * MARGIN_PX - (bar.sizeHint().width() if bar else 0))

    def _show_result(self, page: PageContent, message: str) -> None:
        if message:
            self._show_message(message)
        else:
            self._live_interval_ns = max(LIVE_INTERVAL_NS, LIVE_COST_RATIO * page.cost_ns)
            self._page.set_playable(on=self._exchange is not None)
            if not page.content.goes_on_from(self._page.content):
                self._scroll.ensureVisible(0, 0)
            self._page.show_page(page)
            self.tool_bar.legend.show_parts(page.content.parts)
            self._stack.setCurrentWidget(self._sheet)
        self.shown.emit()

    def _show_message(self, message: str) -> None:
        self._message_label.setText(message)
        self._stack.setCurrentWidget(self._message_label)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        if self.isVisible() and self._content is not None and self._page_width() != self._requested_width:
            self._resize_timer.start()

    def showEvent(self, a0: QShowEvent | None) -> None:
        super().showEvent(a0)
        if self._content is not self._requested or self._page_width() != self._requested_width:
            self._request_engraving()
