"""A picture of what was played: a piano roll as a PNG, bars to the right, pitch upwards, a keyboard at the left.

The player's notes have a warm colour, the answering voices cool ones, all from the palette of Okabe and Ito ("Color
Universal Design", 2008), which people with any kind of colour vision can tell apart. The louder a note, the fuller
its colour. Everything is drawn at twice the size, so that it is crisp on dense displays: lengths below are in points,
and `SCALE` pixels make one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bachbridge.atomic_files import whole_file
from bachbridge.music.notes import pitch_name
from bachbridge.music.performance import PLAYER, Part, Played, end_ns

SCALE = 2
PLAYER_COLOUR = (0xD5, 0x5E, 0x00)
VOICE_COLOURS = ((0x56, 0xB4, 0xE9), (0x00, 0x9E, 0x73), (0x00, 0x72, 0xB2), (0xCC, 0x79, 0xA7))
"""Sky blue, bluish green, blue and reddish purple for soprano, alto, tenor and bass."""

Colour = tuple[int, int, int]
_PAPER, _SHADE, _INK, _SOFT_INK = (255, 255, 255), (244, 246, 248), (34, 40, 49), (104, 114, 126)
_BAR_LINE, _BEAT_LINE, _OCTAVE_LINE = (150, 160, 172), (226, 230, 235), (205, 211, 218)
_BLACK_KEYS = {1, 3, 6, 8, 10}
_ROW, _KEYS, _MARGIN, _TOP, _BOTTOM = 9, 46, 20, 76, 34
_MIN_WIDTH, _MAX_WIDTH, _BAR_WIDTH = 640, 6000, 116


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things lie, in points: pitches `low` to `high`, and `bars` bars of `beats` beats of `beat_ns`."""

    low: int
    high: int
    bars: int
    beats: int
    beat_ns: float
    bar_width: float

    @property
    def left(self) -> int:
        return _MARGIN + _KEYS

    @property
    def right(self) -> float:
        return self.left + self.bars * self.bar_width

    @property
    def bottom(self) -> int:
        return _TOP + (self.high - self.low + 1) * _ROW

    def x(self, at_ns: float) -> float:
        return self.left + at_ns / (self.beat_ns * self.beats) * self.bar_width

    def y(self, pitch: int) -> int:
        """The upper edge of a pitch's row."""
        return _TOP + (self.high - pitch) * _ROW


