"""Decisions on clock pulses that are not where they are due: were some lost, is one late, or is the tempo another?

A lost pulse makes all later ones late by one whole period; a late one has no consequences; a new tempo makes each
further pulse later (or earlier) than the one before. A single pulse cannot tell, so the last few are judged together.
Among all ways to count lost pulses the likeliest is found by dynamic programming (A. Viterbi, "Error bounds for
convolutional codes and an asymptotically optimum decoding algorithm", IEEE Trans. Information Theory 13, 1967).
Costs are twice a negative log-likelihood: a deviation costs its square in standard deviations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import floor, log
from statistics import median

LOSS_COST = 6.0
"""Cost of a gap in the pulses: about 5 % of them have one before them."""
LATE_COST = 12.0
"""Greatest cost of a pulse: one that deviates by more has been delayed."""
_MAX_STATES = 8
_MIN_GAIN = 10.0
_MAX_FIRST_GAPS = 4
_MIN_JITTER_NS = 3e5


@dataclass(frozen=True, slots=True)
class PulseCount:
    """The lost pulses before each of several pulses, in all so far; `margin` is what any other end costs more."""

    lost: tuple[int, ...]
    cost: float
    margin: float


def count_lost_pulses(lateness: Sequence[float], spread: float, revocable: int = 0) -> PulseCount:
    """Return the likeliest count; `lateness` is in periods, as if none was lost, and `spread` its standard deviation.

    If `revocable` losses were counted a short while ago, they may have been none: then the count begins below 0.
    """
    states: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    if revocable:
        states[-revocable] = LOSS_COST, ()
    for late in lateness:
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for lost, (cost, path) in states.items():
            for now_lost in {lost, max(lost, floor(late)), max(lost, floor(late) + 1)}:
                total = cost + LOSS_COST * (now_lost > lost) + pulse_cost(late - now_lost, spread)
                if now_lost not in following or total < following[now_lost][0]:
                    following[now_lost] = total, (*path, now_lost)
        states = dict(sorted(following.items(), key=lambda state: state[1][0])[:_MAX_STATES])
    (cost, path), *others = states.values()
    return PulseCount(path, cost, others[0][0] - cost if others else LATE_COST)


def pulse_cost(deviation: float, spread: float) -> float:
    """Return the cost of one pulse, where `spread` is the standard deviation of pulses."""
    return min((deviation / spread) ** 2, LATE_COST)


def index_first_pulses(pulses: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Index pulses of unknown tempo, (index by count, time): find the gaps that make their line straightest.

    The search begins with no gaps, and with those that a period of the median interval suggests.
    """
    found = [_add_gaps(list(pulses), 0.0), _add_gaps(*_with_median_period(pulses))]
    return min(found, key=lambda candidate: candidate[1])[0]


def _add_gaps(pulses: list[tuple[int, int]], cost_of_gaps: float) -> tuple[list[tuple[int, int]], float]:
    """Add the gaps that help, the most helpful one first, and return the cost."""
    best, best_cost = pulses, _straightness_cost(pulses) + cost_of_gaps
    for _ in range(_MAX_FIRST_GAPS):
        candidates = [_with_gap(best, position, lost) for position in range(1, len(best)) for lost in (1, 2)]
        costs = [_straightness_cost(candidate) for candidate in candidates]
        cost_of_gaps += _MIN_GAIN
        cost = min(costs) + cost_of_gaps
        if cost > best_cost:
            break
        best, best_cost = candidates[costs.index(min(costs))], cost
    return best, best_cost


def _with_median_period(pulses: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], float]:
    """Return the pulses with gaps where an interval holds more periods than pulses, and the cost of those gaps."""
    steps = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(pulses)]
    period_ns = median(time_ns / count for count, time_ns in steps)
    lost = [max(0, round(time_ns / period_ns) - count) for count, time_ns in steps]
    sums = accumulate(lost, initial=0)
    indexed = [(index + shift, time_ns) for (index, time_ns), shift in zip(pulses, sums, strict=True)]
    return indexed, _MIN_GAIN * sum(map(bool, lost))


def _with_gap(pulses: Sequence[tuple[int, int]], position: int, lost: int) -> list[tuple[int, int]]:
    return [(index + lost * (n >= position), time_ns) for n, (index, time_ns) in enumerate(pulses)]


def line_cost(pulses: Sequence[tuple[int, int]], jitter_ns: float) -> float:
    """Return the cost of a straight line through pulses, given as (index, time), that deviate by `jitter_ns`."""
    return _square_deviations(pulses) / jitter_ns**2


def _straightness_cost(pulses: Sequence[tuple[int, int]]) -> float:
    """Return the cost of a straight line through the pulses if their deviation is not known."""
    return len(pulses) * log(_square_deviations(pulses) / len(pulses) + _MIN_JITTER_NS**2)


def _square_deviations(pulses: Sequence[tuple[int, int]]) -> float:
    """Return the sum of squared deviations from a least-squares line."""
    count, (first_index, first_ns) = len(pulses), pulses[0]
    xs = [index - first_index for index, _ in pulses]
    ys = [time_ns - first_ns for _, time_ns in pulses]
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    xx = sum((x - mean_x) ** 2 for x in xs)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    slope = xy / xx
    return sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True))
