"""Sees that models have come to the library, gone or changed, so that a model just exported can be chosen at once.

Every two seconds the names and dates of the models' files are looked at, which costs a few calls to the system; only
where they differ are the cards read and the files checked. A folder watch of the system would not do: the user's
folder for models may not be there yet, and network drives tell nothing.
"""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, QTimer

from bachbridge.inference.runtime import library
from bachbridge_gui.controls.model_picker import ModelChoice

POLL_MS = 2000


class ModelWatcher(QObject):
    """Tells `tell` what `read` finds, now and whenever something is different."""

    def __init__(
        self,
        list_models: Callable[[], list[ModelChoice]],
        on_change: Callable[[Sequence[ModelChoice]], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._list_models, self._on_change, self._fingerprints = list_models, on_change, library.file_stamps()
        on_change(list_models())
        timer = QTimer(self)
        timer.timeout.connect(self.poll)
        timer.start(POLL_MS)

    def poll(self) -> None:
        """Whether something is different; the timer calls it."""
        marks = library.file_stamps()
        if marks != self._fingerprints:
            self._fingerprints = marks
            self._on_change(self._list_models())
