"""Which pieces are a group, and in which part of the split a group is."""

from pathlib import Path

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge_training.collection import selection


@pytest.mark.parametrize(
    ("sizes", "common", "expected"),
    [
        ((8, 9), 5, False),
        ((10, 40), 6, True),
        ((14, 40), 6, False),
        ((14, 40), 7, True),
        ((3, 3), 3, True),
        ((3, 9), 3, False),
    ],
)
def test_melodies_are_similar_if_they_share_long_passages(
    tmp_path: Path, sizes: tuple[int, int], common: int, *, expected: bool
) -> None:
    first = np.arange(sizes[0], dtype=np.uint64)
    second = np.arange(sizes[0] - common, sizes[0] - common + sizes[1], dtype=np.uint64)
    (tmp_path / "shingles").write_bytes(first.tobytes() + second.tobytes())
    ends = np.array([(0, sizes[0]), (sizes[0], sum(sizes))])
    compare = selection._compare_melodies(tmp_path / "shingles", ends)
    assert compare(np.array([0]), np.array([1])).tolist() == [expected]


def _hashes(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(1 << 62, size=(count, 2)).astype(np.uint64)


def test_split_divides_no_group_and_keeps_the_shares() -> None:
    groups = np.repeat(np.arange(0, 6000, 2), 2)
    parts = selection._split_groups(groups, _hashes(6000))
    assert (parts[::2] == parts[1::2]).all()
    assert np.bincount(parts) / 6000 == pytest.approx([0.9, 0.05, 0.05], abs=0.015)


def test_split_trains_on_a_group_that_is_too_large() -> None:
    hashes = _hashes(1000)
    shares = [selection._share_of(row) for row in hashes]
    held_out = next(number for number, share in enumerate(shares) if share > 0.9)
    groups = np.arange(1000)
    groups[held_out : held_out + 120] = held_out
    assert set(selection._split_groups(groups, hashes)[groups == held_out]) == {0}
    groups[held_out + 90 :] = np.arange(held_out + 90, 1000)
    assert 0 not in selection._split_groups(groups, hashes)[groups == held_out]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_split_of_few_groups_has_training_and_validation(count: int) -> None:
    for seed in range(20):
        hashes = np.random.default_rng(seed).integers(1 << 62, size=(count, 2)).astype(np.uint64)
        parts = selection._split_groups(np.arange(count), hashes).tolist()
        assert {0, 1} <= set(parts)
    with pytest.raises(ConfigError, match="similar melodies"):
        selection._split_groups(np.zeros(count, int), _hashes(count))
