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
from bachbridge_gui.piano_roll.coordinates import SECOND_NS, RollScale, find_beat_lines
from bachbridge_gui.piano_roll.painter import RollColours
from bachbridge_gui.piano_roll.visible_notes import NoteIndex
from bachbridge_gui.state.view_types import BarLines, PhraseSpan, RollNote

_TILE_WIDTH = 64
"""Logical pixels of a tile's width."""
_MAX_PAST_TILES = 96
_PAST_DELAY_NS = SECOND_NS // 3
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
    def spans(self) -> Sequence[PhraseSpan]: ...
    @property
    def revision(self) -> int:
        """Grows with each change."""
        ...


@dataclass(frozen=True, slots=True)
class Viewport:
    """What is looked at, and how: `first` is the device pixel, from time 0, at the left edge."""

    colours: RollColours
    scale: RollScale
    left_px: int
    now_ns: int
    selected: int | None


class TileCache:
    """Lives in the window's thread."""

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
        """These notes have ended: what was painted where they lie is not true any more."""
        tile = _tile_width_px(scale)
        for note in notes if self._past_tiles else ():
            last = scale.to_px(note.end_ns or note.start_ns) + round(_SHAPE_REACH * scale.pixel_ratio)
            for index in range(scale.to_px(note.start_ns) // tile, last // tile + 1):
                self._past_tiles.pop(index, None)

    def invalidate_changed_bars(self, scale: RollScale) -> None:
        """Where bar lines are others than they were, what was painted from there on is not true any more."""
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
        """The whole area of the notes; one unit of the painter is a device pixel."""
        look = viewport.scale, viewport.colours.palette.cacheKey(), viewport.selected
        if look != self._cache_key:
            self._cache_key = look
            self.clear()
        scale, first = viewport.scale, viewport.left_px
        tile, last, now_px = _tile_width_px(scale), first + scale.width, scale.to_px(viewport.now_ns)
        over = min(last, scale.to_px(viewport.now_ns - _PAST_DELAY_NS) // tile * tile)
        ahead = max(first, -(-now_px // tile) * tile)
        planned = self._source.planned
        planned = planned[: bisect_left(planned, scale.to_ns(last), key=attrgetter("start_ns"))]
        for index in range(first // tile, -(-over // tile)):
            if index not in self._past_tiles:
                self._past_tiles[index] = self._paint_tile(viewport, index * tile, ())
            painter.drawPixmap(index * tile - first, 0, self._past_tiles[index])
        for index in range(ahead // tile, -(-last // tile)):
            painter.drawPixmap(index * tile - first, 0, self._future_tile(viewport, index * tile, planned))
        begin, end = max(first, over), min(last, ahead)
        if begin < end:
            painter.save()
            painter.setClipRect(begin - first, 0, end - begin, scale.height)
            self._paint_range(painter, viewport, begin, end, first, _notes_within(planned, scale, begin, end))
            painter.restore()
        roll_painter.paint_sounding(painter, viewport.colours, scale, self._note_index.sounding, now_px, first)
        self._evict(first - tile, last + tile, ahead, tile)

    def _evict(self, left: int, right: int, future_px: int, tile: int) -> None:
        """Keep no more than what is seen, and a little."""
        if len(self._past_tiles) > _MAX_PAST_TILES:
            self._past_tiles = {
                index: pixmap for index, pixmap in self._past_tiles.items() if left <= index * tile <= right
            }
        if any(index * tile < future_px or index * tile > right for index in self._future_tiles):
            self._future_tiles = {
                index: kept for index, kept in self._future_tiles.items() if future_px <= index * tile <= right
            }

    def _future_tile(self, viewport: Viewport, left: int, planned: Sequence[RollNote]) -> QPixmap:
        """The tile to come that begins at device pixel `left`."""
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
        """What has ended and what is planned from device pixel `left` to `right`; `first`: the painter's x 0."""
        ink, scale = viewport.colours, viewport.scale
        now_px = max(left, min(right, scale.to_px(viewport.now_ns)))
        if left < now_px:
            roll_painter.paint_background(painter, ink, scale, left - origin_px, now_px - left, is_future=False)
        if now_px < right:
            roll_painter.paint_background(painter, ink, scale, now_px - origin_px, right - now_px, is_future=True)
        self._paint_selection(painter, viewport, left, now_px, origin_px)
        beats = find_beat_lines(self._source.bars, scale.to_ns(left - 4), scale.to_ns(right + 4))
        roll_painter.paint_beat_lines(painter, ink, scale, beats, origin_px)
        reach = round(_SHAPE_REACH * scale.pixel_ratio)
        notes = self._note_index.ended_between(self._source.notes, scale.to_ns(left - reach), scale.to_ns(right + 2))
        roll_painter.paint_notes(painter, ink, scale, notes, origin_px)
        roll_painter.paint_planned(painter, ink, scale, planned, origin_px)

    def _paint_selection(self, painter: QPainter, viewport: Viewport, left: int, right: int, origin_px: int) -> None:
        """The selected phrase, under the notes."""
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
    """Those that are seen between two device pixels."""
    from_ns, to_ns = scale.to_ns(left - round(_SHAPE_REACH * scale.pixel_ratio)), scale.to_ns(right)
    return [note for note in notes if note.start_ns < to_ns and (note.end_ns or note.start_ns) > from_ns]
