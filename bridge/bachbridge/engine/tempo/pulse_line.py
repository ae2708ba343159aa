"""A straight line through the times of the last clock pulses, over as many of them as lie on one line.

The line is a least-squares fit. Its window is chosen by the intersection of confidence intervals (A. Goldenshluger and
A. Nemirovski, "On spatially adaptive estimation of nonparametric regression", Math. Methods Statist. 6, 1997;
V. Katkovnik, "A new method for varying adaptive bandwidth selection", IEEE Trans. Signal Processing 47, 1999): windows
of growing length are fitted, and the longest one counts whose estimates agree with those of all shorter ones. A steady
clock so gets a window of 16 beats, a new tempo or a ramp a short one, and nothing has to be reset.

Sums over any window are differences of running sums. They are integers, so nothing is rounded however long they run.
"""

from dataclasses import dataclass
from math import inf, sqrt

MAX_WINDOW_PULSES = 384
_WINDOWS = (14, 20, 28, 40, 56, 80, 112, 160, 224, 304, MAX_WINDOW_PULSES)
_CONFIDENCE = 4.0
"""Half width of a confidence interval in standard errors."""

_Sums = tuple[int, int, int, int, int]
"""Running sums: count, index, time, index squared, index times time."""


@dataclass(frozen=True, slots=True)
class TempoHint:
    """A period known from before, as a fit with a `weight`: the sum of squared index deviations that it is worth."""

    period_ns: float
    weight: float


@dataclass(frozen=True, slots=True)
class PulseLine:
    """The pulse `index` lies at `time_ns`, and each further one `period_ns` later.

    `time_factor` and `period_factor` are the standard errors of the two per unit of the pulses' own deviation.
    """

    index: int
    time_ns: float
    period_ns: float
    pulses: int
    weight: float
    centre: float

    def time_of(self, index: float) -> float:
        return self.time_ns + (index - self.index) * self.period_ns

    def time_factor(self, index: int) -> float:
        """Return the standard error of the time of `index`, in standard deviations of one pulse."""
        return sqrt(1 / self.pulses + (index - self.centre) ** 2 / self.weight) if self.weight else 1.0

    @property
    def period_factor(self) -> float:
        """The standard error of the period, in standard deviations of one pulse."""
        return 1 / sqrt(self.weight) if self.weight else 1.0


class PulseHistory:
    """Pulses by index and time, the last `MAX_WINDOW_PULSES` of which can be fitted."""

    __slots__ = ("_first_index", "_first_ns", "_sums")

    def __init__(self) -> None:
        self._first_index = self._first_ns = 0
        self._sums: list[_Sums] = [(0, 0, 0, 0, 0)]

    def __len__(self) -> int:
        return self._sums[-1][0]

    def append(self, index: int, time_ns: int) -> None:
        if not len(self):
            self._first_index, self._first_ns = index, time_ns
        x, y = index - self._first_index, time_ns - self._first_ns
        count, sum_x, sum_y, sum_xx, sum_xy = self._sums[-1]
        self._sums.append((count + 1, sum_x + x, sum_y + y, sum_xx + x * x, sum_xy + x * y))
        if len(self._sums) > 2 * MAX_WINDOW_PULSES:
            del self._sums[: -MAX_WINDOW_PULSES - 1]

    def fit(self, pulses: int, index: int, hint: TempoHint | None = None) -> PulseLine:
        """Fit the last `pulses` pulses (1 or more), and state the line's time at `index`."""
        last, before = self._sums[-1], self._sums[-1 - pulses]
        count, sum_x, sum_y, sum_xx, sum_xy = (a - b for a, b in zip(last, before, strict=True))
        weight = (count * sum_xx - sum_x * sum_x) / count
        product = (count * sum_xy - sum_x * sum_y) / count
        if hint:
            weight, product = weight + hint.weight, product + hint.weight * hint.period_ns
        period_ns = product / weight if weight else 0.0
        centre = self._first_index + sum_x / count
        time_ns = self._first_ns + sum_y / count + (index - centre) * period_ns
        return PulseLine(index, time_ns, period_ns, count, weight, centre)

    def fit_steady_part(self, index: int, jitter_ns: float, hint: TempoHint | None) -> PulseLine:
        """Fit as many of the last pulses as lie on one line, up to deviations of `jitter_ns`."""
        longest = min(len(self), len(self._sums) - 1)
        lowest_ns = shortest_ns = -inf
        highest_ns = longest_ns = inf
        best: PulseLine | None = None
        for pulses in (*(window for window in _WINDOWS if window < longest), min(longest, MAX_WINDOW_PULSES)):
            line = self.fit(pulses, index, hint)
            margin_ns = _CONFIDENCE * jitter_ns * line.time_factor(index)
            lowest_ns, highest_ns = max(lowest_ns, line.time_ns - margin_ns), min(highest_ns, line.time_ns + margin_ns)
            margin_ns = _CONFIDENCE * jitter_ns * line.period_factor
            shortest_ns = max(shortest_ns, line.period_ns - margin_ns)
            longest_ns = min(longest_ns, line.period_ns + margin_ns)
            if best and (lowest_ns > highest_ns or shortest_ns > longest_ns):
                break
            best = line
        assert best
        return best
