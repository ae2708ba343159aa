"""Bach's chorales from music21, by their split and cached: parsing takes a minute, loading the cache a moment.

The split (`data/chorale_split.json`) is the community's, mapped to music21's file names. A piece is transposed only as
far as each voice stays within its range in the training set.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from bachbridge.atomic_files import atomic_output
from bachbridge.console import track_progress
from bachbridge_training.datasets import chorale_grids
from bachbridge_training.datasets.chorale_grids import FourPartPiece

CHORALES_TEXT = "J. S. Bach's four-part chorales as bundled with music21"
CHORALE_SPLIT_TEXT = "bachbridge_training/data/chorale_split.json"
"""The texts of a card about these data."""

CACHE_VERSION = 4
PARTS = ("train", "valid", "test")
_CACHED_FIELDS = ("pitches", "onsets", "position", "bar", "fermatas")


def _split_entries() -> dict[str, dict[str, Any]]:
    text = resources.files("bachbridge_training").joinpath("data/chorale_split.json").read_text("utf-8")
    return json.loads(text)


def chorale_split() -> dict[str, str]:
    """Return the part (train, valid, test or excluded) of each of music21's file names."""
    return {name: facts["split"] for name, facts in _split_entries().items()}


def new_tune_test_names() -> frozenset[str]:
    """Return the names of the test pieces whose tune occurs in no training piece.

    They are those of the community's list that have no soprano twin either (see `evaluation.soprano_twins`).
    """
    return frozenset(name for name, facts in _split_entries().items() if facts.get("clean"))


def cache_path() -> Path:
    """Return the path of the parsed corpus on this machine."""
    return Path(platformdirs.user_cache_dir("bachbridge")) / f"chorales-{CACHE_VERSION}.npz"


def _write_cache(path: Path) -> None:
    """Parse every piece of the split and write the cache atomically."""
    names = [name for name, part in chorale_split().items() if part in PARTS]
    arrays: dict[str, np.ndarray] = {}
    for name in track_progress(names, "reading the chorales (only once)"):
        piece = chorale_grids.read_chorale(name)
        arrays |= {f"{name}/{field}": getattr(piece, field) for field in _CACHED_FIELDS}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(path) as scratch:
        np.savez_compressed(scratch, allow_pickle=False, **arrays)


def load_chorales(part: str) -> list[FourPartPiece]:
    """Return the pieces of `part` in the order of the split; the first call on a machine parses the corpus."""
    path = cache_path()
    if not path.is_file():
        _write_cache(path)
    with np.load(path) as arrays:
        names = [name for name, part_of_piece in chorale_split().items() if part_of_piece == part]
        return [FourPartPiece(name, *(arrays[f"{name}/{field}"] for field in _CACHED_FIELDS)) for name in names]
