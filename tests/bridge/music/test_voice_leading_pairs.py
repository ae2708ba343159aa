"""Test that the rules for many pairs of frames at once agree with `check_rules`."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST
from bachbridge.music.voice_leading import TRANSITION_RULES, check_rules
from bachbridge.music.voice_leading_pairs import transition_cost


@given(st.integers(0, 2**32 - 1), st.sets(st.sampled_from(sorted(TRANSITION_RULES))), st.integers(0, 4))
def test_transition_cost_equals_check_rules(seed: int, rules: set[str], reach: int) -> None:
    rng = np.random.default_rng(seed)
    tops = np.array((30, 25, 20, 12)) + 2 * reach
    before, after = (rng.integers(tops - 5, tops, (5, 3, 4)) for _ in range(2))
    if reach == 0:
        before, after = (rng.integers(0, PITCH_INDEX_COUNT, (5, 3, 4)) for _ in range(2))
    before, after = (np.where(rng.random(one.shape) < 0.1, REST, one).astype(np.int32) for one in (before, after))
    found = transition_cost(before, after, rules, 100.0)
    for i, j, n in np.ndindex(found.shape):
        verdict = check_rules(before[n, i], after[n, j : j + 1], rules, None)
        assert found[i, j, n] == 100 * verdict.violations[0] + verdict.penalty[0]
