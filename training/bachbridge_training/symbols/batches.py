"""Windows of symbol sequences for training: transposed where the codec allows it, padded with zeros.

The network takes a symbol in and says what follows; at the beginning of a piece it takes in zeros. Where a piece ends
nothing follows, so a network that goes on in play is on its own there; one that writes each step of a held chord then
holds it for ever. With a recipe's `joined`, another piece that ends on the same chord begins where one ends.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import Ints
from bachbridge_training.recipe import SymbolRecipe

_PIECE_START_SHARE = 1 / 4
"""Share of the windows that begin where a piece begins."""


@dataclass(frozen=True, slots=True)
class SymbolPiece:
    """A piece as symbols: by how many semitones it is transposed → `[symbol, field]`; 0 is the piece as it stands.

    `steps`: how long it lasts on the grid, 0 where the codec has no time. `unknown`: symbols of the piece that the
    vocabulary cannot spell, and which stand there as the nearest that it can.
    """

    name: str
    by_transposition: Mapping[int, Ints]
    steps: int = 0
    unknown_symbols: int = 0
    final_pitch_classes: frozenset[int] = frozenset()
    """The pitch classes on which the piece ends as it stands; none where the codec does not say."""

    @property
    def symbols(self) -> Ints:
        return self.by_transposition[0]


@dataclass(frozen=True, slots=True)
class SymbolBatch:
    """`ids` and `target` `[..., symbol, field]`: what is taken in and what follows it, 0 where there is nothing.

    `before[..., 1]`: the first field of the symbol before the first of `ids`.
    """

    ids: Ints
    before: Ints
    target: Ints

    @property
    def trainer_inputs(self) -> list[Ints]:
        """What the model takes, and the trainer."""
        return [self.ids, self.before, self.target]


def cut_window(symbols: Ints, begin: int, end: int) -> SymbolBatch:
    """The window in which the symbols from `begin` to `end` are to be foretold."""
    led = np.concatenate([np.zeros((2, symbols.shape[1]), np.int32), symbols])
    target = symbols[begin:end]
    return SymbolBatch(led[begin + 1 : begin + 1 + len(target)], led[begin, :1], target)


def whole_piece(passage: SymbolPiece) -> SymbolBatch:
    """A piece from its first symbol, untransposed (no batch axis)."""
    return cut_window(passage.symbols, 0, len(passage.symbols))


def stack_windows(windows: Sequence[SymbolBatch], length: int) -> SymbolBatch:
    """Pad single windows to `length` symbols and stack them."""

    def pad(rows: list[Ints]) -> Ints:
        return np.stack([np.pad(row, [(0, length - len(row)), (0, 0)]) for row in rows])

    ids, target = pad([its.ids for its in windows]), pad([its.target for its in windows])
    return SymbolBatch(ids, np.stack([its.before for its in windows]), target)


class SymbolBatches:
    """Random windows of the pieces, each piece as often as it is long; batch `n` depends on the seed and `n` alone."""

    def __init__(self, passages: Sequence[SymbolPiece], recipe: SymbolRecipe) -> None:
        self._passages, self._recipe = passages, recipe
        lengths = np.array([len(passage.symbols) for passage in passages], dtype=np.float64)
        self._shares = lengths / lengths.sum()
        self._pieces_by_ending: defaultdict[frozenset[int], list[Ints]] = defaultdict(list)
        """By the pitch classes on which they end: pieces as they are transposed."""
        for passage in passages if recipe.joined else ():
            for by, symbols in passage.by_transposition.items():
                self._pieces_by_ending[_transposed(passage.final_pitch_classes, by)].append(symbols)

    def batch(self, number: int) -> SymbolBatch:
        rng = np.random.default_rng([self._recipe.seed, number])
        return stack_windows([self._draw_window(rng) for _ in range(self._recipe.batch)], self._recipe.window)

    def _draw_window(self, rng: np.random.Generator) -> SymbolBatch:
        passage = self._passages[int(rng.choice(len(self._passages), p=self._shares))]
        by = int(rng.choice(sorted(passage.by_transposition)))
        symbols, size, joined = passage.by_transposition[by], self._recipe.window, self._recipe.joined
        last = len(symbols) if joined else len(symbols) - size // 2
        begin = 0 if rng.random() < _PIECE_START_SHARE else int(rng.integers(max(1, last)))
        if joined:
            symbols = self._append_pieces(symbols, _transposed(passage.final_pitch_classes, by), begin + size, rng)
        return cut_window(symbols, begin, begin + size)

    def _append_pieces(
        self, symbols: Ints, final_pitch_classes: frozenset[int], length: int, rng: np.random.Generator
    ) -> Ints:
        """A piece, and others that end like it after it `until` there are so many symbols."""
        others, found = self._pieces_by_ending[final_pitch_classes], [symbols]
        while (length := length - len(found[-1])) > 0:
            found.append(others[int(rng.integers(len(others)))])
        return np.concatenate(found)


def _transposed(pitch_classes: frozenset[int], by: int) -> frozenset[int]:
    return frozenset((pitch + by) % 12 for pitch in pitch_classes)
