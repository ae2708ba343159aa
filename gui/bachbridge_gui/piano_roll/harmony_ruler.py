"""The row of the ruler with chords, keys and cadences: which labels there is room for, and their painting.

A label begins where its chord does. Its name is shown if it overlaps no other; the key, the cadence and the Roman
numeral follow where there is room before the next chord. What is shown depends on the zoom only, never on the part that
is visible, so nothing flickers while the view scrolls. Each label is painted once, into a pixmap, and copied.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, zip_longest
from typing import Literal

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPixmap

from bachbridge.music.notes import key_from_number
from bachbridge_gui.piano_roll.coordinates import RollScale
from bachbridge_gui.piano_roll.painter import RollColours
from bachbridge_gui.state.harmony_track import HarmonyMark, HarmonyTrack
from bachbridge_gui.state.harmony_words import cadence_text, key_text
from bachbridge_gui.widgets.typography import scaled_font

RunKind = Literal["key", "chord", "numeral", "close", "cadence"]
_RUN_GAP_PX, _LABEL_GAP_PX, _TICK_PX, _CLOSE_SIGN_PX = 5.0, 8.0, 4.0, 8.0
_SMALL_SCALE = 0.9
_MAX_PIXMAPS = 200
_BOLD: tuple[RunKind, ...] = ("key", "chord")


@dataclass(frozen=True, slots=True)
class LabelRun:
    """A piece of a label: the sign of a cadence (kind "close", without text) or a text."""

    kind: RunKind
    text: str


@dataclass(frozen=True, slots=True)
class RulerLabel:
    """A label whose left edge is `left_px` logical pixels from time 0."""

    left_px: float
    width_px: float
    runs: tuple[LabelRun, ...]
    is_planned: bool = False


def lay_out_labels(
    marks: Sequence[HarmonyMark],
    planned: HarmonyMark | None,
    to_px: Callable[[int], float],
    run_width: Callable[[LabelRun], float],
) -> list[RulerLabel]:
    """Return the labels that do not overlap, in order of time. Widths and positions are logical pixels."""
    coming = [planned] if planned and (not marks or planned.since_ns > marks[-1].since_ns) else []
    shown = [mark for mark in (*marks, *coming) if mark.chord or mark.new_key >= 0]
    lefts = [to_px(mark.since_ns) for mark in shown]
    rooms = [after - left for left, after in pairwise(lefts)] + [float("inf")]
    labels: list[RulerLabel] = []
    free_px = float("-inf")
    for index, mark in enumerate(shown):
        needed, *optional = _wanted_runs(mark)
        width = _TICK_PX + run_width(needed)
        yields = width + _LABEL_GAP_PX > rooms[index] and _yields(shown[index + 1], rooms[index], rooms[index + 1])
        if lefts[index] < free_px or yields:
            continue
        runs = [needed]
        for run in optional:
            if width + _RUN_GAP_PX + run_width(run) + _LABEL_GAP_PX <= rooms[index]:
                width += _RUN_GAP_PX + run_width(run)
                runs.append(run)
        runs.sort(key=lambda run: _ORDER[run.kind])
        labels.append(RulerLabel(lefts[index], width, tuple(runs), mark is planned))
        free_px = lefts[index] + width + _LABEL_GAP_PX
    return labels


def _yields(following: HarmonyMark, room_px: float, room_after_px: float) -> bool:
    """Return True if the name of a short chord gives way to a following one that matters more."""
    return bool(following.cadence) or following.new_key >= 0 or room_after_px > 2 * room_px


_ORDER: dict[RunKind, int] = {"key": 0, "chord": 1, "numeral": 2, "close": 3, "cadence": 4}


def _wanted_runs(mark: HarmonyMark) -> list[LabelRun]:
    """Return the runs of a label, the most important first; its chord if there is one, else its key."""
    key = key_from_number(mark.new_key)
    runs = [LabelRun("chord", mark.chord)] if mark.chord else []
    runs += [LabelRun("key", f"{key_text(key)}{':' if mark.chord else ''}")] if key else []
    runs += [LabelRun("close", "")] if mark.cadence else []
    runs += [LabelRun("numeral", mark.numeral)] if mark.numeral else []
    runs += [LabelRun("cadence", cadence_text(mark.cadence))] if mark.cadence else []
    return runs


class HarmonyRuler:
    """Paints the labels of a track; used on the window's thread."""

    def __init__(self, track: HarmonyTrack) -> None:
        self._track = track
        self._labels: list[RulerLabel] = []
        self._font_key = ""
        self._layout_key: object = None
        self._paint_key: object = None
        self._pixmaps: dict[tuple[tuple[LabelRun, ...], bool, int], QPixmap] = {}
        self._widths: dict[LabelRun, float] = {}

    def labels(self, scale: RollScale, font: QFont) -> list[RulerLabel]:
        """Return the labels at this zoom."""
        if font.key() != self._font_key:
            self._font_key = font.key()
            self._widths.clear()
        layout_key = self._track.revision, scale.px_per_ns, scale.pixel_ratio, self._font_key
        if layout_key != self._layout_key:
            self._layout_key = layout_key
            to_px, run_width = partial(_logical_px, scale), partial(self._run_width, font)
            self._labels = lay_out_labels(self._track.marks, self._track.planned, to_px, run_width)
        return self._labels

    def paint(
        self, painter: QPainter, colours: RollColours, scale: RollScale, origin_px: int, top_px: float, height_px: float
    ) -> None:
        """Paint the labels in a row of that height; device pixel `origin_px` is at the painter's x = 0."""
        font = painter.font()
        paint_key = colours.palette.cacheKey(), scale.pixel_ratio, font.key(), height_px
        if paint_key != self._paint_key or len(self._pixmaps) > _MAX_PIXMAPS:
            self._paint_key = paint_key
            self._pixmaps.clear()
        labels, width = self.labels(scale, font), scale.width / scale.pixel_ratio
        origin = origin_px / scale.pixel_ratio
        first = max(0, bisect_right(labels, origin, key=lambda label: label.left_px) - 1)
        for label, following in zip_longest(labels[first:], labels[first + 1 :]):
            x = label.left_px - origin
            if x > width:
                break
            next_x = following.left_px - origin if following else width + label.width_px
            # The label that began before the left edge stays in view as long as there is room.
            pinned_x = max(x, min(0.0, next_x - label.width_px - _LABEL_GAP_PX))
            painter.drawPixmap(QPointF(pinned_x, top_px), self._pixmap(label, colours, scale, font, height_px))

    def _run_width(self, font: QFont, run: LabelRun) -> float:
        if run.kind == "close":
            return _CLOSE_SIGN_PX
        if run not in self._widths:
            self._widths[run] = QFontMetricsF(_run_font(font, run)).horizontalAdvance(run.text)
        return self._widths[run]

    def _pixmap(
        self, label: RulerLabel, colours: RollColours, scale: RollScale, font: QFont, height_px: float
    ) -> QPixmap:
        key = label.runs, label.is_planned, round(label.width_px)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._paint_label(label, colours, scale, font, height_px)
        return self._pixmaps[key]

    def _paint_label(
        self, label: RulerLabel, colours: RollColours, scale: RollScale, font: QFont, height_px: float
    ) -> QPixmap:
        ratio = scale.pixel_ratio
        pixmap = QPixmap(round((label.width_px + 2) * ratio), round(height_px * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.fillRect(QRectF(0, height_px * 0.25, 1, height_px * 0.5), colours.grey(0.45))
        x = _TICK_PX
        for run in label.runs:
            if run.kind == "close":
                _paint_close_sign(painter, colours, x, height_px)
            else:
                painter.setFont(_run_font(font, run))
                painter.setPen(_run_colour(run, colours, is_planned=label.is_planned))
                area = QRectF(x, 0, label.width_px + 2 - x, height_px)
                painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, run.text)
            x += self._run_width(font, run) + _RUN_GAP_PX
        painter.end()
        return pixmap


def _logical_px(scale: RollScale, at_ns: int) -> float:
    return scale.to_px(at_ns) / scale.pixel_ratio


def _run_font(font: QFont, run: LabelRun) -> QFont:
    return scaled_font(font, 1.0 if run.kind == "chord" else _SMALL_SCALE, bold=run.kind in _BOLD)


def _run_colour(run: LabelRun, colours: RollColours, *, is_planned: bool) -> QColor:
    if run.kind == "key":
        return colours.palette.color(QPalette.ColorRole.Highlight)
    if is_planned or run.kind != "chord":
        return colours.grey(0.68)
    return colours.text


def _paint_close_sign(painter: QPainter, colours: RollColours, x: float, height_px: float) -> None:
    """Paint a final bar line: the sign of a cadence."""
    top, height = height_px * 0.22, height_px * 0.56
    painter.fillRect(QRectF(x, top, 1, height), colours.accent)
    painter.fillRect(QRectF(x + 3, top, 3, height), colours.accent)
