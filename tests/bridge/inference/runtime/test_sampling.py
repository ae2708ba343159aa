"""Draws of one index from logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.inference.runtime.sampling import sample_nucleus


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20), st.floats(0.1, 2), st.floats(0.05, 1), st.integers(0, 99))
def test_sample_nucleus_draws_only_from_the_nucleus(
    logits: list[float], temperature: float, top_p: float, seed: int
) -> None:
    values = np.array(logits, np.float32)
    drawn = sample_nucleus(values, temperature, top_p, np.random.default_rng(seed))
    weights = np.exp((values - values.max()) / temperature)
    likelier = weights[weights > weights[drawn]].sum() / weights.sum()
    assert likelier <= top_p + 1e-5


def test_sample_nucleus_never_draws_a_forbidden_index() -> None:
    values = np.array([-np.inf, 0.0, -np.inf, 0.0], np.float32)
    rng = np.random.default_rng(0)
    assert {sample_nucleus(values, 1.0, 1.0, rng) for _ in range(50)} == {1, 3}


def test_sample_nucleus_follows_the_probabilities() -> None:
    rng = np.random.default_rng(1)
    values = np.log(np.array([0.5, 0.3, 0.2], np.float32))
    counts = np.bincount([sample_nucleus(values, 1.0, 1.0, rng) for _ in range(4000)], minlength=3)
    assert counts / 4000 == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
