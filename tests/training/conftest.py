"""Fixtures of the training tests: some chorales of the corpus, all of them under soak, and a recipe of toy size.

Reading the whole corpus takes a minute or two, once per machine.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bachbridge_training import recipe
from bachbridge_training.datasets import chorale_grids
from bachbridge_training.datasets import chorales as chorale_data
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.recipe import ChoraleRecipe


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports write down in the user's data folder that they are trusted."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data home"))


_SOME = 3
"""Chorales of each part in the quick tests."""


@pytest.fixture(scope="session")
def all_chorales() -> dict[str, list[FourPartPiece]]:
    """All chorales, by part of the split; for tests under soak."""
    return {part: chorale_data.load_chorales(part) for part in chorale_data.PARTS}


@pytest.fixture(scope="session", params=["some", pytest.param("all", marks=pytest.mark.soak)])
def chorales(request: pytest.FixtureRequest) -> dict[str, list[FourPartPiece]]:
    """Some chorales of each part of the split, and all of them under soak."""
    if request.param == "all":
        return request.getfixturevalue("all_chorales")
    split = chorale_data.chorale_split()
    names = {part: [name for name in split if split[name] == part][:_SOME] for part in chorale_data.PARTS}
    return {part: [chorale_grids.read_chorale(name) for name in names[part]] for part in names}


@pytest.fixture
def toy() -> ChoraleRecipe:
    """The shipped recipe's stage of the whole network, with a network and a run of toy size."""
    shipped = recipe.read_stages("chorale-lstm")[1].recipe
    assert isinstance(shipped, ChoraleRecipe)
    return replace(
        shipped,
        units=64, embedding=64, head=64, dropout=0.0, window=32, batch=8, free_order=0.0, unknown=0.0,
        steps=200, steps_per_epoch=40, warmup=5, learning_rate=1e-2, averaging=0.9, seed=1,
    )  # fmt: skip


def phrase(name: str, root: int) -> FourPartPiece:
    """Two bars in four voices over the degrees of a scale, with a held and some repeated notes."""
    soprano = [12, 12, 14, 16, 17, 16, 14, 12]
    alto = [7, 7, 7, 9, 9, 7, 7, 7]
    tenor = [4, 4, 2, 0, 0, 0, -1, 4]
    bass = [-12, -8, -5, -7, -3, 0, -5, -12]
    pitches = (np.repeat(np.array([soprano, alto, tenor, bass]).T, 4, axis=0) + root).astype(np.int16)
    onsets = np.zeros(pitches.shape, bool)
    onsets[::4] = True
    onsets[4, 1] = False
    position = (np.arange(32) % 16).astype(np.int16)
    return FourPartPiece(name, pitches, onsets, position, np.full(32, 16, np.int16))


@pytest.fixture
def phrases() -> list[FourPartPiece]:
    """Two phrases of two bars."""
    return [phrase("one", 60), phrase("two", 57)]
