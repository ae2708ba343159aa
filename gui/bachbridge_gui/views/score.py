"""The score view: four voices on two staves, engraved for each phrase on a thread of its own.

Each request has a number. Requests without the newest number are dropped, if possible before the work starts. A change
of width makes a new request; a change of theme only changes the colour. A hidden view engraves nothing, since the
engraver holds Python's global lock while it works and so delays the roll by some frames.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, QRectF, QRunnable, QSize, Qt, QThreadPool, QTimer, pyqtSignal
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QLabel, QScrollArea, QSizePolicy, QStackedLayout, QWidget

from bachbridge.errors import BachBridgeError
from bachbridge.files import engraving
from bachbridge.files.score_layout import exchange_musicxml
from bachbridge.music.notes import Note, Phrase
from bachbridge.process.install_advice import install_advice
from bachbridge_gui.views import score_svg

HINT = "Play something \N{EN DASH} the phrase and its answer appear here as a score"
ENGRAVING_FAILED = "This phrase cannot be shown as a score. BachBridge will try again with the next one."
TOO_LONG = "This phrase is too long for the score view. Export it as a MIDI file, or select a shorter one."
MAX_BARS = 96
MARGIN_PX = 16
_RESIZE_SETTLE_MS = 150
"""The score is engraved for a new width after the width has been stable for this long."""
_STAFF_SCALE = 1.25
"""Size of the staves relative to the engraver's default."""


