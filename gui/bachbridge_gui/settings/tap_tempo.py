"""A tempo tapped by hand: the median of the last intervals, so that one tap astray does not spoil it."""

from collections import deque
from itertools import pairwise
from statistics import median

_RESET_AFTER_NS = 2_000_000_000
"""After so long a pause a new tempo is tapped."""
_MAX_INTERVALS = 8
_SLOWEST_BPM, _FASTEST_BPM = 20.0, 300.0
_NS_PER_MINUTE = 60_000_000_000


class TapTempo:
    """Knows no clock: it is told when each tap came."""

    def __init__(self) -> None:
        self._taps_ns: deque[int] = deque(maxlen=_MAX_INTERVALS + 1)

    def tap(self, now_ns: int) -> float | None:
        """Take a tap; the tempo in bpm to a tenth, None after the first one or where nobody plays that fast."""
        if self._taps_ns and now_ns - self._taps_ns[-1] > _RESET_AFTER_NS:
            self._taps_ns.clear()
        self._taps_ns.append(now_ns)
        times = list(self._taps_ns)
        intervals_ns = [after - before for before, after in pairwise(times)]
        if not intervals_ns or median(intervals_ns) <= 0:
            return None
        bpm = round(_NS_PER_MINUTE / median(intervals_ns), 1)
        return bpm if _SLOWEST_BPM <= bpm <= _FASTEST_BPM else None
