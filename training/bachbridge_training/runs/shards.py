"""Training from shards: the batches of a prepared collection, with a few shards in memory, whatever its size.

The pieces of a collection lie in a random order that is fixed (`collection.preparation`), so each shard is a random
sample of all of it. A pass over the collection visits every shard once, in an order drawn from the seed and the number
of the pass, and stays with it for as many batches as its share of the music's length. There the family's own batches
are drawn from its pieces. So batch `n` depends on the shards, the seed and `n` alone, and a run resumes within a pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge_training.collection.shard_index import ShardIndex
from bachbridge_training.collection.shard_reader import PartReader, ShardReader
from bachbridge_training.datasets.splits import DataOrigin
from bachbridge_training.recipe import AnyRecipe, ChoraleRecipe, PhrasingRecipe, SymbolRecipe
from bachbridge_training.runs.families import family_of
from bachbridge_training.runs.tasks import TrainingBatch, TrainingBatches

VALIDATION_PIECES = 256
"""The most pieces that a network is scored with after each epoch; they are kept in memory."""
POINTER_PIECES = 512
"""The most pieces from which a pointer learns its few weights; it keeps the network's logits for all of them."""
_KEPT_POOLS = 2
_ORDER_STREAM = 5
"""Distinguishes the random numbers of the order from those of the batches."""


@dataclass(frozen=True, slots=True)
class ShardPieces:
    """The training part of a prepared collection, which is not in memory."""

    part: PartReader
    piece_from_item: Callable[[Any], Any]

    def pieces(self, shard: int) -> list[Any]:
        """Return the pieces of a shard as the network takes them; raises `ConfigError` if it is damaged."""
        return [self.piece_from_item(item) for item in self.part.shard(shard)]

    def batches(self, recipe: AnyRecipe, make_batches: Callable[[list[Any]], TrainingBatches]) -> "ShardBatches":
        """Return the batches of the recipe, of which `make_batches` draws those of one shard."""
        return ShardBatches(self, recipe, make_batches)


class ShardBatches:
    """Batches by number, from one shard after another (see `runs.tasks.TrainingBatches`)."""

    def __init__(
        self, music: ShardPieces, recipe: AnyRecipe, make_batches: Callable[[list[Any]], TrainingBatches]
    ) -> None:
        assert not isinstance(recipe, PhrasingRecipe)
        starts = music.part.shard_starts[:-1]
        steps = np.add.reduceat(music.part.lengths.astype(np.int64), starts)
        self._counts = np.maximum(1, steps // (recipe.window * recipe.batch))
        self._seed = recipe.seed
        self._pool = lru_cache(maxsize=_KEPT_POOLS)(lambda shard: make_batches(music.pieces(shard)))

    @property
    def batches_per_pass(self) -> int:
        return int(self._counts.sum())

    def shard_of(self, number: int) -> int:
        """Return the shard from which batch `number` is drawn."""
        turn, place = divmod(number, self.batches_per_pass)
        order = np.random.default_rng([self._seed, _ORDER_STREAM, turn]).permutation(len(self._counts))
        return int(order[np.searchsorted(np.cumsum(self._counts[order]), place, side="right")])

    def batch(self, number: int) -> TrainingBatch:
        """Return batch `number`; raises `ConfigError` if its shard is damaged."""
        return self._pool(self.shard_of(number)).batch(number)


@dataclass(frozen=True, slots=True)
class ShardMusic:
    """The music of a prepared collection: pieces to train on and to validate with, and where they came from."""

    train: ShardPieces | list[Any]
    valid: list[Any]
    origin: DataOrigin
    facts: dict[str, Any] | None


def load_shard_music(recipe: AnyRecipe, folder: Path, limit: int | None) -> ShardMusic:
    """Return the music of the shards in `folder`, at most `limit` pieces of each part.

    Raises `ConfigError` if they are damaged, were prepared for another recipe, or if a part is empty.
    """
    reader = ShardReader(folder)
    _check_recipe(recipe, reader.index, folder)
    train, valid = reader.part("train"), reader.part("valid")
    if not len(train) or not len(valid):
        missing = "training" if not len(train) else "validation"
        raise ConfigError(f"the collection in {folder} has no piece for {missing}: prepare more music.")
    convert = family_of(recipe.codec).piece_from_item
    is_pointer = isinstance(recipe, ChoraleRecipe) and recipe.pointer
    bound = min(limit or POINTER_PIECES, POINTER_PIECES) if is_pointer else limit
    pieces = ShardPieces(train, convert) if bound is None else _first_pieces(train, bound, convert)
    scored = _first_pieces(valid, min(limit or VALIDATION_PIECES, VALIDATION_PIECES), convert)
    origin = DataOrigin(str(folder.resolve()), limit, reader.index.sha256, {}, reader.index.said)
    return ShardMusic(pieces, scored, origin, reader.index.facts)


def _first_pieces(part: PartReader, count: int, convert: Callable[[Any], Any]) -> list[Any]:
    return [convert(part[number]) for number in range(min(count, len(part)))]


def _check_recipe(recipe: AnyRecipe, index: ShardIndex, folder: Path) -> None:
    """Raise `ConfigError` unless the shards hold what the recipe's network takes."""
    theirs = index.recipe
    differs = index.codec != recipe.codec or (
        isinstance(recipe, SymbolRecipe)
        and (theirs.get("options"), theirs.get("shifts")) != (recipe.options, recipe.shifts)
    )
    if differs:
        raise ConfigError(
            f"the collection in {folder} was prepared for {index.recipe_name}: train that recipe, or prepare the music "
            f"again with --recipe {recipe.name}."
        )


def make_batches(
    pieces: Sequence[Any] | ShardPieces, recipe: AnyRecipe, from_pieces: Callable[[Sequence[Any]], TrainingBatches]
) -> TrainingBatches:
    """Return the batches of pieces in memory or in shards; `from_pieces` is the task's own function."""
    return pieces.batches(recipe, from_pieces) if isinstance(pieces, ShardPieces) else from_pieces(pieces)
