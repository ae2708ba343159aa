"""The tempo of taps: on the window's button, or with a pad or pedal that sends a MIDI controller.

The median of the last intervals is robust to a misplaced tap, a missing one and a double one. The intervals near the
median are then averaged, which halves the error of the player's hand: the sum of neighbouring intervals contains only
the first and the last tap.
"""

from collections import deque
from itertools import pairwise
from statistics import fmean, median

from bachbridge.music.notes import NS_PER_MINUTE, STEPS_PER_BEAT

_NEW_SERIES_AFTER_NS = 2_500_000_000
"""A longer pause than this ends a series of taps."""
_MAX_INTERVALS = 8
_MAX_DEVIATION = 0.25
"""Intervals that differ more than this share from the median are misplaced, missing or double taps."""
_BOUNCE_NS = 50_000_000
"""A second tap within this time is the first one's: a switch that bounces."""


class TapTempo:
    """The taps of one player. It reads no clock: each tap comes with its time."""

    __slots__ = ("_taps_ns",)

    def __init__(self) -> None:
        self._taps_ns: deque[int] = deque(maxlen=_MAX_INTERVALS + 1)

    def add_tap(self, now_ns: int, steps_per_beat: int = STEPS_PER_BEAT) -> float | None:
        """Add a tap on a beat of `steps_per_beat` 16ths and return the tempo in quarters a minute, to a tenth.

        The first tap of a series gives None, and so does a bounce. Whether the tempo is playable is not checked.
        """
        if self._taps_ns and now_ns - self._taps_ns[-1] < _BOUNCE_NS:
            return None
        if self._taps_ns and now_ns - self._taps_ns[-1] > _NEW_SERIES_AFTER_NS:
            self._taps_ns.clear()
        self._taps_ns.append(now_ns)
        intervals_ns = [after - before for before, after in pairwise(self._taps_ns)]
        if not intervals_ns:
            return None
        typical_ns = median(intervals_ns)
        regular_ns = [each for each in intervals_ns if abs(each - typical_ns) <= _MAX_DEVIATION * typical_ns]
        beat_ns = fmean(regular_ns or [typical_ns])
        return round(NS_PER_MINUTE / beat_ns * steps_per_beat / STEPS_PER_BEAT, 1)

    def recent_tap_ns(self, now_ns: int) -> int | None:
        """Return the time of the last tap, if a tap at `now_ns` would still belong to its series."""
        is_recent = self._taps_ns and now_ns - self._taps_ns[-1] <= _NEW_SERIES_AFTER_NS
        return self._taps_ns[-1] if is_recent else None
