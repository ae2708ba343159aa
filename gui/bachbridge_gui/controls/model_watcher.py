"""Sees that models have come to the library, gone or changed, so that a model just exported can be chosen at once.

Every two seconds the names and dates of the models' files are looked at, which costs a few calls to the system; only
where they differ are the cards read and the files checked. A folder watch of the system would not do: the user's
folder for models may not be there yet, and network drives tell nothing.
"""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, QTimer

from bachbridge.inference.runtime import library
from bachbridge_gui.controls.model_picker import ModelChoice

EVERY_MS = 2000


class ModelWatch(QObject):
    """Tells `tell` what `read` finds, now and whenever something is different."""

    def __init__(
        self, read: Callable[[], list[ModelChoice]], tell: Callable[[Sequence[ModelChoice]], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._read, self._tell, self._marks = read, tell, library.marks()
        tell(read())
        timer = QTimer(self)
        timer.timeout.connect(self.look)
        timer.start(EVERY_MS)

    def look(self) -> None:
        """Whether something is different; the timer calls it."""
        marks = library.marks()
        if marks != self._marks:
            self._marks = marks
            self._tell(self._read())
