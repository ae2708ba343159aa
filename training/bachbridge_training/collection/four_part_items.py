"""Four voices in a shard: for the two families chorale and infill, whose networks depend on the recipe alone."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from bachbridge.codecs.base import SymbolCounts
from bachbridge_training.collection.shard_file import NamedMusic, ShardItem
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.recipe import AnyRecipe

_FIELDS = {"pitches": np.int16, "onsets": np.bool_, "position": np.int16, "bar": np.int16}


def count_music(_recipe: AnyRecipe, _music: Iterable[NamedMusic], /) -> SymbolCounts:
    """Return nothing: pitches on a grid need no vocabulary."""
    return {}


def facts_from_counts(_recipe: AnyRecipe, _counts: SymbolCounts, _said: dict[str, str], /) -> dict[str, Any] | None:
    """Return None: these networks depend on the recipe alone."""
    return None


def encode_music(_recipe: AnyRecipe, _facts: Any, music: Iterable[NamedMusic], /) -> list[ShardItem]:
    """Return sections of pieces as they lie in a shard."""
    return [
        ShardItem(
            each.name,
            each.identity,
            len(each.content.pitches),
            {field: np.asarray(getattr(each.content, field), kind) for field, kind in _FIELDS.items()},
        )
        for each in music
    ]


def piece_from_item(item: ShardItem, /) -> FourPartPiece:
    """Return a section that was encoded by `encode_music`."""
    return FourPartPiece(item.name, *(item.fields[field] for field in _FIELDS))
