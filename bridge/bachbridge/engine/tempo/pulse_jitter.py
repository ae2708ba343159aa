"""The jitter of a clock's pulses, as the standard deviation that its filter should expect.

It is the median of the second differences of the times, which neither a tempo change nor a ramp disturbs. It misses
jitter that grows slowly and falls at once: that of pulses that wait for the next of the audio system's periods. Such a
fall shows as a shift of the phase at the same tempo, and half of the shift counts until errors of its size cease.
"""

from collections import deque
from math import sqrt

_MIN_JITTER_NS, _DEFAULT_JITTER_NS = 3e5, 1.5e6
_MIN_DEVIATIONS, _MAX_DEVIATIONS = 8, 64
_MEDIAN_OF_NORMAL = 0.6745
_FORGETTING = 0.998
"""The share of the largest error that is left after each pulse."""


class JitterMeter:
    """Measures the jitter from the times of pulses and from their errors."""

    __slots__ = ("_deviations_ns", "_largest_error_ns", "_last_times", "_min_jitter_ns", "jitter_ns")

    def __init__(self) -> None:
        self.jitter_ns = _DEFAULT_JITTER_NS
        self._min_jitter_ns, self._largest_error_ns = _MIN_JITTER_NS, 0.0
        self._deviations_ns: deque[float] = deque(maxlen=_MAX_DEVIATIONS)
        self._last_times: deque[tuple[int, int]] = deque(maxlen=3)

    def break_off(self) -> None:
        """Connect the next pulse with none before it."""
        self._last_times.clear()

    def add_pulse(self, count: int, time_ns: int) -> None:
        """Add a pulse, the place of which among the pulses is `count`."""
        self._last_times.append((count, time_ns))
        (x0, y0), (x1, y1), (x2, y2) = (*self._last_times, *[(count, time_ns)] * 2)[:3]
        if not x0 < x1 < x2:
            return
        share = (x1 - x0) / (x2 - x0)
        deviation_ns = abs(y1 - y0 - share * (y2 - y0)) / sqrt(1 + share**2 + (1 - share) ** 2)
        self._deviations_ns.append(deviation_ns)
        if len(self._deviations_ns) >= _MIN_DEVIATIONS:
            median_ns = sorted(self._deviations_ns)[len(self._deviations_ns) // 2]
            self.jitter_ns = max(self._min_jitter_ns, median_ns / _MEDIAN_OF_NORMAL)

    def add_error(self, error_ns: float) -> None:
        """Add the distance of a pulse from its due time."""
        self._largest_error_ns = max(abs(error_ns), _FORGETTING * self._largest_error_ns)
        self._min_jitter_ns = max(_MIN_JITTER_NS, min(self._min_jitter_ns, self._largest_error_ns))

    def add_phase_shift(self, shift_ns: float) -> None:
        """Add a sudden shift of the pulses at a steady tempo."""
        self._largest_error_ns = max(self._largest_error_ns, abs(shift_ns))
        self._min_jitter_ns = max(self._min_jitter_ns, abs(shift_ns) / 2)
        self.jitter_ns = max(self.jitter_ns, self._min_jitter_ns)
