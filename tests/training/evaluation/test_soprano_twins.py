"""Soprano twins: pieces whose tune a training piece has too."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.soprano_twins import names_with_twin


def _melody(name: str, pitches: list[int]) -> FourPartPiece:
    """A piece in which all voices sing a note of `pitches` at each step."""
    grid = np.repeat(np.array(pitches, np.int16)[:, None], 4, axis=1)
    steps = np.arange(len(pitches), dtype=np.int16)
    return FourPartPiece(name, grid, np.ones(grid.shape, bool), steps % 16, np.full(len(pitches), 16, np.int16))


def _tune(seed: int, notes: int = 30) -> list[int]:
    return np.random.default_rng(seed).integers(60, 79, notes).tolist()


def test_twins_are_found_in_any_key() -> None:
    tune = _tune(1)
    training = [_melody("other", _tune(2)), _melody("twin", [pitch - 3 for pitch in tune])]
    assert names_with_twin([_melody("own", tune), _melody("new", _tune(3))], training) == {"own"}


def test_twins_share_half_of_their_shingles() -> None:
    training = [_melody("training", _tune(1, 31))]
    half, less = (_melody(str(shared), _tune(1, shared) + _tune(4, 40 - shared)) for shared in (26, 24))
    assert names_with_twin([half, less], training) == {"26"}


def test_twins_need_one_training_piece() -> None:
    """Check that halves found in two pieces do not add up."""
    first, second = _tune(1), _tune(2)
    piece = _melody("both", [*first[:20], *_tune(3, 40), *second[:20]])
    assert not names_with_twin([piece], [_melody("first", first), _melody("second", second)])


def test_twins_ignore_short_tunes() -> None:
    short = _melody("short", _tune(1, 8))
    assert not names_with_twin([short, replace(short, name="again")], [short])


@pytest.mark.soak
def test_new_tunes_of_the_split_have_no_twin(all_chorales: dict[str, list[FourPartPiece]]) -> None:
    assert not chorale_data.new_tune_test_names() & names_with_twin(all_chorales["test"], all_chorales["train"])
