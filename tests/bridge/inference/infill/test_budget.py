"""Passes and candidates follow from one recorded figure; the figure is measured once."""

from pathlib import Path

import numpy as np
import pytest
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
from bachbridge.inference.runtime import sweep_benchmark
from bachbridge.music.frames import PITCH_INDEX_COUNT

MS = 1_000_000
PASSES_NS, STEPS = st.integers(1, 10**9), st.integers(1, 5000)


def work(pass_ns: int, steps: int, budget_ns: int) -> tuple[int, int]:
    chosen = sweep_budget(pass_ns, steps, budget_ns)
    return chosen.schedule.sweeps, chosen.candidates


def test_two_milliseconds_a_pass_buy_all_passes_and_a_choice() -> None:
    assert work(2 * MS, REFERENCE_STEPS, BUDGET_NS) == (MAX_SWEEPS, 2)
    assert work(2 * MS, REFERENCE_STEPS // 2, BUDGET_NS) == (MAX_SWEEPS, 4)


def test_a_slow_machine_gives_up_candidates_first() -> None:
    assert work(8 * MS, REFERENCE_STEPS, BUDGET_NS) == (7, 1)
    assert work(80 * MS, REFERENCE_STEPS, BUDGET_NS) == (MIN_SWEEPS, 1)


@given(PASSES_NS, STEPS, STEPS)
def test_more_steps_never_buy_more(pass_ns: int, steps: int, more: int) -> None:
    few, many = work(pass_ns, steps, BUDGET_NS), work(pass_ns, steps + more, BUDGET_NS)
    assert few[0] >= many[0]
    assert few[1] >= many[1]


@given(PASSES_NS, PASSES_NS, STEPS, st.integers(0, 10**10))
def test_a_slower_machine_never_does_more(pass_ns: int, more_ns: int, steps: int, budget_ns: int) -> None:
    quick, slow = work(pass_ns, steps, budget_ns), work(pass_ns + more_ns, steps, budget_ns)
    assert quick >= slow
    assert quick[1] >= slow[1]
    assert MIN_SWEEPS <= slow[0] <= quick[0] <= MAX_SWEEPS
    assert 1 <= slow[1] <= quick[1] <= MAX_CANDIDATES


@given(st.integers(MS // 10, 3 * MS))
def test_what_can_be_kept_within_the_budget_is(pass_ns: int) -> None:
    chosen = sweep_budget(pass_ns, REFERENCE_STEPS, BUDGET_NS)
    compared_and_struck = 3
    passes = chosen.schedule.sweeps + compared_and_struck + chosen.schedule.max_repairs
    assert passes * chosen.candidates * pass_ns <= BUDGET_NS
    assert MIN_REPAIRS <= chosen.schedule.max_repairs <= MAX_REPAIRS


class Counting:
    """A network that says nothing, and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, seen: np.ndarray, attacks: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert attacks.shape == seen.shape
        assert place.shape[1] == seen.shape[1] == REFERENCE_STEPS
        self.calls += 1
        return np.zeros((*seen.shape, PITCH_INDEX_COUNT), np.float32), np.zeros(seen.shape, np.float32)


def test_a_pass_is_measured_once_for_each_network(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "pace.json"
    first = sweep_benchmark.recorded_sweep_ns(Counting(), "abc", path)
    assert first > 0
    again = Counting()
    assert sweep_benchmark.recorded_sweep_ns(again, "abc", path) == first
    assert again.calls == 0
    other = Counting()
    sweep_benchmark.recorded_sweep_ns(other, "def", path)
    assert other.calls > 0
    assert sweep_benchmark.recorded_sweep_ns(again, "abc", path) == first, "the first one is still on record"


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"abc": -5}', '{"abc": "quick"}', '{"abc": true}', "\x00"])
def test_a_damaged_record_is_measured_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pace.json"
    path.write_text(text)
    nets = Counting()
    measured = sweep_benchmark.recorded_sweep_ns(nets, "abc", path)
    assert nets.calls > 0
    assert sweep_benchmark.recorded_sweep_ns(Counting(), "abc", path) == measured


def test_where_nothing_can_be_kept_the_measurement_holds(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert sweep_benchmark.recorded_sweep_ns(Counting(), "abc", tmp_path / "file" / "pace.json") > 0
