"""A piano roll as a PNG: time runs to the right in bars, pitch upwards, and a keyboard stands at the left.

The player's notes have a warm colour, the answering voices cool ones, all from the palette of Okabe and Ito ("Color
Universal Design", 2008), which people with any kind of colour vision can tell apart. The louder a note, the fuller
its colour. Everything is drawn at twice its size, so that it is sharp on dense displays: lengths below are in points of
`SCALE` pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bachbridge.atomic_files import atomic_output
from bachbridge.music.notes import BLACK_KEYS, STEPS_PER_BEAT, pitch_name
from bachbridge.music.performance import PLAYER, Part, TimedNote, last_note_end_ns
from bachbridge.music.timeline import COMMON_TIME, Meter

SCALE = 2
PLAYER_COLOUR = (0xD5, 0x5E, 0x00)
VOICE_COLOURS = ((0x56, 0xB4, 0xE9), (0x00, 0x9E, 0x73), (0x00, 0x72, 0xB2), (0xCC, 0x79, 0xA7))
"""Sky blue, bluish green, blue and reddish purple for soprano, alto, tenor and bass."""

Colour = tuple[int, int, int]
_PAPER, _BLACK_KEY_SHADE, _INK, _SOFT_INK = (255, 255, 255), (244, 246, 248), (34, 40, 49), (104, 114, 126)
_BAR_LINE, _BEAT_LINE, _OCTAVE_LINE = (150, 160, 172), (226, 230, 235), (205, 211, 218)
_ROW_HEIGHT, _KEYBOARD_WIDTH, _MARGIN, _TOP_MARGIN, _BOTTOM_MARGIN = 9, 46, 20, 76, 34
_MIN_WIDTH, _MAX_WIDTH, _BAR_WIDTH = 640, 6000, 116


@dataclass(frozen=True, slots=True)
class _Layout:
    """Positions in points, for the pitches `low` to `high` and `bars` bars of `beats` beats of `beat_ns`."""

    low: int
    high: int
    bars: int
    beats: int
    beat_ns: float
    bar_width: float

    @property
    def left(self) -> int:
        return _MARGIN + _KEYBOARD_WIDTH

    @property
    def right(self) -> float:
        return self.left + self.bars * self.bar_width

    @property
    def bottom(self) -> int:
        return _TOP_MARGIN + (self.high - self.low + 1) * _ROW_HEIGHT

    def x_at(self, at_ns: float) -> float:
        return self.left + at_ns / (self.beat_ns * self.beats) * self.bar_width

    def row_top(self, pitch: int) -> int:
        return _TOP_MARGIN + (self.high - pitch) * _ROW_HEIGHT


class _Painter:
    """Draws in points on an image of `SCALE` pixels to a point."""

    def __init__(self, width: float, height: float) -> None:
        self.image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), _PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def draw_box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self._draw.rectangle(self._corners(left, top, right, bottom), fill)

    def draw_note(self, left: float, top: float, right: float, bottom: float, *, fill: Colour, outline: Colour) -> None:
        corners = self._corners(left, top, right, bottom)
        radius = min(2.5 * SCALE, (corners[2] - corners[0]) / 2)
        self._draw.rounded_rectangle(corners, radius, fill, outline, SCALE // 2)

    def _corners(self, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
        """Return the first and the last pixel, at least one pixel wide and high."""
        x, y = int(left * SCALE + 0.5), int(top * SCALE + 0.5)
        return x, y, max(x, int(right * SCALE + 0.5) - 1), max(y, int(bottom * SCALE + 0.5) - 1)

    def draw_text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        fill: Colour = _INK,
        *,
        align_right: bool = False,
        max_width: float = 0,
    ) -> float:
        """Write on the baseline `y`, from `x` or, with `align_right`, up to it; return the width in points.

        Text wider than `max_width` (0: no limit) is made smaller.
        """
        font = ImageFont.load_default(size * SCALE)
        width = self._draw.textlength(text, font) / SCALE
        if max_width and width > max_width:
            return self.draw_text(
                x, y, text, 0.98 * size * max_width / width, fill, align_right=align_right, max_width=max_width
            )
        self._draw.text((x * SCALE, y * SCALE), text, fill, font, "rs" if align_right else "ls")
        return width


def write_png(path: Path, parts: Sequence[Part], *, bpm: float, meter: Meter = COMMON_TIME, title: str = "") -> None:
    """Draw the parts, time 0 being a bar line, and write the picture to `path`; raises `BachBridgeError`."""
    image = draw(parts, bpm=bpm, meter=meter, title=title)
    with atomic_output(path) as scratch:
        image.save(scratch, "PNG", dpi=(96 * SCALE, 96 * SCALE))


def draw(parts: Sequence[Part], *, bpm: float, meter: Meter = COMMON_TIME, title: str = "") -> Image.Image:
    """Draw the parts, time 0 being a bar line."""
    layout = _make_layout(parts, 60e9 / bpm / STEPS_PER_BEAT, meter)
    painter = _Painter(layout.right + _MARGIN, layout.bottom + _BOTTOM_MARGIN)
    _draw_grid(painter, layout)
    _draw_keyboard(painter, layout)
    for part in sorted(parts, key=lambda part: -part.voice):
        for note in part.notes:
            _draw_note(painter, layout, note, _part_colour(part))
    _draw_heading(painter, layout, parts, title or "Piano roll")
    return painter.image


def _make_layout(parts: Sequence[Part], step_ns: float, meter: Meter) -> _Layout:
    pitches = [note.pitch for part in parts for note in part.notes] or [60, 72]
    bars = max(
        1, math.ceil((last_note_end_ns(parts) / step_ns - 1) / meter.steps_per_bar)
    )  # a late release adds no bar
    bar_width = min(max(_BAR_WIDTH, (_MIN_WIDTH - _KEYBOARD_WIDTH) / bars), _MAX_WIDTH / bars)
    beats = meter.steps_per_bar // meter.steps_per_beat
    return _Layout(
        max(0, min(pitches) - 3), min(127, max(pitches) + 3), bars, beats, step_ns * meter.steps_per_beat, bar_width
    )


def _part_colour(part: Part) -> Colour:
    return PLAYER_COLOUR if part.voice == PLAYER else VOICE_COLOURS[part.voice]


def _draw_grid(painter: _Painter, layout: _Layout) -> None:
    """Draw shaded rows for the black keys, a line below every C, beats and bars, and the bars' numbers."""
    for pitch in range(layout.low, layout.high + 1):
        if pitch % 12 in BLACK_KEYS:
            painter.draw_box(
                layout.left, layout.row_top(pitch), layout.right, layout.row_top(pitch) + _ROW_HEIGHT, _BLACK_KEY_SHADE
            )
        if pitch % 12 == 0:
            painter.draw_box(
                layout.left,
                layout.row_top(pitch) + _ROW_HEIGHT - 0.5,
                layout.right,
                layout.row_top(pitch) + _ROW_HEIGHT,
                _OCTAVE_LINE,
            )
    for beat in range(layout.bars * layout.beats + 1):
        x = layout.x_at(beat * layout.beat_ns)
        on_bar = beat % layout.beats == 0
        painter.draw_box(
            x - 0.5, _TOP_MARGIN, x + (0.5 if on_bar else 0), layout.bottom, _BAR_LINE if on_bar else _BEAT_LINE
        )
    every = max(1, round(28 / layout.bar_width))
    for bar in range(0, layout.bars, every):
        x = layout.x_at(bar * layout.beats * layout.beat_ns)
        painter.draw_text(x + 3, layout.bottom + 14, str(bar + 1), 10, _SOFT_INK)
    painter.draw_text(layout.left - 8, layout.bottom + 14, "bar", 10, _SOFT_INK, align_right=True)


