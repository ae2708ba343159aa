"""Notices models that were added to the library, removed or changed, so that a new export can be chosen at once.

Every two seconds it compares the names and dates of the models' files, which costs a few system calls; the cards are
read and the files checked only if something differs. A file-system watch would not do: the user's folder for models may
not exist yet, and network drives do not report changes.
"""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, QTimer

from bachbridge.inference.runtime import library
from bachbridge_gui.controls.model_picker import ModelChoice

POLL_MS = 2000


class ModelWatcher(QObject):
    """Calls `on_change` with the result of `list_models`, at once and after every change of the models' files."""

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
        """Look for changes; called by the timer."""
        fingerprints = library.file_stamps()
        if fingerprints != self._fingerprints:
            self._fingerprints = fingerprints
            self._on_change(self._list_models())
