"""The music of the two families of four voices, chorale and infill: from a folder, or music21's chorales."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bachbridge.inference.runtime.library import Card
from bachbridge_training.datasets import chorales, four_part_files, splits
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.splits import SplitDataset
from bachbridge_training.recipe import AnyRecipe


def splits_folder(_recipe: AnyRecipe, /) -> bool:
    """Return True: the pieces of a folder are always split by tune."""
    return True


def load_parts(_recipe: AnyRecipe, _data: Path | None, limit: int | None, /) -> SplitDataset:
    """Return music21's chorales by the community's split, at most `limit` pieces of each part."""
    return splits.split_chorales(limit)


def data_facts(_recipe: AnyRecipe, _dataset: SplitDataset, /) -> dict[str, Any] | None:
    """Return None: these networks depend on the recipe alone."""
    return None


def training_pieces(
    _recipe: AnyRecipe, dataset: SplitDataset, _facts: dict[str, Any] | None, /
) -> tuple[list[FourPartPiece], list[FourPartPiece]]:
    """Return the pieces to train on and those to validate with; pieces of a folder come in sections."""
    train, valid = dataset.parts["train"], dataset.parts["valid"]
    if dataset.origin.folder:
        return splits.four_part_sections(train), splits.four_part_sections(valid)
    return train, valid


def load_pieces(_card: Card, data: Path | None, part: str, /) -> Sequence[FourPartPiece]:
    """Return the pieces of `part`, from the file or folder `data` or else of music21's chorales."""
    return four_part_files.read_pieces(data, part) if data else chorales.load_chorales(part)
