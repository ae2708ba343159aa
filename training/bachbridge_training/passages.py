"""Windows of symbol sequences for training: transposed where the codec allows it, padded with zeros.

The network takes a symbol in and says what follows; at the beginning of a piece it takes in zeros.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbridge_training.recipe import StreamRecipe

Ints = NDArray[np.int32]
_FROM_THE_BEGINNING = 1 / 4
"""Share of the windows that begin where a piece begins."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece as symbols: by how many semitones it is transposed → `[symbol, field]`; 0 is the piece as it stands.

    `steps`: how long it lasts on the grid, 0 where the codec has no time. `unknown`: symbols of the piece that the
    vocabulary cannot spell, and which stand there as the nearest that it can.
    """

    name: str
    shifted: Mapping[int, Ints]
    steps: int = 0
    unknown: int = 0

    @property
    def symbols(self) -> Ints:
        return self.shifted[0]


@dataclass(frozen=True, slots=True)
class Window:
    """`ids` and `target` `[..., symbol, field]`: what is taken in and what follows it, 0 where there is nothing.

    `before[..., 1]`: the first field of the symbol before the first of `ids`.
    """

    ids: Ints
    before: Ints
    target: Ints

    @property
    def all(self) -> list[Ints]:
        """What the model takes, and the trainer."""
        return [self.ids, self.before, self.target]


def window(symbols: Ints, begin: int, end: int) -> Window:
    """The window in which the symbols from `begin` to `end` are to be foretold."""
    led = np.concatenate([np.zeros((2, symbols.shape[1]), np.int32), symbols])
    target = symbols[begin:end]
    return Window(led[begin + 1 : begin + 1 + len(target)], led[begin, :1], target)


def whole(passage: Passage) -> Window:
    """A piece from its first symbol, untransposed (no batch axis)."""
    return window(passage.symbols, 0, len(passage.symbols))


def stacked(windows: Sequence[Window], length: int) -> Window:
    """Pad single windows to `length` symbols and stack them."""

    def pad(rows: list[Ints]) -> Ints:
        return np.stack([np.pad(row, [(0, length - len(row)), (0, 0)]) for row in rows])

    ids, target = pad([its.ids for its in windows]), pad([its.target for its in windows])
    return Window(ids, np.stack([its.before for its in windows]), target)


class Feed:
    """Random windows of the pieces, each piece as often as it is long; batch `n` depends on the seed and `n` alone."""

    def __init__(self, passages: Sequence[Passage], recipe: StreamRecipe) -> None:
        self._passages, self._recipe = passages, recipe
        lengths = np.array([len(passage.symbols) for passage in passages], dtype=np.float64)
        self._shares = lengths / lengths.sum()

    def batch(self, number: int) -> Window:
        rng = np.random.default_rng([self._recipe.seed, number])
        return stacked([self._window(rng) for _ in range(self._recipe.batch)], self._recipe.window)

    def _window(self, rng: np.random.Generator) -> Window:
        passage = self._passages[int(rng.choice(len(self._passages), p=self._shares))]
        symbols = passage.shifted[int(rng.choice(sorted(passage.shifted)))]
        length, size = len(symbols), self._recipe.window
        begin = 0 if rng.random() < _FROM_THE_BEGINNING else int(rng.integers(max(1, length - size // 2)))
        return window(symbols, begin, begin + size)
