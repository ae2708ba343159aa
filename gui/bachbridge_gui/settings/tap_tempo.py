"""Tempo from taps: the median of the last intervals, so that one misplaced tap does not spoil it."""

from collections import deque
from itertools import pairwise
from statistics import median

from bachbridge.settings import range_of

_RESET_AFTER_NS = 2_000_000_000
"""The pause after which a tap begins a new tempo."""
_MAX_INTERVALS = 8
_SLOWEST_BPM, _FASTEST_BPM = range_of("bpm")
_NS_PER_MINUTE = 60_000_000_000


class TapTempo:
    """The tempo of a series of taps. It reads no clock: each tap comes with its time."""

    def __init__(self) -> None:
        self._taps_ns: deque[int] = deque(maxlen=_MAX_INTERVALS + 1)

    def tap(self, now_ns: int) -> float | None:
        """Add a tap and return the tempo in bpm, to a tenth; None after the first tap or if it is out of range."""
        if self._taps_ns and now_ns - self._taps_ns[-1] > _RESET_AFTER_NS:
            self._taps_ns.clear()
        self._taps_ns.append(now_ns)
        intervals_ns = [after - before for before, after in pairwise(self._taps_ns)]
        if not intervals_ns or median(intervals_ns) <= 0:
            return None
        bpm = round(_NS_PER_MINUTE / median(intervals_ns), 1)
        return bpm if _SLOWEST_BPM <= bpm <= _FASTEST_BPM else None
