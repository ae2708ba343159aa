"""Numbers of sweeps and candidates that an answer can afford: a function of one figure that was measured once.

The figure is the time of one sweep of the network over a canvas of `REFERENCE_STEPS` for one candidate on this
machine. It is on record (see `inference.sweep_benchmark`), so that the same ask gets the same answer today and
tomorrow, whatever else the machine is doing. A sweep is taken to cost in proportion to steps and candidates, which is
on the safe side: a few candidates in one call cost less than as many calls.

Sweeps come first: fewer than `MIN_SWEEPS` leave cells that were never drawn among their neighbours, more than
`MAX_SWEEPS` can hardly be heard. What is left of the budget buys candidates, the best of which is played. A remainder
that is less than a candidate buys more repairs of rule violations.
"""

from dataclasses import dataclass, replace

from bachbridge.inference.infill.gibbs import FAST_SCHEDULE, Schedule

REFERENCE_STEPS = 64
BUDGET_NS = 100_000_000
"""Time for an answer; with the work besides the sweeps it is ready when the phrase ends (`phrase_detector`)."""
MIN_SWEEPS, MAX_SWEEPS = 6, FAST_SCHEDULE.sweeps
MAX_CANDIDATES = 8
MIN_REPAIRS, MAX_REPAIRS = 2, FAST_SCHEDULE.max_repairs
_OVERHEAD_SWEEPS = 3
"""Sweeps besides those that draw and repair: comparing the candidates (counts double), and choosing the onsets."""


@dataclass(frozen=True, slots=True)
class SweepBudget:
    """The number of candidates drawn in parallel, and the schedule of their sweeps."""

    candidates: int
    schedule: Schedule


def sweep_budget(sweep_ns: int, steps: int, budget_ns: int = BUDGET_NS) -> SweepBudget:
    """Return what `budget_ns` buy for a canvas of `steps`; a long canvas gets the minimum, however long it takes."""
    affordable = budget_ns * REFERENCE_STEPS // (max(1, sweep_ns) * max(1, steps))
    sweeps = min(MAX_SWEEPS, max(MIN_SWEEPS, affordable - _OVERHEAD_SWEEPS - MIN_REPAIRS))
    candidates = min(MAX_CANDIDATES, max(1, affordable // (sweeps + _OVERHEAD_SWEEPS + MIN_REPAIRS)))
    repairs = min(MAX_REPAIRS, max(MIN_REPAIRS, affordable // candidates - _OVERHEAD_SWEEPS - sweeps))
    return SweepBudget(candidates, replace(FAST_SCHEDULE, sweeps=sweeps, max_repairs=repairs))
