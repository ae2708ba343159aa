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

from bachbridge.inference.infill.gibbs import FAST, Schedule

REFERENCE_STEPS = 64
BUDGET_NS = 100_000_000
"""What an answer may take; with what comes on top of the passes it is there when the phrase ends (`listener.py`)."""
LEAST_PASSES, MOST_PASSES = 6, FAST.passes
MOST_CANDIDATES = 8
LEAST_REPAIRS, MOST_REPAIRS = 2, FAST.repairs
_BESIDES = 3
"""Passes that come on top of those and of repairs: to compare the candidates, twice as many, and to strike notes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many candidates are drawn at once, in so many passes."""

    candidates: int
    schedule: Schedule


def pace(pass_ns: int, steps: int, budget_ns: int = BUDGET_NS) -> Pace:
    """What `budget_ns` buy for a canvas of so many steps; a long one gets the least, whatever it takes."""
    affordable = budget_ns * REFERENCE_STEPS // (max(1, pass_ns) * max(1, steps))
    passes = min(MOST_PASSES, max(LEAST_PASSES, affordable - _BESIDES - LEAST_REPAIRS))
    candidates = min(MOST_CANDIDATES, max(1, affordable // (passes + _BESIDES + LEAST_REPAIRS)))
    repairs = min(MOST_REPAIRS, max(LEAST_REPAIRS, affordable // candidates - _BESIDES - passes))
    return Pace(candidates, replace(FAST, passes=passes, repairs=repairs))
