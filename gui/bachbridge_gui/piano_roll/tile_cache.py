"""Tiles of the roll: past and planned music is painted once, into pixmaps, and copied in each frame.

A tile to the left of the play line holds notes that have ended. It is dropped when one more note within it ends. A tile
to the right is painted anew when the plan for its time changes. The area between them, around the play line, is painted
in each frame, and sounding notes are painted over the tiles.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from PyQt6.QtGui import QColor, QPainter, QPixmap

from bachbridge_gui.piano_roll import painter as roll_painter
from bachbridge_gui.piano_roll.coordinates import SECOND_NS, RollScale, find_beat_lines
from bachbridge_gui.piano_roll.painter import RollColours
from bachbridge_gui.piano_roll.visible_notes import NoteIndex
from bachbridge_gui.state.harmony_track import HarmonyTrack
from bachbridge_gui.state.view_types import BarLines, PhraseSpan, RollNote

_TILE_WIDTH = 64
"""Width of a tile in logical pixels."""
_MAX_PAST_TILES = 96
_PAST_DELAY_NS = SECOND_NS // 3
"""Time becomes a tile only after this delay, when most of its notes have ended."""
_SHAPE_REACH = 24
"""A note's shape may extend this many logical pixels to the right of the note."""


class RollSource(Protocol):
    """The music that the roll shows. Notes are sorted by start; the list grows and is trimmed only at its front."""

    @property
    def notes(self) -> Sequence[RollNote]: ...
    @property
    def planned(self) -> Sequence[RollNote]: ...
    @property
    def bars(self) -> Sequence[BarLines]: ...
    @property
    def spans(self) -> Sequence[PhraseSpan]: ...
    @property
    def harmony(self) -> HarmonyTrack: ...
    @property
    def revision(self) -> int:
        """A number that grows with each change."""
        ...


@dataclass(frozen=True, slots=True)
class Viewport:
    """The visible part of the roll: `left_px` is the device pixel, counted from time 0, at the left edge."""

    colours: RollColours
    scale: RollScale
    left_px: int
    now_ns: int
    selected: int | None