class _Pen:
    """Draws in points on an image of `SCALE` pixels to a point."""

    def __init__(self, width: float, height: float) -> None:
        self.image = Image.new("RGB", (round(width * SCALE), round(height * SCALE)), _PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self._draw.rectangle(self._corners(left, top, right, bottom), fill)

    def note(self, left: float, top: float, right: float, bottom: float, *, fill: Colour, outline: Colour) -> None:
        corners = self._corners(left, top, right, bottom)
        radius = min(2.5 * SCALE, (corners[2] - corners[0]) / 2)
        self._draw.rounded_rectangle(corners, radius, fill, outline, SCALE // 2)

    def _corners(self, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
        """The first and last pixel, at least one of them each way."""
        x, y = int(left * SCALE + 0.5), int(top * SCALE + 0.5)
        return x, y, max(x, int(right * SCALE + 0.5) - 1), max(y, int(bottom * SCALE + 0.5) - 1)

    def text(
        self, x: float, y: float, text: str, size: float, fill: Colour = _INK, *, right: bool = False, room: float = 0
    ) -> float:
        """Write on the baseline `y`, from `x` or up to it (`right`), smaller where there is not the room; the width."""
        font = ImageFont.load_default(size * SCALE)
        width = self._draw.textlength(text, font) / SCALE
        if room and width > room:
            return self.text(x, y, text, 0.98 * size * room / width, fill, right=right, room=room)
        self._draw.text((x * SCALE, y * SCALE), text, fill, font, "rs" if right else "ls")
        return width


def write_png(path: Path, parts: Sequence[Part], *, bpm: float, beats_per_bar: int = 4, title: str = "") -> None:
    """Draw the parts, time 0 being a bar line, and write the picture to `path`."""
    image = draw(parts, bpm=bpm, beats_per_bar=beats_per_bar, title=title)
    with whole_file(path) as scratch:
        image.save(scratch, "PNG", dpi=(96 * SCALE, 96 * SCALE))


def draw(parts: Sequence[Part], *, bpm: float, beats_per_bar: int = 4, title: str = "") -> Image.Image:
    """The picture itself."""
    frame = _frame(parts, 60e9 / bpm, beats_per_bar)
    pen = _Pen(frame.right + _MARGIN, frame.bottom + _BOTTOM)
    _draw_grid(pen, frame)
    _draw_keyboard(pen, frame)
    for part in sorted(parts, key=lambda part: -part.voice):
        for note in part.notes:
            _draw_note(pen, frame, note, _colour(part))
    _draw_heading(pen, frame, parts, title or "Piano roll")
    return pen.image


def _frame(parts: Sequence[Part], beat_ns: float, beats: int) -> _Frame:
    pitches = [note.pitch for part in parts for note in part.notes] or [60, 72]
    bars = max(1, -int(-(end_ns(parts) / beat_ns - 0.25) // beats))  # a late release opens no new bar
    bar_width = min(max(_BAR_WIDTH, (_MIN_WIDTH - _KEYS) / bars), _MAX_WIDTH / bars)
    return _Frame(max(0, min(pitches) - 3), min(127, max(pitches) + 3), bars, beats, beat_ns, bar_width)


def _colour(part: Part) -> Colour:
    return PLAYER_COLOUR if part.voice == PLAYER else VOICE_COLOURS[part.voice]


def _draw_grid(pen: _Pen, frame: _Frame) -> None:
    """Rows of black keys shaded, a line below every C, beats and bars, and the bars' numbers."""
    for pitch in range(frame.low, frame.high + 1):
        if pitch % 12 in _BLACK_KEYS:
            pen.box(frame.left, frame.y(pitch), frame.right, frame.y(pitch) + _ROW, _SHADE)
        if pitch % 12 == 0:
            pen.box(frame.left, frame.y(pitch) + _ROW - 0.5, frame.right, frame.y(pitch) + _ROW, _OCTAVE_LINE)
    for beat in range(frame.bars * frame.beats + 1):
        x = frame.x(beat * frame.beat_ns)
        on_bar = beat % frame.beats == 0
        pen.box(x - 0.5, _TOP, x + (0.5 if on_bar else 0), frame.bottom, _BAR_LINE if on_bar else _BEAT_LINE)
    every = max(1, round(28 / frame.bar_width))
    for bar in range(0, frame.bars, every):
        x = frame.x(bar * frame.beats * frame.beat_ns)
        pen.text(x + 3, frame.bottom + 14, str(bar + 1), 10, _SOFT_INK)
    pen.text(frame.left - 8, frame.bottom + 14, "bar", 10, _SOFT_INK, right=True)


def _draw_keyboard(pen: _Pen, frame: _Frame) -> None:
    left, right = _MARGIN, frame.left - 4
    pen.box(left, _TOP, right, frame.bottom, _PAPER)
    for pitch in range(frame.low, frame.high + 1):
        y = frame.y(pitch)
        if pitch % 12 in _BLACK_KEYS:
            pen.box(left, y + _ROW / 2 - 0.25, right, y + _ROW / 2 + 0.25, _OCTAVE_LINE)
            pen.box(left, y, left + 0.58 * (right - left), y + _ROW, _INK)
        elif pitch % 12 in {0, 5}:
            pen.box(left, y + _ROW - 0.25, right, y + _ROW + 0.25, _OCTAVE_LINE)
        if pitch % 12 == 0:
            pen.text(right - 2, y + _ROW - 1.5, pitch_name(pitch), 8, _SOFT_INK, right=True)
    for x in (left, right - 0.5):
        pen.box(x, _TOP, x + 0.5, frame.bottom, _BAR_LINE)
    for y in (_TOP, frame.bottom):
        pen.box(left, y - 0.5, right, y, _BAR_LINE)
        pen.box(frame.left, y - 0.5, frame.right, y, _BAR_LINE)


def _draw_note(pen: _Pen, frame: _Frame, note: Played, colour: Colour) -> None:
    left = frame.x(note.start_ns)
    right = max(left + 2, frame.x(note.end_ns) - 0.5)
    top = frame.y(note.pitch)
    fill = _mixed(colour, _PAPER, 0.5 * (1 - note.velocity / 127) ** 1.2)
    pen.note(left, top + 0.5, right, top + _ROW - 0.5, fill=fill, outline=_mixed(colour, _INK, 0.35))


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _draw_heading(pen: _Pen, frame: _Frame, parts: Sequence[Part], title: str) -> None:
    pen.text(_MARGIN, 32, title, 17, room=frame.right - _MARGIN)
    x = float(_MARGIN)
    for part in parts:
        colour = _colour(part)
        pen.note(x, 50, x + 16, 59, fill=colour, outline=_mixed(colour, _INK, 0.35))
        x += 21 + pen.text(x + 21, 58, part.name, 11) + 18
