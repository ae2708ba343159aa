"""The thread that engraves scores for the view. Only the newest request counts; others end without a result.

The engraver holds Python's global lock while it works, so it is asked as seldom as possible. The thread is Python's:
Qt's pool waits for its threads when the view is deleted, while it holds the lock that they need to come to an end.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QImage

from bachbridge.errors import BachBridgeError
from bachbridge.install_advice import install_advice
from bachbridge.music.timeline import missing_pickup_steps
from bachbridge_gui.score import svg
from bachbridge_gui.score.content import Engraver, ScoreContent
from bachbridge_gui.score.geometry import ScoreGeometry, read_geometry
from bachbridge_gui.score.page import PageContent
from bachbridge_gui.translation import tr, tr_report, translatable

ENGRAVING_FAILED = translatable("This phrase cannot be shown as a score. BachBridge will try again with the next one.")
TOO_LONG = translatable(
    "This phrase is too long for the score view. Export it as a MIDI file, or select a shorter one."
)
MAX_BARS = 96


def packages_missing_text() -> str:
    """Return a sentence that says how to get the packages that engrave."""
    return tr("The score view needs more packages: {advice}.", advice=tr_report(install_advice("score")))


@dataclass(frozen=True, slots=True)
class PageSize:
    """Width of the picture in pixels, size of its staves (1: normal), and pixels of the screen to a logical one."""

    width_px: int
    zoom: float
    pixel_ratio: float


class _Results(QObject):
    """Carries results to the window's thread: request number, page, message. The thread keeps it alive."""

    finished = pyqtSignal(int, object, str)


class EngravingThread(QObject):
    """Lives in the window's thread. `ready` carries the page, and a message if there is none to be shown."""

    ready = pyqtSignal(object, str)

    def __init__(self, engrave: Engraver, parent: QObject) -> None:
        super().__init__(parent)
        self._engrave = engrave
        self._request_number = self._finished_number = 0
        self._executor = ThreadPoolExecutor(1, "engraving")
        self._pending: list[Future[None]] = []
        self._results = _Results()
        self._results.finished.connect(self._on_finished)

    @property
    def is_busy(self) -> bool:
        """True from a request until its result."""
        return self._finished_number != self._request_number

    def request(self, content: ScoreContent, size: PageSize) -> None:
        """Engrave the content; earlier requests become void."""
        self.void_requests()
        self._request_number += 1
        job = self._executor.submit(_run_request, self._results, self._request_number, self._engrave, content, size)
        self._pending.append(job)

    def void_requests(self) -> None:
        """Let no request that was made before have a result."""
        self._request_number += 1
        self._finished_number = self._request_number
        self._pending = [job for job in self._pending if not job.cancel() and not job.done()]

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is engraved any more; return False if that takes longer."""
        return not wait(self._pending, timeout_s).not_done

    def _on_finished(self, number: int, page: PageContent, message: str) -> None:
        if number == self._request_number:
            self._finished_number = number
            self.ready.emit(page, message)


def _run_request(results: _Results, number: int, engrave: Engraver, content: ScoreContent, size: PageSize) -> None:
    """Engrave one exchange and emit the result. Called on the engraving thread."""
    page, message = PageContent(QImage(), QImage(), ScoreGeometry(), content), tr(TOO_LONG)
    if content.bar_count <= MAX_BARS:
        try:
            page, message = _draw_page(engrave, content, size), ""
        except ImportError:
            message = packages_missing_text()
        except BachBridgeError:
            message = tr(ENGRAVING_FAILED)
        except Exception:  # noqa: BLE001 # any error of the foreign engraver must end here, at the thread's border
            message = tr(ENGRAVING_FAILED)
    if page.picture.isNull():
        message = message or tr(ENGRAVING_FAILED)
    results.finished.emit(number, page, message)


def _draw_page(engrave: Engraver, content: ScoreContent, size: PageSize) -> PageContent:
    began_ns = time.thread_time_ns()
    drawing, bars = engrave(content, round(size.width_px / size.zoom)), content.bars
    page = PageContent(
        svg.render_stencil(drawing, size.width_px, size.pixel_ratio),
        svg.render_stencil(svg.note_heads_only(drawing), size.width_px, size.pixel_ratio),
        read_geometry(drawing, bars, 0 if missing_pickup_steps(bars) else 1),
        content,
    )
    return replace(page, cost_ns=time.thread_time_ns() - began_ns)
