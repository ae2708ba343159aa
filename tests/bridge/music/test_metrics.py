"""Tests of metrics against frames counted by hand, and of copied runs against an exhaustive search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbridge.music.frames import pitch_index
from bachbridge.music.metrics import SharedRuns, compute_metrics


def frames(*chords: tuple[int, ...]) -> np.ndarray:
    """Return pitch indices of soprano, alto, tenor, bass; 0 is a rest."""
    return np.array([[pitch_index(pitch) if pitch else 0 for pitch in chord] for chord in chords], np.int32)


def test_metrics_equal_counts_by_hand() -> None:
    piece = frames(
        (72, 67, 64, 48),  # C major
        (74, 69, 65, 50),  # all up: octaves S-B, fifths A-B; six pairs move; D minor
        (74, 60, 65, 50),  # alto crosses under the tenor, an octave and more under the soprano; seconds: C-D twice
        (74, 60, 65, 36),  # the bass leaps over an octave; C in alto and bass
        (59, 0, 65, 36),  # soprano out of range and below the tenor; two cells change, one of the lower ones
    )
    found = compute_metrics([piece])
    assert (found.pieces, found.frames) == (1, 5)
    assert found.parallel_octaves == pytest.approx(1000 / 6)
    assert found.parallel_fifths == pytest.approx(1000 / 6)
    assert found.crossed_frames == pytest.approx(3 / 5)
    assert found.wide_frames == pytest.approx(2 / 5)
    assert found.out_of_range == pytest.approx(1 / 19)
    # Two each: C with both Ds; D with both Cs; B with F and with C.
    assert found.dissonant_pairs == pytest.approx(6 / 27)
    assert found.triad_frames == pytest.approx(2 / 5)
    assert found.changed_cells == pytest.approx((3 + 1 + 1 + 1) / 12)
    assert found.wide_leaps == pytest.approx(2 / 7)  # the bass's 14, the soprano's 15 of 4 + 1 + 1 + 1 moves
    assert found.copied_longest is None


def test_metrics_pool_counts_of_pieces() -> None:
    quiet = frames(*[(72, 67, 64, 48)] * 9)
    loud = frames((72, 67, 64, 48), (74, 69, 65, 50))
    assert compute_metrics([quiet, loud]).triad_frames == 1
    assert compute_metrics([quiet, loud]).changed_cells == pytest.approx(3 / 27)
    assert compute_metrics([]).frames == 0


def test_shared_run_is_found_in_any_key_within_one_piece() -> None:
    rng = np.random.default_rng(1)
    books = [rng.integers(10, 40, (40, 4)).astype(np.int32) for _ in range(3)]
    runs = SharedRuns(books)
    copied = np.concatenate([rng.integers(10, 40, (5, 4)), books[1][7:27] + 3, rng.integers(10, 40, (5, 4))])
    assert runs.longest_shared_steps(copied.astype(np.int32)) == 20
    assert compute_metrics([copied.astype(np.int32)], runs).copied_longest == 5
    assert runs.longest_shared_steps(books[2]) == 40
    assert runs.longest_shared_steps(np.concatenate([books[0][-4:], books[1][:4]])) == 4


def test_shared_run_ignores_silence() -> None:
    silent = np.zeros((20, 4), np.int32)
    assert SharedRuns([silent]).longest_shared_steps(silent) == 0


small = st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=12)


@given(book=small, piece=small)
def test_longest_shared_run_equals_exhaustive_search(book: list[tuple[int, int]], piece: list[tuple[int, int]]) -> None:
    def same(left: np.ndarray, right: np.ndarray) -> bool:
        both = (left > 0) & (right > 0)
        return np.array_equal(left > 0, right > 0) and len(np.unique((left - right)[both])) <= 1

    one, two = (np.array(rows, np.int32)[:, [0, 0, 1, 1]] for rows in (book, piece))
    longest = max(
        (
            steps
            for steps in range(1, min(len(one), len(two)) + 1)
            for i in range(len(one) - steps + 1)
            for j in range(len(two) - steps + 1)
            if same(one[i : i + steps], two[j : j + steps])
        ),
        default=0,
    )
    sounding = (one > 0).any(axis=1).all() and (two > 0).any(axis=1).all()
    if sounding:  # across silence there is no interval, and a run may end there
        assert SharedRuns([one]).longest_shared_steps(two) == longest
