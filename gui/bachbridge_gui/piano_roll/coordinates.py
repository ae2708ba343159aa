"""Coordinates of the roll, without drawing: nanoseconds and pitches to pixels, bar lines, the range of pitches.

Along the time axis everything is counted in whole device pixels from time 0 of the clock. So a note that was drawn into
a tile once and a note that is drawn in every frame lie on the same pixel, and nothing jitters while the view scrolls.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from bachbridge.music.notes import STEPS_PER_BEAT
from bachbridge_gui.state.view_types import BarLines

SECOND_NS = 1_000_000_000
MIN_ROWS = 36
"""At least three octaves are visible."""
MIN_FOLDED_ROWS = 8
"""A folded roll has at least this many rows."""
_RANGE_GRAIN = 6
"""The range of pitches grows and shrinks by half octaves."""
_SHRINK_DELAY_NS = 8 * SECOND_NS
"""The range shrinks only after a smaller one has been sufficient for this long."""
_since_ns = attrgetter("since_ns")


@dataclass(frozen=True, slots=True)
class RollScale:
    """The notes' area: size in device pixels (`pixel_ratio` per logical pixel), visible seconds and pitches."""

    width: int
    height: int
    pixel_ratio: float
    seconds_across: float
    low_pitch: int
    high_pitch: int
    folded: tuple[int, ...] = ()
    """The only pitches that have a row, in ascending order; empty: all from the lowest to the highest have one."""

    @property
    def pitches(self) -> Sequence[int]:
        """The pitches that have a row, in ascending order."""
        return self.folded or range(self.low_pitch, self.high_pitch + 1)

    @property
    def px_per_ns(self) -> float:
        return self.width / (self.seconds_across * SECOND_NS)

    def to_px(self, at_ns: int) -> int:
        """Return the distance from time 0 in device pixels."""
        return round(at_ns * self.px_per_ns)

    def to_ns(self, px: float) -> int:
        return round(px / self.px_per_ns)

    @property
    def row_height(self) -> float:
        """Height of the row of one pitch in device pixels."""
        return self.height / len(self.pitches)

    @property
    def row_tops(self) -> tuple[int, ...]:
        """Upper edges of the rows of the MIDI pitches 0 to 127 in device pixels.

        If rows are folded, a pitch without one lies on the edge between its neighbours.
        """
        if self.folded:
            return _folded_row_tops(self.height, self.folded)
        return _row_tops(self.height, self.low_pitch, self.high_pitch)


@lru_cache(maxsize=8)
def _folded_row_tops(height: int, pitches: tuple[int, ...]) -> tuple[int, ...]:
    row = height / len(pitches)
    return tuple(round((len(pitches) - bisect_right(pitches, pitch)) * row) for pitch in range(128))


@lru_cache(maxsize=8)
def _row_tops(height: int, low_pitch: int, high_pitch: int) -> tuple[int, ...]:
    row = height / (high_pitch - low_pitch + 1)
    return tuple(round((high_pitch - pitch) * row) for pitch in range(128))


@dataclass(frozen=True, slots=True)
class BeatLine:
    """A beat. A bar line has the number of its bar, from 1 (0 before the first bar); other beats have None."""

    time_ns: int
    bar_number: int | None


def find_beat_lines(bars: Sequence[BarLines], from_ns: int, to_ns: int) -> Iterator[BeatLine]:
    """Yield the beats and bar lines between two times. Each of the `bars` is valid until the next one begins."""
    begin = max(0, bisect_right(bars, from_ns, key=_since_ns) - 1)
    visible = bars[begin : bisect_right(bars, to_ns, key=_since_ns)]
    ends = [*(later.since_ns for later in visible), to_ns + 1][1:]
    for lines, end_ns in zip(visible, ends, strict=True):
        first_ns, last_ns = max(from_ns, lines.since_ns), min(to_ns, end_ns - 1)
        beat = min(STEPS_PER_BEAT, lines.steps_per_bar)
        step = -(-(first_ns - lines.origin_ns) // lines.step_ns)
        bar, position = divmod(step, lines.steps_per_bar)
        position = -(-position // beat) * beat
        while True:
            if position >= lines.steps_per_bar:
                bar, position = bar + 1, 0
            at_ns = lines.origin_ns + (bar * lines.steps_per_bar + position) * lines.step_ns
            if at_ns > last_ns:
                break
            yield BeatLine(at_ns, max(0, bar + 1) if position == 0 else None)
            position += beat


class PitchRange:
    """The visible range of pitches. It grows at once, shrinks late, and stays as it is while all notes fit."""

    def __init__(self) -> None:
        self.low_pitch, self.high_pitch = 48, 84
        self._too_wide_since_ns: int | None = None

    def fit(self, lowest: int, highest: int, now_ns: int) -> None:
        """Adapt the range to the lowest and the highest visible pitch."""
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


class FoldedPitches:
    """The pitches that a low roll shows: those of the visible notes. The set grows at once and shrinks late."""

    def __init__(self) -> None:
        self.pitches: tuple[int, ...] = ()
        self._too_many_since_ns: int | None = None

    def fit(self, visible: Iterable[int], now_ns: int) -> None:
        """Adapt the pitches to the visible ones; neighbours are added up to `MIN_FOLDED_ROWS`."""
        wanted = _with_neighbours({max(0, min(127, pitch)) for pitch in visible})
        if not set(wanted) <= set(self.pitches):
            self.pitches = tuple(sorted({*self.pitches, *wanted}))
            self._too_many_since_ns = None
        elif len(wanted) == len(self.pitches):
            self._too_many_since_ns = None
        elif self._too_many_since_ns is None:
            self._too_many_since_ns = now_ns
        elif now_ns - self._too_many_since_ns >= _SHRINK_DELAY_NS:
            self.pitches, self._too_many_since_ns = wanted, None


def _with_neighbours(pitches: set[int]) -> tuple[int, ...]:
    """Return the pitches in order, with as many of those around them as make the least number of rows."""
    shown, low, high = set(pitches), min(pitches, default=0), max(pitches, default=0)
    for distance in range(1, MIN_FOLDED_ROWS):
        if len(shown) < MIN_FOLDED_ROWS:
            near = (low - distance, high + distance, low + distance)
            shown |= {pitch for pitch in near if 0 <= pitch <= 127}
    return tuple(sorted(shown))


def _padded_range(lowest: int, highest: int) -> tuple[int, int]:
    """Return the half octaves around the pitches, with room above and below: at least three octaves."""
    low, high = (lowest - 2) // _RANGE_GRAIN * _RANGE_GRAIN, -(-(highest + 2) // _RANGE_GRAIN) * _RANGE_GRAIN
    while high - low < MIN_ROWS:
        below = lowest - low <= high - highest
        low, high = (low - _RANGE_GRAIN, high) if below else (low, high + _RANGE_GRAIN)
    return max(0, low), min(127, high)
