"""The exchanges as Qt's item views want them: rows, roles, renaming in place, and files for a drag.

The list itself is `entries.Entries`; this model tells the views what changes in it. A drag of one or more rows is one
MIDI file on the shelf.
"""

from collections.abc import Iterable, Sequence

from PyQt6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, Qt, QUrl, pyqtSignal

from bachbridge.errors import BachBridgeError
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.exchanges import (
    MAX_EXCHANGES,
    Exchange,
    ExchangeList,
    exchange_summary,
    exchange_title,
    screen_reader_text,
)

ENTRY_ROLE = Qt.ItemDataRole.UserRole
NO_PARENT = QModelIndex()


class PhraseListModel(QAbstractListModel):
    """Rows from the oldest exchange to the newest."""

    refused = pyqtSignal(str)
    """A file could not be made for a drag; the sentence that says why."""

    def __init__(self, drag_files: DragFiles, parent: QObject | None = None, limit: int = MAX_EXCHANGES) -> None:
        super().__init__(parent)
        self.entries = ExchangeList(limit)
        self._drag_files = drag_files

    # ------------------------------------------------------------ what Qt asks

    def rowCount(self, parent: QModelIndex = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self.entries[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return exchange_title(entry)
            case Qt.ItemDataRole.EditRole:
                return entry.name
            case Qt.ItemDataRole.ToolTipRole:
                return (
                    f"{exchange_title(entry)}: {exchange_summary(entry)}, {entry.bpm:.0f} bpm. Drag it into your DAW."
                )
            case Qt.ItemDataRole.AccessibleTextRole:
                return screen_reader_text(entry)
            case _:
                return entry if role == ENTRY_ROLE else None

    def setData(self, index: QModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        self.entries.rename(index.row(), str(value))
        self.dataChanged.emit(index, index)
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid():
            return flags
        return flags | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemNeverHasChildren

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Iterable[QModelIndex]) -> QMimeData | None:
        rows = sorted({index.row() for index in indexes if index.isValid()})
        return self.drag_data([self.entries[row] for row in rows])

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    # ------------------------------------------------------------ what the program does

    def drag_data(self, entries: Sequence[Exchange]) -> QMimeData | None:
        """The exchanges as the URL of one MIDI file; None, and `refused`, where it cannot be written."""
        if not entries:
            return None
        try:
            path = self._drag_files.file_for(entries)
        except BachBridgeError as error:
            self.refused.emit(str(error))
            return None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        return data

    def add(self, entry: Exchange) -> int:
        """Add the exchange or put it in the place of the one with its number; its row."""
        if (row := self.entries.row_of(entry.number)) is not None:
            self.entries.add(entry)
            self._emit_row_changed(row)
            return row
        for row in reversed(self.entries.rows_to_evict()):
            self._remove(row)
        return self._insert(entry)

    def set_kept(self, rows: Iterable[int], *, kept: bool) -> None:
        for row in rows:
            self.entries.set_kept(row, kept=kept)
            self._emit_row_changed(row)

    def delete(self, rows: Sequence[int]) -> None:
        """Take the rows away together, so that one `undo` brings them back."""
        doomed = tuple(self.entries[row] for row in sorted(set(rows)))
        for row in sorted(set(rows), reverse=True):
            self._remove(row)
        self.entries.push_deleted(doomed)

    def undo(self) -> list[int]:
        """Bring back what was deleted last; its rows."""
        back = self.entries.pop_deleted()
        for entry in back:
            self._insert(entry)
        return [row for entry in back if (row := self.entries.row_of(entry.number)) is not None]

    def _insert(self, entry: Exchange) -> int:
        row = self.entries.insertion_row(entry.number)
        self.beginInsertRows(NO_PARENT, row, row)
        self.entries.insert(entry)
        self.endInsertRows()
        return row

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(NO_PARENT, row, row)
        self.entries.remove(row)
        self.endRemoveRows()

    def _emit_row_changed(self, row: int) -> None:
        self.dataChanged.emit(self.index(row), self.index(row))
