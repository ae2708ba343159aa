"""Windows of symbol sequences for training: transposed where the codec allows it, padded with zeros.

The network takes a symbol and predicts the next one; at the beginning of a piece it takes zeros. Where a piece ends,
nothing follows, so a network that plays on there does what it never learnt; one that writes each step of a held chord
then holds it for ever. With a recipe's `joined`, another piece that ends on the same chord begins where one ends.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import Floats, Ints
from bachbridge_training.collection.shard_file import ShardItem
from bachbridge_training.recipe import SymbolRecipe

_PIECE_START_SHARE = 1 / 4
"""Share of the windows that begin where a piece begins."""


@dataclass(frozen=True, slots=True)
class SymbolPiece:
    """A piece as symbols `[symbol, field]`, by the semitones of its transposition; 0 is the original key.

    `steps`: its length on the grid; 0 if the codec has no time. `unknown_symbols`: how many of its symbols are not in
    the vocabulary, and are replaced by the nearest ones that are.
    """

    name: str
    by_transposition: Mapping[int, Ints]
    steps: int = 0
    unknown_symbols: int = 0
    final_pitch_classes: frozenset[int] = frozenset()
    """The pitch classes on which the piece ends in its original key; empty if the codec does not say."""
    is_tune: bool = False
    """True for a folk tune that is mixed into other music (a recipe's `tunes`)."""

    @property
    def symbols(self) -> Ints:
        return self.by_transposition[0]


def item_from_piece(piece: SymbolPiece, identity: str) -> ShardItem:
    """Return a piece as it lies in a shard: all its transpositions, one after another, the original key first."""
    keys = sorted(piece.by_transposition, key=lambda semitones: (semitones != 0, semitones))
    rows = [piece.by_transposition[semitones] for semitones in keys]
    numbers = {
        "semitones": keys,
        "transposed_lengths": [len(row) for row in rows],
        "steps": [piece.steps],
        "unknown_symbols": [piece.unknown_symbols],
        "final_pitch_classes": sorted(piece.final_pitch_classes),
    }
    fields = {name: np.array(values, np.int32) for name, values in numbers.items()}
    return ShardItem(piece.name, identity, len(piece.symbols), {"symbols": np.concatenate(rows), **fields})


def piece_from_item(item: ShardItem) -> SymbolPiece:
    """Reverse `item_from_piece`."""
    fields = item.fields
    rows = np.split(fields["symbols"], np.cumsum(fields["transposed_lengths"])[:-1])
    return SymbolPiece(
        item.name,
        dict(zip(fields["semitones"].tolist(), rows, strict=True)),
        int(fields["steps"][0]),
        int(fields["unknown_symbols"][0]),
        frozenset(fields["final_pitch_classes"].tolist()),
    )


@dataclass(frozen=True, slots=True)
class SymbolBatch:
    """A window: the inputs `ids` and the next symbols `target`, `[..., symbol, field]`; 0 where there is no symbol.

    `before[..., 1]`: the first field of the symbol before the first of `ids`.
    """

    ids: Ints
    before: Ints
    target: Ints

    @property
    def trainer_inputs(self) -> list[Ints]:
        """The inputs of the window model and of the loss model."""
        return [self.ids, self.before, self.target]


def cut_window(symbols: Ints, begin: int, end: int) -> SymbolBatch:
    """Return the window in which the symbols from `begin` to `end` are to be predicted."""
    padded = np.concatenate([np.zeros((2, symbols.shape[1]), np.int32), symbols])
    target = symbols[begin:end]
    return SymbolBatch(padded[begin + 1 : begin + 1 + len(target)], padded[begin, :1], target)


def whole_piece(piece: SymbolPiece) -> SymbolBatch:
    """Return a whole piece in its original key as one window, without a batch axis."""
    return cut_window(piece.symbols, 0, len(piece.symbols))


def stack_windows(windows: Sequence[SymbolBatch], length: int) -> SymbolBatch:
    """Pad single windows to `length` symbols and stack them."""

    def pad(rows: list[Ints]) -> Ints:
        return np.stack([np.pad(row, [(0, length - len(row)), (0, 0)]) for row in rows])

    ids, target = pad([window.ids for window in windows]), pad([window.target for window in windows])
    return SymbolBatch(ids, np.stack([window.before for window in windows]), target)


class SymbolBatches:
    """Random windows of the pieces, in proportion to their length; batch `n` depends on the seed and `n` alone."""

    def __init__(self, pieces: Sequence[SymbolPiece], recipe: SymbolRecipe) -> None:
        self._pieces, self._recipe = pieces, recipe
        self._shares = _window_shares(pieces, recipe.tunes)
        self._pieces_by_ending: defaultdict[frozenset[int], list[Ints]] = defaultdict(list)
        """All transpositions of all pieces, by the pitch classes on which they end."""
        for piece in pieces if recipe.joined else ():
            for semitones, symbols in piece.by_transposition.items():
                self._pieces_by_ending[_transposed(piece.final_pitch_classes, semitones)].append(symbols)

    def batch(self, number: int) -> SymbolBatch:
        rng = np.random.default_rng([self._recipe.seed, number])
        return stack_windows([self._draw_window(rng) for _ in range(self._recipe.batch)], self._recipe.window)

    def _draw_window(self, rng: np.random.Generator) -> SymbolBatch:
        piece = self._pieces[int(rng.choice(len(self._pieces), p=self._shares))]
        semitones = int(rng.choice(sorted(piece.by_transposition)))
        symbols, size, joined = piece.by_transposition[semitones], self._recipe.window, self._recipe.joined
        last = len(symbols) if joined else len(symbols) - size // 2
        begin = 0 if rng.random() < _PIECE_START_SHARE else int(rng.integers(max(1, last)))
        if joined:
            ending = _transposed(piece.final_pitch_classes, semitones)
            symbols = self._append_pieces(symbols, ending, begin + size, rng)
        return cut_window(symbols, begin, begin + size)

    def _append_pieces(self, symbols: Ints, ending: frozenset[int], length: int, rng: np.random.Generator) -> Ints:
        """Append pieces that end on the pitch classes `ending`, until there are `length` symbols."""
        others, pieces = self._pieces_by_ending[ending], [symbols]
        while (length := length - len(pieces[-1])) > 0:
            pieces.append(others[int(rng.integers(len(others)))])
        return np.concatenate(pieces)


def _window_shares(pieces: Sequence[SymbolPiece], tunes: float) -> Floats:
    """Return the share of the windows that each piece gets: by its length, among the tunes or among the others."""
    lengths = np.array([len(piece.symbols) for piece in pieces], dtype=np.float64)
    is_tune = np.array([piece.is_tune for piece in pieces])
    shares = np.where(is_tune, tunes, 1 - tunes) * lengths
    for kind in (is_tune, ~is_tune):
        shares[kind] /= max(1.0, lengths[kind].sum())
    return shares / shares.sum()


def _transposed(pitch_classes: frozenset[int], semitones: int) -> frozenset[int]:
    return frozenset((pitch_class + semitones) % 12 for pitch_class in pitch_classes)