@dataclass(frozen=True, slots=True)
class ScoreContent:
    """The prompt and the answer. The answer's step 0 is the prompt's step `answer_step` (None: the prompt's end)."""

    prompt: Phrase
    answer: tuple[Note, ...]
    answer_step: int | None = None

    @property
    def bar_count(self) -> int:
        """Approximate number of bars in the score."""
        prompt, answer_step = self.prompt, self.prompt.steps if self.answer_step is None else self.answer_step
        end = max([prompt.steps, *(answer_step + note.end for note in self.answer)])
        return -(-end // prompt.steps_per_bar)


Engraver = Callable[[ScoreContent, int], bytes]
"""Returns the SVG of an exchange for a width in pixels. It is called on the engraving thread.

It raises `ImportError` if a package is missing, and `BachBridgeError` if the exchange cannot be engraved.
"""


def engrave_svg(content: ScoreContent, width: int) -> bytes:
    """Engrave the content with the packages of the extra `score`."""
    return engraving.render_picture(
        exchange_musicxml(content.prompt, content.answer, content.answer_step), ".svg", width
    )


class _EngravingSignals(QObject):
    """Carries the result from the engraving thread to the window's: request number, picture, message."""

    ready = pyqtSignal(int, QImage, str)


class ScoreView(QWidget):
    """Shows the newest exchange; `shown` is emitted when its score or a message is on the screen."""

    shown = pyqtSignal()

    def __init__(self, parent: QWidget | None = None, engrave: Engraver = engrave_svg) -> None:
        super().__init__(parent)
        self._engrave = engrave
        self._content: ScoreContent | None = None
        self._request_number = 0
        self._requested: ScoreContent | None = None
        self._requested_width = 0
        self._threads = QThreadPool(self)
        self._threads.setMaxThreadCount(1)
        self._results = _EngravingSignals()
        self._results.ready.connect(self._show_result)
        self._resize_timer = QTimer(self)
        self._resize_timer.setSingleShot(True)
        self._resize_timer.setInterval(_RESIZE_SETTLE_MS)
        self._resize_timer.timeout.connect(self._request_engraving)
        self._message_label = QLabel(HINT, self)
        self._message_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message_label.setWordWrap(True)
        self._message_label.setMargin(MARGIN_PX)
        self._message_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._page = _ScorePage()
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self._page)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setAccessibleName("Score, scrolled with the arrow keys")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._message_label)
        self._stack.addWidget(self._scroll)
        self.setAccessibleName("Score")
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

    def show_phrase(self, prompt: Phrase, answer: tuple[Note, ...], answer_step: int | None = None) -> None:
        """Show a phrase and its answer (see `ScoreContent`) and void earlier requests."""
        self._content = ScoreContent(prompt, answer, answer_step)
        self._request_number += 1
        if self.isVisible():
            self._request_engraving()

    def clear(self) -> None:
        """Return to the empty view."""
        self._content = None
        self._request_number += 1
        self._show_message(HINT)

    def cancel_and_wait(self, timeout_ms: int = 5000) -> bool:
        """Void all requests and wait for the engraving thread; return False if it is not done in time."""
        self._request_number += 1
        self._threads.clear()
        return self._threads.waitForDone(timeout_ms)

    def _request_engraving(self) -> None:
        if self._content is not None:
            self._request_number += 1
            self._requested = self._content
            self._requested_width = self._page_width()
            self._threads.clear()
            work = _EngravingJob(
                self._request_number, self._content, self._requested_width, self.devicePixelRatioF(), self
            )
            self._threads.start(work)

    def _page_width(self) -> int:
        bar = self._scroll.verticalScrollBar()
        return max(160, self.width() - 2 * MARGIN_PX - (bar.sizeHint().width() if bar else 0))

    def engrave_request(self, number: int, content: ScoreContent, width: int, pixel_ratio: float) -> None:
        """Engrave one exchange and emit the result. Called on the engraving thread."""
        if number != self._request_number:
            return
        picture, message = QImage(), ""
        if content.bar_count > MAX_BARS:
            self._results.ready.emit(number, picture, TOO_LONG)
            return
        try:
            picture = score_svg.render_stencil(self._engrave(content, round(width / _STAFF_SCALE)), width, pixel_ratio)
        except ImportError:
            message = f"The score view needs more packages: {install_advice('score')}."
        except BachBridgeError:
            message = ENGRAVING_FAILED
        except Exception:  # noqa: BLE001 # any error of the foreign engraver must end here, at the thread's border
            message = ENGRAVING_FAILED
        if picture.isNull():
            message = message or ENGRAVING_FAILED
        self._results.ready.emit(number, picture, message)

    def _show_result(self, number: int, picture: QImage, message: str) -> None:
        if number != self._request_number:
            return
        if message:
            self._show_message(message)
        else:
            self._page.show_picture(picture)
            self._stack.setCurrentWidget(self._scroll)
            self.setFocusProxy(self._scroll)
        self.shown.emit()

    def _show_message(self, message: str) -> None:
        self._message_label.setText(message)
        self.setFocusProxy(None)  # a hidden proxy would stop the Tab key on its way through the window
        self._stack.setCurrentWidget(self._message_label)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        if self.isVisible() and self._content is not None and self._page_width() != self._requested_width:
            self._resize_timer.start()

    def showEvent(self, a0: QShowEvent | None) -> None:
        super().showEvent(a0)
        if self._content is not self._requested or self._page_width() != self._requested_width:
            self._request_engraving()


class _EngravingJob(QRunnable):
    """One request to the engraving thread."""

    def __init__(self, number: int, content: ScoreContent, width: int, pixel_ratio: float, view: ScoreView) -> None:
        super().__init__()
        self._arguments = number, content, width, pixel_ratio
        self._view = view

    def run(self) -> None:
        self._view.engrave_request(*self._arguments)


class _ScorePage(QWidget):
    """The page: background and score in the palette's colours."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = QImage()
        self._tinted: QImage | None = None
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)

    def show_picture(self, picture: QImage) -> None:
        self.picture, self._tinted = picture, None
        height = round(picture.height() / picture.devicePixelRatio()) + 2 * MARGIN_PX
        self.setMinimumHeight(height)
        self.update()

    def changeEvent(self, a0: QEvent | None) -> None:
        super().changeEvent(a0)
        self._tinted = None
        self.update()

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        if self.picture.isNull():
            return
        if self._tinted is None:
            self._tinted = score_svg.tint_stencil(self.picture, self.palette().color(QPalette.ColorRole.Text))
        size = self.picture.deviceIndependentSize()
        QPainter(self).drawImage(QRectF(MARGIN_PX, MARGIN_PX, size.width(), size.height()), self._tinted)
