"""The Qt item model of the exchanges: rows, roles, renaming in place, and files for dragging.

The list itself is an `exchanges.ExchangeList`; this model tells the views what changes in it. One or more dragged rows
become one MIDI file in `DragFiles`.
"""

from collections.abc import Iterable, Sequence

from PyQt6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, Qt, QUrl, pyqtSignal

from bachbridge.errors import BachBridgeError
from bachbridge_gui.state.drag_files import DragFiles
from bachbridge_gui.state.exchanges import (
    MAX_EXCHANGES,
    Exchange,
    ExchangeClose,
    ExchangeList,
    exchange_close_text,
    exchange_summary,
    exchange_title,
    screen_reader_text,
)
from bachbridge_gui.translation import tr

EXCHANGE_ROLE = Qt.ItemDataRole.UserRole
NO_PARENT = QModelIndex()


class PhraseListModel(QAbstractListModel):
    """Rows run from the oldest exchange to the newest."""

    refused = pyqtSignal(str)
    """The file for a drag could not be written; the sentence says why."""

    def __init__(self, drag_files: DragFiles, parent: QObject | None = None, limit: int = MAX_EXCHANGES) -> None:
        super().__init__(parent)
        self.entries = ExchangeList(limit)
        self._drag_files = drag_files

    # ------------------------------------------------------------ Qt's interface

    def rowCount(self, parent: QModelIndex = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        exchange = self.entries[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return exchange_title(exchange)
            case Qt.ItemDataRole.EditRole:
                return exchange.name
            case Qt.ItemDataRole.ToolTipRole:
                facts = (
                    exchange_summary(exchange),
                    exchange_close_text(exchange),
                    tr("{bpm:.0f} bpm", bpm=exchange.bpm),
                )
                known = ", ".join(fact for fact in facts if fact)
                return tr(
                    "{title}: {known}. Drag it into your DAW.",
                    title=exchange_title(exchange),
                    known=known,
                )
            case Qt.ItemDataRole.AccessibleTextRole:
                return screen_reader_text(exchange)
            case _:
                return exchange if role == EXCHANGE_ROLE else None

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

    # ------------------------------------------------------------ for the program

    def drag_data(self, entries: Sequence[Exchange]) -> QMimeData | None:
        """Return the URL of a MIDI file with the exchanges.

        If it cannot be written, emit `refused` and return None.
        """
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

    def add(self, exchange: Exchange) -> int:
        """Add the exchange, or replace the one with the same number; return its row."""
        if (row := self.entries.row_of(exchange.number)) is not None:
            self.entries.add(exchange)
            self._emit_row_changed(row)
            return row
        for row in reversed(self.entries.rows_to_evict()):
            self._remove(row)
        return self._insert(exchange)

    def set_kept(self, rows: Iterable[int], *, kept: bool) -> None:
        for row in rows:
            self.entries.set_kept(row, kept=kept)
            self._emit_row_changed(row)

    def set_close(self, number: int, close: ExchangeClose) -> None:
        """Show how the exchange of that number closes, unless it has been deleted."""
        if (row := self.entries.row_of(number)) is not None:
            self.entries.set_close(row, close)
            self._emit_row_changed(row)

    def delete(self, rows: Sequence[int]) -> None:
        """Delete the rows together, so that one `undo` restores them."""
        deleted = tuple(self.entries[row] for row in sorted(set(rows)))
        for row in sorted(set(rows), reverse=True):
            self._remove(row)
        self.entries.push_deleted(deleted)

    def undo(self) -> list[int]:
        """Restore the exchanges that were deleted last; return their rows."""
        restored = self.entries.pop_deleted()
        for exchange in restored:
            self._insert(exchange)
        return [row for exchange in restored if (row := self.entries.row_of(exchange.number)) is not None]

    def _insert(self, exchange: Exchange) -> int:
        row = self.entries.insertion_row(exchange.number)
        self.beginInsertRows(NO_PARENT, row, row)
        self.entries.insert(exchange)
        self.endInsertRows()
        return row

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(NO_PARENT, row, row)
        self.entries.remove(row)
        self.endRemoveRows()

    def _emit_row_changed(self, row: int) -> None:
        self.dataChanged.emit(self.index(row), self.index(row))
