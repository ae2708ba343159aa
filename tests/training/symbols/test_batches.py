"""Windows of symbols: the share of folk tunes among them."""

from dataclasses import replace

import numpy as np
import pytest

from bachbridge_training import recipe
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.symbols.batches import SymbolBatches, SymbolPiece

TUNE, OTHER = 1, 2


def _piece(symbol: int, length: int) -> SymbolPiece:
    symbols = np.full((length, 1), symbol, np.int32)
    return SymbolPiece(str(symbol), {0: symbols}, is_tune=symbol == TUNE)


@pytest.mark.parametrize("tunes", [0.0, 0.25, 0.7, 1.0])
def test_tunes_are_the_share_of_windows_that_a_recipe_says(tunes: float) -> None:
    shipped = recipe.read_recipe("play-bach")
    assert isinstance(shipped, SymbolRecipe)
    pieces = [_piece(TUNE, 40), _piece(TUNE, 20), _piece(OTHER, 500), _piece(OTHER, 100)]
    batches = SymbolBatches(pieces, replace(shipped, tunes=tunes, window=8, batch=400, seed=4))
    shown = batches.batch(0).target[:, 0, 0]
    assert set(np.unique(shown)) <= {TUNE, OTHER}
    assert np.mean(shown == TUNE) == pytest.approx(tunes, abs=0.08 if 0 < tunes < 1 else 0)
