"""The whole picture of the roll: its notes by way of tiles, and around them the ruler, the keys and the phrase lane."""

from collections.abc import Iterable

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter, QPalette

from bachbridge_gui.piano_roll import axes
from bachbridge_gui.piano_roll.coordinates import RollScale, find_beat_lines
from bachbridge_gui.piano_roll.harmony_ruler import HarmonyRuler
from bachbridge_gui.piano_roll.painter import RollColours
from bachbridge_gui.piano_roll.tile_cache import RollSource, TileCache, Viewport
from bachbridge_gui.piano_roll.visible_notes import NoteIndex
from bachbridge_gui.state.view_types import RollNote
from bachbridge_gui.translation import tr, translatable

HINT = translatable("Play something \N{EN DASH} your notes appear here")


class RollPicture:
    """Paints the source's music; used in the window's thread."""

    def __init__(self, source: RollSource, note_index: NoteIndex) -> None:
        self._source, self._note_index = source, note_index
        self._tile_cache, self._harmony_ruler = TileCache(source, note_index), HarmonyRuler(source.harmony)
        self._colour_cache: tuple[object, RollColours] | None = None

    def colours(self, palette: QPalette, pixel_ratio: float) -> RollColours:
        """Return the colours made from the palette, the same ones until it changes."""
        key = palette.cacheKey(), pixel_ratio
        if self._colour_cache is None or self._colour_cache[0] != key:
            self._colour_cache = key, RollColours(palette, pixel_ratio)
        return self._colour_cache[1]

    def invalidate(self, ended: Iterable[RollNote] | None, scale: RollScale) -> None:
        """Drop the tiles on which notes have `ended` (None: all), and those after a changed bar line."""
        if ended is None:
            self._tile_cache.clear()
        else:
            self._tile_cache.invalidate(ended, scale)
        self._tile_cache.invalidate_changed_bars(scale)

    def paint(self, painter: QPainter, viewport: Viewport, height_px: int) -> None:
        """Paint a roll of that height, in logical pixels, with the painter's origin in its upper left corner."""
        colours, scale = viewport.colours, viewport.scale
        ruler, lane = axes.ruler_and_lane_px(height_px)
        width = scale.width / scale.pixel_ratio
        painter.fillRect(QRectF(0, 0, axes.KEYBOARD_PX + width, ruler), colours.grey(0.06))
        painter.fillRect(QRectF(0, height_px - lane, axes.KEYBOARD_PX + width, lane), colours.grey(0.06))
        painter.translate(axes.KEYBOARD_PX, ruler)
        painter.save()
        painter.scale(1 / scale.pixel_ratio, 1 / scale.pixel_ratio)
        painter.setClipRect(0, 0, scale.width, scale.height)
        self._tile_cache.paint(painter, viewport)
        painter.restore()
        painter.setClipRect(QRectF(0, -ruler, width, height_px))
        self._paint_time_axis(painter, viewport, ruler, has_lane=lane > 0)
        self._paint_play_line_or_hint(painter, viewport)
        painter.setClipping(False)
        axes.paint_keyboard(painter, colours, scale, {note.pitch: note.voice for note in self._note_index.sounding})

    def _paint_time_axis(self, painter: QPainter, viewport: Viewport, ruler_px: int, *, has_lane: bool) -> None:
        """Paint bar numbers; chords above them and phrases below the notes unless the roll is low."""
        colours, scale, left_px, source = viewport.colours, viewport.scale, viewport.left_px, self._source
        beats = list(find_beat_lines(source.bars, scale.to_ns(left_px), scale.to_ns(left_px + scale.width)))
        axes.paint_ruler(painter, colours, scale, beats, left_px, ruler_px - axes.HARMONY_PX * has_lane)
        if has_lane:
            self._harmony_ruler.paint(painter, colours, scale, left_px, -ruler_px, axes.HARMONY_PX)
            axes.paint_phrase_lane(painter, colours, scale, source.spans, viewport.selected, left_px, viewport.now_ns)

    def _paint_play_line_or_hint(self, painter: QPainter, viewport: Viewport) -> None:
        colours, scale = viewport.colours, viewport.scale
        if self._source.notes or self._source.planned:
            x = (scale.to_px(viewport.now_ns) - viewport.left_px) / scale.pixel_ratio
            axes.paint_play_line(painter, colours, scale, x)
            return
        painter.setPen(colours.grey(0.6))
        area = QRectF(0, 0, scale.width / scale.pixel_ratio, scale.height / scale.pixel_ratio)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr(HINT))
