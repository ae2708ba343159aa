"""The intervals that are inputs of the infilling network."""

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge_training.infill import intervals


def test_sounding_intervals_are_key_free_and_skip_masked() -> None:
    seen = np.array([[[50, 45, 40, 30], [52, 45, infill_grid.TRANSPOSED_MASKED, 30], [52, 0, 40, 42]]], np.int32)
    sounding = (seen > 0) & (seen < infill_grid.TRANSPOSED_INDEX_COUNT)
    transposed = np.where(sounding, seen + 3, seen)
    first, second = (np.array(intervals.sounding_intervals(cells)) for cells in (seen, transposed))
    assert (first == second).all()
    rows = first[0] - np.array(intervals.sounding_intervals(np.zeros((1, 1, 4), np.int32)))[0, 0]  # 0: none
    pairs = rows[:, :6]  # soprano with alto, tenor, bass; alto with tenor, bass; tenor with bass
    assert pairs.tolist() == [[6, 11, 9, 6, 4, 11], [8, 0, 11, 0, 4, 0], [0, 1, 11, 0, 0, 11]]
    leaps = rows[:, 6:].reshape(3, 3, 4)  # from one, two and four steps before
    assert not leaps[0].any()
    assert leaps[1].tolist() == [[15, 13, 0, 13], [0] * 4, [0] * 4]
    assert leaps[2].tolist() == [[13, 0, 0, 25], [15, 0, 13, 25], [0] * 4]


def test_neighbour_intervals_count_from_the_voices_last_note() -> None:
    none = infill_grid.TRANSPOSED_MASKED
    own = [30, 42, none, 0, 25, 16]  # before, after, a step before and after, four steps before and after
    others = [49, none, 18, 40, 37, 0, 30, 31, 29]
    around = np.tile(np.array([own + others], np.int32), (1, 4, 1))
    around[:, 1, 0] = none  # the alto begins: counted from its next note
    around[:, 2, :2] = none  # the tenor is silent or masked throughout
    around[:, 3] += 7 * ((around[:, 3] > 0) & (around[:, 3] < none)).astype(np.int32)
    rows = (
        np.array(intervals.neighbour_intervals(around))[0]
        - np.array(intervals.neighbour_intervals(np.zeros_like(around)))[0]
    )
    assert rows[0].tolist() == [25, 0, 0, 8, 1, 8, 0, 1, 11, 8, 0, 1, 2, 12]
    assert rows[1].tolist() == [13, 0, 0, 1, 1, 8, 0, 1, 11, 8, 0, 1, 2, 12]
    assert not rows[2].any()
    assert rows[3].tolist() == rows[0].tolist()
