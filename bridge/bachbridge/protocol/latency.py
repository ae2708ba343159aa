"""Latency statistics for every process: percentiles, counts since the start, and figures for the last minute.

`LatencyStats` counts in bins of equal width, so that its memory does not grow with the time of play.
"""

import math
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

_BIN_WIDTH_NS = 10_000
_BIN_COUNT = 2_000
_RECENT_NS = 60_000_000_000
_MAX_RECENT_SAMPLES = 1000


def percentiles(samples: Sequence[int], fractions: Sequence[float]) -> list[int]:
    """Return, for each fraction, the smallest sample that at least this share of all samples does not exceed.

    The fractions lie between 0 and 1 (nearest-rank method). Without samples every percentile is 0.
    """
    ordered = sorted(samples)
    return [ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0 for share in fractions]


class LatencyStats:
    """Counts of latencies (ns). Percentiles are exact to 10 µs up to 20 ms; the maximum is exact."""

    __slots__ = ("_counts", "count", "max_ns")

    def __init__(self) -> None:
        self._counts = array("L", bytes(array("L").itemsize * (_BIN_COUNT + 1)))
        self.count = 0
        self.max_ns = 0

    def add(self, latency_ns: int) -> None:
        """Count one latency; a negative one counts as 0."""
        self._counts[min(max(0, latency_ns) // _BIN_WIDTH_NS, _BIN_COUNT)] += 1
        self.count += 1
        self.max_ns = max(self.max_ns, latency_ns)

    def percentile(self, fraction: float) -> int:
        """Return the latency (ns, upper edge of its bin) that this share of all latencies does not exceed."""
        rank = fraction * self.count
        index = bisect_left(list(accumulate(self._counts)), rank)
        return self.max_ns if index >= _BIN_COUNT else min(self.max_ns, (index + 1) * _BIN_WIDTH_NS)


class RecentLatencies:
    """Latencies (ns) of the last minute, at most the last thousand of them."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=_MAX_RECENT_SAMPLES)

    def add(self, at_ns: int, latency_ns: int) -> None:
        """Add a latency that was measured at `at_ns`."""
        self._samples.append((at_ns, latency_ns))

    def percentiles(self, now_ns: int, fractions: Sequence[float]) -> list[int]:
        """Return the percentiles of the last minute before `now_ns`; zeros if there are no samples."""
        recent = [latency_ns for at_ns, latency_ns in self._samples if now_ns - at_ns <= _RECENT_NS]
        return percentiles(recent, fractions)
