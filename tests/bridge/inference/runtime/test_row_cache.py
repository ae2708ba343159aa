"""Rows that states share: each sees its own, whoever goes on from where."""

import numpy as np

from bachbridge.inference.runtime import row_cache
from bachbridge.inference.runtime.row_cache import CachedRows
from bachbridge.music.frames import Floats

REACH = 100


def grown(kept: CachedRows, numbers: range) -> list[CachedRows]:
    """What is kept after each of some rows more, the last one foremost in the row."""
    states = [kept]
    for number in numbers:
        states.append(states[-1].with_row(np.array([number, -number], np.float32), REACH))
    return states


def numbers(kept: CachedRows) -> Floats:
    return kept.array[0, :, 0]


def test_each_state_sees_the_rows_within_its_reach() -> None:
    for count, kept in enumerate(grown(row_cache.empty(2), range(300))):
        assert kept.array.shape == (1, min(count, REACH), 2)
        assert (numbers(kept) == np.arange(max(0, count - REACH), count)).all()
        assert (kept.array[0, :, 1] == -numbers(kept)).all()


def test_who_goes_on_from_an_older_state_changes_nothing_for_the_others() -> None:
    states = grown(row_cache.empty(2), range(150))
    other = grown(states[40], range(1000, 1050))[-1]
    assert (numbers(other) == [*range(40), *range(1000, 1050)]).all()
    assert (numbers(states[-1]) == np.arange(50, 150)).all()
    assert (numbers(states[41]) == np.arange(41)).all()


def test_a_row_more_is_no_copy() -> None:
    states = grown(row_cache.empty(2), range(150))
    assert len({id(its.block) for its in states}) <= 4
    assert max(len(its.block.rows) for its in states) <= 2 * (REACH + 1)
