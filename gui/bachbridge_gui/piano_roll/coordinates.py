"""Where things lie on the roll, without drawing: nanoseconds and pitches to pixels, bar lines, the range of pitches.

Along time everything is counted in whole device pixels from time 0 of the clock, so that a note drawn into a tile once
and a note drawn anew at each frame lie on the same pixel, and nothing trembles while the view scrolls.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge_gui.state.view_types import BarLines

SECOND_NS = 1_000_000_000
MIN_ROWS = 36
"""Three octaves are always to be seen."""
_RANGE_GRAIN = 6
"""The range of pitches grows and shrinks by half octaves."""
_SHRINK_DELAY_NS = 8 * SECOND_NS
"""So long must a smaller range have been enough before it is taken."""
_SINCE = attrgetter("since_ns")


@dataclass(frozen=True, slots=True)
class RollScale:
    """The area of the notes: device pixels, `ratio` of them to a logical one, `seconds` across, pitches low to high."""

    width: int
    height: int
    pixel_ratio: float
    seconds_across: float
    low_pitch: int
    high_pitch: int

    @property
    def px_per_ns(self) -> float:
        return self.width / (self.seconds_across * SECOND_NS)

    def to_px(self, at_ns: int) -> int:
        """Device pixels from time 0."""
        return round(at_ns * self.px_per_ns)

    def to_ns(self, px: float) -> int:
        return round(px / self.px_per_ns)

    @property
    def row_height(self) -> float:
        """Height of one pitch's row."""
        return self.height / (self.high_pitch - self.low_pitch + 1)

    @property
    def row_tops(self) -> tuple[int, ...]:
        """The upper edge of the row of each MIDI pitch."""
        return _row_tops(self.height, self.low_pitch, self.high_pitch)


@lru_cache(maxsize=8)
def _row_tops(height: int, low_pitch: int, high_pitch: int) -> tuple[int, ...]:
    row = height / (high_pitch - low_pitch + 1)
    return tuple(round((high_pitch - pitch) * row) for pitch in range(128))


@dataclass(frozen=True, slots=True)
class BeatLine:
    """A beat; `bar` is its bar's number, from 1, where it is a bar line (before the first bar: 0), else None."""

    time_ns: int
    bar_number: int | None


def find_beat_lines(bars: Sequence[BarLines], from_ns: int, to_ns: int) -> Iterator[BeatLine]:
    """The beats and bar lines between two times, each stretch of bar lines in force until the next."""
    begin = max(0, bisect_right(bars, from_ns, key=_SINCE) - 1)
    stretches = bars[begin : bisect_right(bars, to_ns, key=_SINCE)]
    ends = [*(later.since_ns for later in stretches), to_ns + 1][1:]
    for lines, end_ns in zip(stretches, ends, strict=True):
        first_ns, last_ns = max(from_ns, lines.since_ns), min(to_ns, end_ns - 1)
        beat = min(STEPS_PER_BEAT, lines.steps_per_bar)
        step = -(-(first_ns - lines.origin_ns) // lines.step_ns)
        bar, into = divmod(step, lines.steps_per_bar)
        into = -(-into // beat) * beat
        while True:
            if into >= lines.steps_per_bar:
                bar, into = bar + 1, 0
            at_ns = lines.origin_ns + (bar * lines.steps_per_bar + into) * lines.step_ns
            if at_ns > last_ns:
                break
            yield BeatLine(at_ns, max(0, bar + 1) if into == 0 else None)
            into += beat


class PitchRange:
    """The range of pitches that is shown: grows at once, shrinks late, never moves within what it holds."""

    def __init__(self) -> None:
        self.low_pitch, self.high_pitch = 48, 84
        self._too_wide_since_ns: int | None = None

    def fit(self, lowest: int, highest: int, now_ns: int) -> None:
        """Take note of what is visible at a time."""
        low, high = _padded_range(lowest, highest)
        if max(0, lowest - 1) < self.low_pitch or min(127, highest + 1) > self.high_pitch:
            self.low_pitch, self.high_pitch = min(self.low_pitch, low), max(self.high_pitch, high)
            self._too_wide_since_ns = None
        elif high - low >= self.high_pitch - self.low_pitch:
            self._too_wide_since_ns = None
        elif self._too_wide_since_ns is None:
            self._too_wide_since_ns = now_ns
        elif now_ns - self._too_wide_since_ns >= _SHRINK_DELAY_NS:
            self.low_pitch, self.high_pitch, self._too_wide_since_ns = low, high, None


def _padded_range(lowest: int, highest: int) -> tuple[int, int]:
    """Half octaves around the pitches with room above and below, and at least three octaves."""
    low, high = (lowest - 2) // _RANGE_GRAIN * _RANGE_GRAIN, -(-(highest + 2) // _RANGE_GRAIN) * _RANGE_GRAIN
    while high - low < MIN_ROWS:
        below = lowest - low <= high - highest
        low, high = (low - _RANGE_GRAIN, high) if below else (low, high + _RANGE_GRAIN)
    return max(0, low), min(127, high)
