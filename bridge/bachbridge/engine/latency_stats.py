"""How late messages went out, counted in classes of equal width, so that hours of play take no memory."""

import math
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

_BIN_WIDTH_NS = 10_000
_BIN_COUNT = 2_000


class LatencyStats:
    """Take one lateness (ns) after another; percentiles are exact to 10 µs up to 20 ms, the greatest is exact."""

    __slots__ = ("_counts", "count", "max_ns")

    def __init__(self) -> None:
        self._counts = array("L", bytes(array("L").itemsize * (_BIN_COUNT + 1)))
        self.count = 0
        self.max_ns = 0

    def add(self, latency_ns: int) -> None:
        self._counts[min(max(0, latency_ns) // _BIN_WIDTH_NS, _BIN_COUNT)] += 1
        self.count += 1
        self.max_ns = max(self.max_ns, latency_ns)

    def percentile(self, fraction: float) -> int:
        """The lateness (ns, upper edge of its class) that this share of the messages does not exceed."""
        rank = fraction * self.count
        index = bisect_left(list(accumulate(self._counts)), rank)
        return self.max_ns if index >= _BIN_COUNT else min(self.max_ns, (index + 1) * _BIN_WIDTH_NS)


_WINDOW_NS = 60_000_000_000


class RecentLatencies:
    """Durations (ns) of the last minute, the last thousand of them at the most."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=1000)

    def add(self, at_ns: int, latency_ns: int) -> None:
        self._samples.append((at_ns, latency_ns))

    def percentiles(self, now_ns: int, fractions: Sequence[float]) -> list[int]:
        """What these shares of the durations do not exceed; zeros where there is none."""
        recent = sorted(delay_ns for at_ns, delay_ns in self._samples if now_ns - at_ns <= _WINDOW_NS)
        return [recent[max(0, math.ceil(share * len(recent)) - 1)] if recent else 0 for share in fractions]