def _draw_keyboard(painter: _Painter, layout: _Layout) -> None:
    left, right = _MARGIN, layout.left - 4
    painter.draw_box(left, _TOP_MARGIN, right, layout.bottom, _PAPER)
    for pitch in range(layout.low, layout.high + 1):
        y = layout.row_top(pitch)
        if pitch % 12 in BLACK_KEYS:
            painter.draw_box(left, y + _ROW_HEIGHT / 2 - 0.25, right, y + _ROW_HEIGHT / 2 + 0.25, _OCTAVE_LINE)
            painter.draw_box(left, y, left + 0.58 * (right - left), y + _ROW_HEIGHT, _INK)
        elif pitch % 12 in {0, 5}:
            painter.draw_box(left, y + _ROW_HEIGHT - 0.25, right, y + _ROW_HEIGHT + 0.25, _OCTAVE_LINE)
        if pitch % 12 == 0:
            painter.draw_text(right - 2, y + _ROW_HEIGHT - 1.5, pitch_name(pitch), 8, _SOFT_INK, align_right=True)
    for x in (left, right - 0.5):
        painter.draw_box(x, _TOP_MARGIN, x + 0.5, layout.bottom, _BAR_LINE)
    for y in (_TOP_MARGIN, layout.bottom):
        painter.draw_box(left, y - 0.5, right, y, _BAR_LINE)
        painter.draw_box(layout.left, y - 0.5, layout.right, y, _BAR_LINE)


def _draw_note(painter: _Painter, layout: _Layout, note: TimedNote, colour: Colour) -> None:
    left = layout.x_at(note.start_ns)
    right = max(left + 2, layout.x_at(note.end_ns) - 0.5)
    top = layout.row_top(note.pitch)
    fill = _mix_colours(colour, _PAPER, 0.5 * (1 - note.velocity / 127) ** 1.2)
    painter.draw_note(
        left, top + 0.5, right, top + _ROW_HEIGHT - 0.5, fill=fill, outline=_mix_colours(colour, _INK, 0.35)
    )


def _mix_colours(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _draw_heading(painter: _Painter, layout: _Layout, parts: Sequence[Part], title: str) -> None:
    painter.draw_text(_MARGIN, 32, title, 17, max_width=layout.right - _MARGIN)
    x = float(_MARGIN)
    for part in parts:
        colour = _part_colour(part)
        painter.draw_note(x, 50, x + 16, 59, fill=colour, outline=_mix_colours(colour, _INK, 0.35))
        x += 21 + painter.draw_text(x + 21, 58, part.name, 11) + 18
