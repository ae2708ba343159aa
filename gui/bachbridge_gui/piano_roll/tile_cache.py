"""The music of the roll in tiles: what is over and what is to come is painted once and copied at each frame.

A tile on the left of the play line holds what has ended, and is dropped when one more note in it ends; a tile on the
right is painted anew when the plan of its stretch is another one. Between them, around the play line, everything is
painted at each frame, and what sounds is painted above the tiles.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from PyQt6.QtGui import QColor, QPainter, QPixmap

from bachbridge_gui.piano_roll import painter as roll_painter
from bachbridge_gui.piano_roll.coordinates import SECOND_NS, Scale, marks
from bachbridge_gui.piano_roll.painter import Ink
from bachbridge_gui.piano_roll.visible_notes import Ledger
from bachbridge_gui.state.view_types import BarLines, RollNote, Span

_TILE = 64
"""Logical pixels of a tile's width."""
_MOST_TILES = 96
_GRACE_NS = SECOND_NS // 3
"""A stretch becomes a tile so long after its end, when most of its notes have ended."""
_SHAPE_REACH = 24
"""Logical pixels that a note's shape may reach to the right of the note."""


class RollSource(Protocol):
    """What the roll shows. Notes are by start; the list grows, and is trimmed only at its front."""

    @property
    def notes(self) -> Sequence[RollNote]: ...
    @property
    def planned(self) -> Sequence[RollNote]: ...
    @property
    def bars(self) -> Sequence[BarLines]: ...
    @property
    def spans(self) -> Sequence[Span]: ...
    @property
    def revision(self) -> int:
        """Grows with each change."""
        ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at, and how: `first` is the device pixel, from time 0, at the left edge."""

    ink: Ink
    scale: Scale
    first: int
    now_ns: int
    selected: int | None


class Tiles:
    """Lives in the window's thread."""

    def __init__(self, source: RollSource, ledger: Ledger) -> None:
        self._source, self._ledger = source, ledger
        self._over: dict[int, QPixmap] = {}
        self._ahead: dict[int, tuple[object, QPixmap]] = {}
        self._look: object = None
        self._bars_seen: BarLines | None = None

    def clear(self) -> None:
        self._over.clear()
        self._ahead.clear()

    def drop(self, notes: Iterable[RollNote], scale: Scale) -> None:
        """These notes have ended: what was painted where they lie is not true any more."""
        tile = _width(scale)
        for note in notes if self._over else ():
            last = scale.px(note.end_ns or note.start_ns) + round(_SHAPE_REACH * scale.ratio)
            for index in range(scale.px(note.start_ns) // tile, last // tile + 1):
                self._over.pop(index, None)

    def look_at_bars(self, scale: Scale) -> None:
        """Where bar lines are others than they were, what was painted from there on is not true any more."""
        last = self._bars_seen
        since_ns: int | None = None
        for lines in reversed(self._source.bars):
            if lines == last:
                break
            since_ns = lines.since_ns
        else:
            since_ns = since_ns if last is None else 0
        if since_ns is not None:
            self._bars_seen = self._source.bars[-1] if self._source.bars else None
            self._ahead.clear()
            first = scale.px(since_ns) // _width(scale)
            self._over = {index: pixmap for index, pixmap in self._over.items() if index < first}

    def paint(self, painter: QPainter, sight: Sight) -> None:
        """The whole area of the notes; one unit of the painter is a device pixel."""
        look = sight.scale, sight.ink.palette.cacheKey(), sight.selected
        if look != self._look:
            self._look = look
            self.clear()
        scale, first = sight.scale, sight.first
        tile, last, now_px = _width(scale), first + scale.width, scale.px(sight.now_ns)
        over = min(last, scale.px(sight.now_ns - _GRACE_NS) // tile * tile)
        ahead = max(first, -(-now_px // tile) * tile)
        planned = self._source.planned
        planned = planned[: bisect_left(planned, scale.ns(last), key=attrgetter("start_ns"))]
        for index in range(first // tile, -(-over // tile)):
            if index not in self._over:
                self._over[index] = self._painted(sight, index * tile, ())
            painter.drawPixmap(index * tile - first, 0, self._over[index])
        for index in range(ahead // tile, -(-last // tile)):
            painter.drawPixmap(index * tile - first, 0, self._planned(sight, index * tile, planned))
        begin, end = max(first, over), min(last, ahead)
        if begin < end:
            painter.save()
            painter.setClipRect(begin - first, 0, end - begin, scale.height)
            self._paint_stretch(painter, sight, begin, end, first, _within(planned, scale, begin, end))
            painter.restore()
        roll_painter.paint_sounding(painter, sight.ink, scale, self._ledger.open, now_px, first)
        self._forget(first - tile, last + tile, ahead, tile)

    def _forget(self, left: int, right: int, ahead: int, tile: int) -> None:
        """Keep no more than what is seen, and a little."""
        if len(self._over) > _MOST_TILES:
            self._over = {index: pixmap for index, pixmap in self._over.items() if left <= index * tile <= right}
        if any(index * tile < ahead or index * tile > right for index in self._ahead):
            self._ahead = {index: kept for index, kept in self._ahead.items() if ahead <= index * tile <= right}

    def _planned(self, sight: Sight, left: int, planned: Sequence[RollNote]) -> QPixmap:
        """The tile to come that begins at device pixel `left`."""
        scale, tile = sight.scale, _width(sight.scale)
        notes = _within(planned, scale, left, left + tile)
        plan = [(note.voice, note.pitch, note.start_ns, note.end_ns) for note in notes]
        index = left // tile
        if index not in self._ahead or self._ahead[index][0] != plan:
            self._ahead[index] = plan, self._painted(sight, left, notes)
        return self._ahead[index][1]

    def _painted(self, sight: Sight, left: int, planned: Sequence[RollNote]) -> QPixmap:
        tile = _width(sight.scale)
        pixmap = QPixmap(tile, sight.scale.height)
        painter = QPainter(pixmap)
        self._paint_stretch(painter, sight, left, left + tile, left, planned)
        painter.end()
        return pixmap

    def _paint_stretch(
        self, painter: QPainter, sight: Sight, left: int, right: int, first: int, planned: Sequence[RollNote]
    ) -> None:
        """What has ended and what is planned from device pixel `left` to `right`; `first`: the painter's x 0."""
        ink, scale = sight.ink, sight.scale
        now_px = max(left, min(right, scale.px(sight.now_ns)))
        if left < now_px:
            roll_painter.paint_ground(painter, ink, scale, left - first, now_px - left, ahead=False)
        if now_px < right:
            roll_painter.paint_ground(painter, ink, scale, now_px - first, right - now_px, ahead=True)
        self._paint_band(painter, sight, left, now_px, first)
        beats = marks(self._source.bars, scale.ns(left - 4), scale.ns(right + 4))
        roll_painter.paint_marks(painter, ink, scale, beats, first)
        reach = round(_SHAPE_REACH * scale.ratio)
        notes = self._ledger.between(self._source.notes, scale.ns(left - reach), scale.ns(right + 2))
        roll_painter.paint_notes(painter, ink, scale, notes, first)
        roll_painter.paint_planned(painter, ink, scale, planned, first)

    def _paint_band(self, painter: QPainter, sight: Sight, left: int, right: int, first: int) -> None:
        """The selected phrase, under the notes."""
        for span in self._source.spans:
            if span.number == sight.selected:
                end_ns = span.end_ns if span.end_ns is not None else sight.now_ns
                begin, end = max(left, sight.scale.px(span.start_ns)), min(right, sight.scale.px(end_ns))
                band = QColor(sight.ink.accent)
                band.setAlpha(44)
                painter.fillRect(begin - first, 0, max(0, end - begin), sight.scale.height, band)


def _width(scale: Scale) -> int:
    return round(_TILE * scale.ratio)


def _within(planned: Sequence[RollNote], scale: Scale, left: int, right: int) -> list[RollNote]:
    """Those that are seen between two device pixels."""
    from_ns, to_ns = scale.ns(left - round(_SHAPE_REACH * scale.ratio)), scale.ns(right)
    return [note for note in planned if note.start_ns < to_ns and (note.end_ns or note.start_ns) > from_ns]
