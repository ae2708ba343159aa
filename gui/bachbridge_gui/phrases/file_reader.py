"""Reading a file that was dropped, without holding up the window: a large MIDI file takes seconds.

The file is read by a thread; its signals are delivered on the window's thread. Only the file that was dropped last
counts.
"""

import threading
from contextlib import suppress
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from bachbridge.errors import MidiFileError
from bachbridge.music.notes import Phrase
from bachbridge_gui.state.midi_drop import phrase_from_file


class DroppedFileReader(QObject):
    """Reads MIDI files in the background; used on the window's thread."""

    promptRead = pyqtSignal(object, object)
    """The phrase in the file and the length of its step in ns."""
    refused = pyqtSignal(str)
    """A sentence that says what is wrong with the file."""
    _finished = pyqtSignal(int, object, str)
    """The number of a reading, what was read (None if it failed), and a sentence or an empty text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest = 0
        self._finished.connect(self._report)

    def start_reading(self, path: Path) -> None:
        """Read the file and emit `promptRead` or `refused` later, unless another file is dropped before."""
        self._latest += 1
        thread = threading.Thread(target=self._read_file, args=(path, self._latest), name="dropped file", daemon=True)
        thread.start()

    def _read_file(self, path: Path, number: int) -> None:
        warnings: list[str] = []
        result: tuple[Phrase, int] | None = None
        try:
            result = phrase_from_file(path, warnings.append)
        except MidiFileError as error:
            warnings.append(str(error))
        with suppress(RuntimeError):  # the window was closed meanwhile
            self._finished.emit(number, result, " ".join(warnings))

    def _report(self, number: int, result: tuple[Phrase, int] | None, sentence: str) -> None:
        if number != self._latest:
            return
        if sentence:
            self.refused.emit(sentence)
        if result is not None:
            self.promptRead.emit(*result)
