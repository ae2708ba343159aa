"""How many passes and candidates an answer can afford: a function of one figure that was measured once.

The figure is what a pass of the network over a canvas of `REFERENCE_STEPS` takes on this machine, for one candidate;
it is on record (see `stopwatch.py`), so that the same ask gets the same answer today and tomorrow, whatever else the
machine is doing. A pass is taken to cost in proportion to steps and candidates, which is on the safe side: a few
candidates in one call cost less than as many calls.

Passes come first: fewer than `LEAST_PASSES` leave cells that were never drawn among their neighbours, more than
`MOST_PASSES` can hardly be heard. What is left over buys candidates, the best of which is played, and what is less
than a candidate more repairs, where notes do what is forbidden.
"""

from dataclasses import dataclass, replace

from bachbridge.inference.infill.gibbs import FAST_SCHEDULE, Schedule

REFERENCE_STEPS = 64
BUDGET_NS = 100_000_000
"""What an answer may take; with what comes on top of the passes it is there when the phrase ends (`listener.py`)."""
MIN_SWEEPS, MAX_SWEEPS = 6, FAST_SCHEDULE.sweeps
MAX_CANDIDATES = 8
MIN_REPAIRS, MAX_REPAIRS = 2, FAST_SCHEDULE.max_repairs
_OVERHEAD_SWEEPS = 3
"""Passes that come on top of those and of repairs: to compare the candidates, twice as many, and to strike notes."""


@dataclass(frozen=True, slots=True)
class SweepBudget:
    """So many candidates are drawn at once, in so many passes."""

    candidates: int
    schedule: Schedule


def sweep_budget(sweep_ns: int, steps: int, budget_ns: int = BUDGET_NS) -> SweepBudget:
    """What `budget_ns` buy for a canvas of so many steps; a long one gets the least, whatever it takes."""
    affordable = budget_ns * REFERENCE_STEPS // (max(1, sweep_ns) * max(1, steps))
    passes = min(MAX_SWEEPS, max(MIN_SWEEPS, affordable - _OVERHEAD_SWEEPS - MIN_REPAIRS))
    candidates = min(MAX_CANDIDATES, max(1, affordable // (passes + _OVERHEAD_SWEEPS + MIN_REPAIRS)))
    repairs = min(MAX_REPAIRS, max(MIN_REPAIRS, affordable // candidates - _OVERHEAD_SWEEPS - passes))
    return SweepBudget(candidates, replace(FAST_SCHEDULE, sweeps=passes, max_repairs=repairs))
