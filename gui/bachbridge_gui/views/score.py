"""The same music as a score: four voices on two staves, engraved anew for each phrase, away from the window's thread.

One thread engraves, and only what is still wanted: each request has a number, and what does not carry the newest one
is thrown away, before the work where it can be. A change of width asks again; a change of theme only takes other ink.
What nobody looks at is not engraved: the engraver holds Python's lock while it works, for some frames of the roll.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, QRectF, QRunnable, QSize, Qt, QThreadPool, QTimer, pyqtSignal
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QLabel, QScrollArea, QSizePolicy, QStackedLayout, QWidget

from bachbridge.errors import BachBridgeError
from bachbridge.files import engraving
from bachbridge.files.score_layout import sheet
from bachbridge.music.notes import Note, Phrase
from bachbridge_gui.views import score_svg

HINT = "Play something \N{EN DASH} the phrase and its answer appear here as a score"
MISSING = 'The score needs two more packages: pip install "bachbridge[score]"'
FAILED = "This phrase cannot be written as a score; the next one will be tried again."
LONG = "This phrase is too long for a page: export it as a MIDI file, or choose a shorter one."
MOST_BARS = 96
MARGIN = 16
_SETTLED_MS = 150
"""So long must the width have been the same before the score is engraved for it."""
_STAVES = 1.25
"""By how much the staves are larger than the engraver's."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is to be seen: the prompt, and the answer, whose step 0 is the prompt's step `at` (None: its end)."""

    prompt: Phrase
    answer: tuple[Note, ...]
    at: int | None = None

    @property
    def bars(self) -> int:
        """About how many it takes on paper."""
        prompt, at = self.prompt, self.prompt.steps if self.at is None else self.at
        end = max([prompt.steps, *(at + note.end for note in self.answer)])
        return -(-end // prompt.steps_per_bar)


Engrave = Callable[[Exchange, int], bytes]
"""Makes an SVG of an exchange, so many pixels wide. Called on another thread; ImportError: something is missing."""


def engraved(exchange: Exchange, width: int) -> bytes:
    """With the engraver that the extra `score` brings."""
    return engraving.picture(sheet(exchange.prompt, exchange.answer, exchange.at), ".svg", width)


class _Results(QObject):
    """From the engraving thread to the window's: number, picture, sentence."""

    ready = pyqtSignal(int, QImage, str)


class ScoreView(QWidget):
    """Shows the newest exchange; `shown` is emitted when its score is on the screen."""

    shown = pyqtSignal()

    def __init__(self, parent: QWidget | None = None, engrave: Engrave = engraved) -> None:
        super().__init__(parent)
        self._engrave = engrave
        self._exchange: Exchange | None = None
        self._number = 0
        self._asked: Exchange | None = None
        self._asked_width = 0
        self._threads = QThreadPool(self)
        self._threads.setMaxThreadCount(1)
        self._results = _Results()
        self._results.ready.connect(self._take)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self._ask)
        self._words = QLabel(HINT, self)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setMargin(MARGIN)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._page = _Page()
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self._page)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setAccessibleName("Score, scrolled with the arrow keys")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._words)
        self._stack.addWidget(self._scroll)
        self.setAccessibleName("Score")
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(960, 400)

    @property
    def words(self) -> str:
        """The sentence that stands in the score's place, or nothing."""
        return self._words.text() if self._stack.currentWidget() is self._words else ""

    @property
    def picture(self) -> QImage:
        """The score as it is shown, black on nothing."""
        return self._page.picture

    def show_phrase(self, prompt: Phrase, answer: tuple[Note, ...], at: int | None = None) -> None:
        """Show a phrase and its answer (see `Exchange`); whatever was being engraved is forgotten."""
        self._exchange = Exchange(prompt, answer, at)
        self._number += 1
        if self.isVisible():
            self._ask()

    def clear(self) -> None:
        """Back to the empty view."""
        self._exchange = None
        self._number += 1
        self._say(HINT)

    def finish(self, timeout_ms: int = 5000) -> bool:
        """Forget what is wanted and wait for the engraving thread; False where it takes longer than that."""
        self._number += 1
        self._threads.clear()
        return self._threads.waitForDone(timeout_ms)

    def _ask(self) -> None:
        if self._exchange is not None:
            self._number += 1
            self._asked = self._exchange
            self._asked_width = self._width()
            self._threads.clear()
            work = _Work(self._number, self._exchange, self._asked_width, self.devicePixelRatioF(), self)
            self._threads.start(work)

    def _width(self) -> int:
        bar = self._scroll.verticalScrollBar()
        return max(160, self.width() - 2 * MARGIN - (bar.sizeHint().width() if bar else 0))

    def make(self, number: int, exchange: Exchange, width: int, ratio: float) -> None:
        """Engrave one exchange; called on the engraving thread."""
        if number != self._number:
            return
        picture, words = QImage(), ""
        if exchange.bars > MOST_BARS:
            self._results.ready.emit(number, picture, LONG)
            return
        try:
            picture = score_svg.stencil(self._engrave(exchange, round(width / _STAVES)), width, ratio)
        except ImportError:
            words = MISSING
        except BachBridgeError:
            words = FAILED
        except Exception:  # noqa: BLE001 # at the thread's border: the engraver is foreign code, and its view lives on
            words = FAILED
        self._results.ready.emit(number, picture, words or ("" if not picture.isNull() else FAILED))

    def _take(self, number: int, picture: QImage, words: str) -> None:
        if number != self._number:
            return
        if words:
            self._say(words)
        else:
            self._page.show_picture(picture)
            self._stack.setCurrentWidget(self._scroll)
            self.setFocusProxy(self._scroll)
        self.shown.emit()

    def _say(self, words: str) -> None:
        self._words.setText(words)
        self.setFocusProxy(None)  # hidden, it would end the way of the Tab key through the window
        self._stack.setCurrentWidget(self._words)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(a0)
        if self.isVisible() and self._exchange is not None and self._width() != self._asked_width:
            self._settled.start()

    def showEvent(self, a0: QShowEvent | None) -> None:  # noqa: N802
        super().showEvent(a0)
        if self._exchange is not self._asked or self._width() != self._asked_width:
            self._ask()


class _Work(QRunnable):
    """One request to the engraving thread."""

    def __init__(self, number: int, exchange: Exchange, width: int, ratio: float, view: ScoreView) -> None:
        super().__init__()
        self._arguments = number, exchange, width, ratio
        self._view = view

    def run(self) -> None:
        self._view.make(*self._arguments)


class _Page(QWidget):
    """The paper in the palette's colours, the score in its ink."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = QImage()
        self._inked: QImage | None = None
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)

    def show_picture(self, picture: QImage) -> None:
        self.picture, self._inked = picture, None
        height = round(picture.height() / picture.devicePixelRatio()) + 2 * MARGIN
        self.setMinimumHeight(height)
        self.update()

    def changeEvent(self, a0: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(a0)
        self._inked = None
        self.update()

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002
        if self.picture.isNull():
            return
        if self._inked is None:
            self._inked = score_svg.inked(self.picture, self.palette().color(QPalette.ColorRole.Text))
        size = self.picture.deviceIndependentSize()
        QPainter(self).drawImage(QRectF(MARGIN, MARGIN, size.width(), size.height()), self._inked)
