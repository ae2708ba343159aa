"""The files behind a drag: real MIDI files in one temporary folder, which is removed when the program ends.

A DAW may read the file long after the drop, and a file manager may move it away. So a file stays until the program
ends, is never overwritten with other music, and is written again if it is gone.
"""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bachbridge.errors import BachBridgeError
from bachbridge_gui.state.exchanges import Exchange, MidiExport, midi_export


class DragFiles:
    """Creates its folder when it is first needed."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self._files: dict[MidiExport, Path] = {}

    def file_for(self, exchanges: Sequence[Exchange]) -> Path:
        """Return a MIDI file of these exchanges, named after them; `BachBridgeError` if it cannot be written."""
        export = midi_export(exchanges)
        folder = self._ensure_folder()
        path = self._files.get(export) or self._unused_path(folder, export.title)
        if not path.exists():
            export.write(path)
        self._files[export] = path
        return path

    def close(self) -> None:
        """Remove the folder with its files."""
        if self._folder:
            self._folder.cleanup()
        self._folder, self._files = None, {}

    def _unused_path(self, folder: Path, stem: str) -> Path:
        taken = set(self._files.values())
        names = (f"{stem}.mid" if number == 1 else f"{stem} ({number}).mid" for number in count(1))
        return next(path for path in (folder / name for name in names) if path not in taken)

    def _ensure_folder(self) -> Path:
        if self._folder is None or not Path(self._folder.name).is_dir():
            self.close()
            try:
                self._folder = TemporaryDirectory(prefix="BachBridge-", ignore_cleanup_errors=True)
            except OSError as error:
                raise BachBridgeError(
                    f"No temporary folder can be created ({error.strerror}): make room on the disk."
                ) from error
        return Path(self._folder.name)
