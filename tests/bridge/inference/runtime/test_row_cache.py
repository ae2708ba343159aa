"""Rows shared by states: each state sees its own rows, whatever state another one continues from."""

import numpy as np

from bachbridge.inference.runtime import row_cache
from bachbridge.inference.runtime.row_cache import CachedRows
from bachbridge.music.frames import Floats

REACH = 100


def add_rows(first: CachedRows, numbers: range) -> list[CachedRows]:
    """Return the states after each further row, the oldest state first."""
    states = [first]
    for number in numbers:
        states.append(states[-1].with_row(np.array([number, -number], np.float32), REACH))
    return states


def numbers(state: CachedRows) -> Floats:
    return state.array[0, :, 0]


def test_array_has_the_rows_within_reach() -> None:
    for count, state in enumerate(add_rows(row_cache.empty(2), range(300))):
        assert state.array.shape == (1, min(count, REACH), 2)
        assert (numbers(state) == np.arange(max(0, count - REACH), count)).all()
        assert (state.array[0, :, 1] == -numbers(state)).all()


def test_with_row_on_an_old_state_leaves_other_states_unchanged() -> None:
    states = add_rows(row_cache.empty(2), range(150))
    other = add_rows(states[40], range(1000, 1050))[-1]
    assert (numbers(other) == [*range(40), *range(1000, 1050)]).all()
    assert (numbers(states[-1]) == np.arange(50, 150)).all()
    assert (numbers(states[41]) == np.arange(41)).all()


def test_with_row_rarely_copies_the_block() -> None:
    states = add_rows(row_cache.empty(2), range(150))
    assert len({id(state.block) for state in states}) <= 4
    assert max(len(state.block.rows) for state in states) <= 2 * (REACH + 1)