class TileCache:
    """Paints the notes' area by way of tiles; used in the window's thread."""

    def __init__(self, source: RollSource, note_index: NoteIndex) -> None:
        self._source, self._note_index = source, note_index
        self._past_tiles: dict[int, QPixmap] = {}
        self._future_tiles: dict[int, tuple[object, QPixmap]] = {}
        self._cache_key: object = None
        self._seen_bars: BarLines | None = None

    def clear(self) -> None:
        self._past_tiles.clear()
        self._future_tiles.clear()

    def invalidate(self, notes: Iterable[RollNote], scale: RollScale) -> None:
        """Drop the past tiles that `notes`, which have just ended, lie on."""
        tile = _tile_width_px(scale)
        for note in notes if self._past_tiles else ():
            last = scale.to_px(note.end_ns or note.start_ns) + round(_SHAPE_REACH * scale.pixel_ratio)
            for index in range(scale.to_px(note.start_ns) // tile, last // tile + 1):
                self._past_tiles.pop(index, None)

    def invalidate_changed_bars(self, scale: RollScale) -> None:
        """Drop the tiles from the first changed bar line on."""
        last = self._seen_bars
        since_ns: int | None = None
        for lines in reversed(self._source.bars):
            if lines == last:
                break
            since_ns = lines.since_ns
        else:
            since_ns = since_ns if last is None else 0
        if since_ns is not None:
            self._seen_bars = self._source.bars[-1] if self._source.bars else None
            self._future_tiles.clear()
            first = scale.to_px(since_ns) // _tile_width_px(scale)
            self._past_tiles = {index: pixmap for index, pixmap in self._past_tiles.items() if index < first}

    def paint(self, painter: QPainter, viewport: Viewport) -> None:
        """Paint the whole area of the notes; one unit of the painter is a device pixel."""
        cache_key = viewport.scale, viewport.colours.palette.cacheKey(), viewport.selected
        if cache_key != self._cache_key:
            self._cache_key = cache_key
            self.clear()
        scale, first = viewport.scale, viewport.left_px
        tile, last, now_px = _tile_width_px(scale), first + scale.width, scale.to_px(viewport.now_ns)
        past_end = min(last, scale.to_px(viewport.now_ns - _PAST_DELAY_NS) // tile * tile)
        future_px = max(first, -(-now_px // tile) * tile)
        planned = self._source.planned
        planned = planned[: bisect_left(planned, scale.to_ns(last), key=attrgetter("start_ns"))]
        for index in range(first // tile, -(-past_end // tile)):
            if index not in self._past_tiles:
                self._past_tiles[index] = self._paint_tile(viewport, index * tile, ())
            painter.drawPixmap(index * tile - first, 0, self._past_tiles[index])
        for index in range(future_px // tile, -(-last // tile)):
            painter.drawPixmap(index * tile - first, 0, self._future_tile(viewport, index * tile, planned))
        begin, end = max(first, past_end), min(last, future_px)
        if begin < end:
            painter.save()
            painter.setClipRect(begin - first, 0, end - begin, scale.height)
            self._paint_range(painter, viewport, begin, end, first, _notes_within(planned, scale, begin, end))
            painter.restore()
        roll_painter.paint_sounding(painter, viewport.colours, scale, self._note_index.sounding, now_px, first)
        self._evict(first - tile, last + tile, future_px, tile)

    def _evict(self, left: int, right: int, future_px: int, tile: int) -> None:
        """Drop future tiles outside of the visible range (in device pixels), and past ones if there are too many."""
        if len(self._past_tiles) > _MAX_PAST_TILES:
            self._past_tiles = {
                index: pixmap for index, pixmap in self._past_tiles.items() if left <= index * tile <= right
            }
        if any(index * tile < future_px or index * tile > right for index in self._future_tiles):
            self._future_tiles = {
                index: kept for index, kept in self._future_tiles.items() if future_px <= index * tile <= right
            }

    def _future_tile(self, viewport: Viewport, left: int, planned: Sequence[RollNote]) -> QPixmap:
        """Return the tile of planned notes that begins at device pixel `left`."""
        scale, tile = viewport.scale, _tile_width_px(viewport.scale)
        notes = _notes_within(planned, scale, left, left + tile)
        plan = [(note.voice, note.pitch, note.start_ns, note.end_ns) for note in notes]
        index = left // tile
        if index not in self._future_tiles or self._future_tiles[index][0] != plan:
            self._future_tiles[index] = plan, self._paint_tile(viewport, left, notes)
        return self._future_tiles[index][1]

    def _paint_tile(self, viewport: Viewport, left: int, planned: Sequence[RollNote]) -> QPixmap:
        tile = _tile_width_px(viewport.scale)
        pixmap = QPixmap(tile, viewport.scale.height)
        painter = QPainter(pixmap)
        self._paint_range(painter, viewport, left, left + tile, left, planned)
        painter.end()
        return pixmap

    def _paint_range(
        self, painter: QPainter, viewport: Viewport, left: int, right: int, origin_px: int, planned: Sequence[RollNote]
    ) -> None:
        """Paint the ended and the planned notes between two device pixels; `origin_px` is at the painter's x = 0."""
        colours, scale = viewport.colours, viewport.scale
        now_px = max(left, min(right, scale.to_px(viewport.now_ns)))
        if left < now_px:
            roll_painter.paint_background(painter, colours, scale, left - origin_px, now_px - left, is_future=False)
        if now_px < right:
            roll_painter.paint_background(painter, colours, scale, now_px - origin_px, right - now_px, is_future=True)
        self._paint_selection(painter, viewport, left, now_px, origin_px)
        beats = find_beat_lines(self._source.bars, scale.to_ns(left - 4), scale.to_ns(right + 4))
        roll_painter.paint_beat_lines(painter, colours, scale, beats, origin_px)
        reach = round(_SHAPE_REACH * scale.pixel_ratio)
        notes = self._note_index.ended_between(self._source.notes, scale.to_ns(left - reach), scale.to_ns(right + 2))
        roll_painter.paint_notes(painter, colours, scale, notes, origin_px)
        roll_painter.paint_planned(painter, colours, scale, planned, origin_px)

    def _paint_selection(self, painter: QPainter, viewport: Viewport, left: int, right: int, origin_px: int) -> None:
        """Mark the selected phrase under the notes."""
        for span in self._source.spans:
            if span.number == viewport.selected:
                end_ns = span.end_ns if span.end_ns is not None else viewport.now_ns
                begin, end = max(left, viewport.scale.to_px(span.start_ns)), min(right, viewport.scale.to_px(end_ns))
                band = QColor(viewport.colours.accent)
                band.setAlpha(44)
                painter.fillRect(begin - origin_px, 0, max(0, end - begin), viewport.scale.height, band)


def _tile_width_px(scale: RollScale) -> int:
    return round(_TILE_WIDTH * scale.pixel_ratio)


def _notes_within(notes: Sequence[RollNote], scale: RollScale, left: int, right: int) -> list[RollNote]:
    """Return the notes that are visible between two device pixels."""
    from_ns, to_ns = scale.to_ns(left - round(_SHAPE_REACH * scale.pixel_ratio)), scale.to_ns(right)
    return [note for note in notes if note.start_ns < to_ns and (note.end_ns or note.start_ns) > from_ns]
