"""The number of sweeps and candidates follows from the recorded time of one sweep."""

from hypothesis import given
from hypothesis import strategies as st

from bachbridge.inference.infill.budget import (
    BUDGET_NS,
    MAX_CANDIDATES,
    MAX_REPAIRS,
    MAX_SWEEPS,
    MIN_REPAIRS,
    MIN_SWEEPS,
    REFERENCE_STEPS,
    sweep_budget,
)

MS = 1_000_000
SWEEP_TIMES_NS, STEP_COUNTS = st.integers(1, 10**9), st.integers(1, 5000)


def sweeps_and_candidates(sweep_ns: int, steps: int, budget_ns: int) -> tuple[int, int]:
    budget = sweep_budget(sweep_ns, steps, budget_ns)
    return budget.schedule.sweeps, budget.candidates


def test_sweep_budget_of_2_ms_sweeps_buys_candidates() -> None:
    assert sweeps_and_candidates(2 * MS, REFERENCE_STEPS, BUDGET_NS) == (MAX_SWEEPS, 2)
    assert sweeps_and_candidates(2 * MS, REFERENCE_STEPS // 2, BUDGET_NS) == (MAX_SWEEPS, 4)


def test_sweep_budget_gives_up_candidates_before_sweeps() -> None:
    assert sweeps_and_candidates(8 * MS, REFERENCE_STEPS, BUDGET_NS) == (7, 1)
    assert sweeps_and_candidates(80 * MS, REFERENCE_STEPS, BUDGET_NS) == (MIN_SWEEPS, 1)


@given(SWEEP_TIMES_NS, STEP_COUNTS, STEP_COUNTS)
def test_sweep_budget_never_buys_more_for_more_steps(sweep_ns: int, steps: int, more: int) -> None:
    few = sweeps_and_candidates(sweep_ns, steps, BUDGET_NS)
    many = sweeps_and_candidates(sweep_ns, steps + more, BUDGET_NS)
    assert few[0] >= many[0]
    assert few[1] >= many[1]


@given(SWEEP_TIMES_NS, SWEEP_TIMES_NS, STEP_COUNTS, st.integers(0, 10**10))
def test_sweep_budget_never_buys_more_on_a_slower_machine(
    sweep_ns: int, more_ns: int, steps: int, budget_ns: int
) -> None:
    quick = sweeps_and_candidates(sweep_ns, steps, budget_ns)
    slow = sweeps_and_candidates(sweep_ns + more_ns, steps, budget_ns)
    assert quick >= slow
    assert quick[1] >= slow[1]
    assert MIN_SWEEPS <= slow[0] <= quick[0] <= MAX_SWEEPS
    assert 1 <= slow[1] <= quick[1] <= MAX_CANDIDATES


@given(st.integers(MS // 10, 3 * MS))
def test_sweep_budget_keeps_within_the_time(sweep_ns: int) -> None:
    budget = sweep_budget(sweep_ns, REFERENCE_STEPS, BUDGET_NS)
    overhead_sweeps = 3  # comparing the candidates (counts double), and choosing the onsets
    sweeps = budget.schedule.sweeps + overhead_sweeps + budget.schedule.max_repairs
    assert sweeps * budget.candidates * sweep_ns <= BUDGET_NS
    assert MIN_REPAIRS <= budget.schedule.max_repairs <= MAX_REPAIRS
