"""How many passes and candidates an answer can afford: a function of one figure that was measured once.

The figure is what a pass of the network over a canvas of `REFERENCE_STEPS` takes on this machine, for one candidate;
it is on record (see `stopwatch.py`), so that the same ask gets the same answer today and tomorrow, whatever else the
machine is doing. A pass is taken to cost in proportion to steps and candidates, which is on the safe side: a few
candidates in one call cost less than as many calls.

Passes come first: fewer than `LEAST_PASSES` leave cells that were never drawn among their neighbours, more than
`MOST_PASSES` can hardly be heard. What is left over buys candidates, the best of which is played.
"""

from dataclasses import dataclass, replace

from bachbridge.gibbs import FAST, Schedule

REFERENCE_STEPS = 64
BUDGET_NS = 100_000_000
"""What an answer may take; with what comes on top of the passes it is there within a beat."""
LEAST_PASSES, MOST_PASSES = 6, FAST.passes
MOST_CANDIDATES = 8
_BESIDES = 4
"""Passes that come on top of those: to compare the candidates, to mend the best, to strike its notes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many candidates are drawn at once, in so many passes."""

    candidates: int
    schedule: Schedule


def pace(pass_ns: int, steps: int, budget_ns: int = BUDGET_NS) -> Pace:
    """What `budget_ns` buy for a canvas of so many steps; a long one gets the least, whatever it takes."""
    affordable = budget_ns * REFERENCE_STEPS // (max(1, pass_ns) * max(1, steps))
    passes = min(MOST_PASSES, max(LEAST_PASSES, affordable - _BESIDES))
    candidates = min(MOST_CANDIDATES, max(1, affordable // (passes + _BESIDES)))
    return Pace(candidates, replace(FAST, passes=passes))
