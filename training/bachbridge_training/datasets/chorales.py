"""The chorales by their split, cached: parsing takes a minute, loading the cache a moment.

The split (`data/chorale_split.json`) is the community's, mapped onto music21's file names. Every piece is transposed
only as far as each voice stays within the range it has in the training set.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from rich.progress import track

from bachbridge.atomic_files import whole_file
from bachbridge_training.datasets import chorale_grids
from bachbridge_training.datasets.chorale_grids import Piece

CHORALES = "J. S. Bach's four-part chorales as bundled with music21"
CHORALE_SPLIT = "bachbridge_training/data/chorale_split.json"
"""What a card says of them."""

CACHE_VERSION = 2
PARTS = ("train", "valid", "test")
_FIELDS = ("pitches", "struck", "position", "bar")


def _facts() -> dict[str, dict[str, Any]]:
    text = resources.files("bachbridge_training").joinpath("data/chorale_split.json").read_text("utf-8")
    return json.loads(text)


def split() -> dict[str, str]:
    """music21's file name → train, valid, test or excluded."""
    return {name: facts["split"] for name, facts in _facts().items()}


def clean_test() -> frozenset[str]:
    """The test pieces whose tune occurs in no training piece."""
    return frozenset(name for name, facts in _facts().items() if facts.get("clean"))


def cache_path() -> Path:
    """Where the parsed corpus lies on this machine."""
    return Path(platformdirs.user_cache_dir("bachbridge")) / f"chorales-{CACHE_VERSION}.npz"


def _write_cache(path: Path) -> None:
    """Parse everything that the split names, and leave a whole file or none."""
    names = [name for name, part in split().items() if part in PARTS]
    arrays: dict[str, np.ndarray] = {}
    for name in track(names, "reading the chorales (once on a machine)"):
        piece = chorale_grids.read(name)
        arrays |= {f"{name}/{field}": getattr(piece, field) for field in _FIELDS}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as scratch:
        np.savez_compressed(scratch, allow_pickle=False, **arrays)


def pieces(part: str) -> list[Piece]:
    """The pieces of `part`, in the split's order; the first call on a machine parses the corpus."""
    path = cache_path()
    if not path.is_file():
        _write_cache(path)
    with np.load(path) as arrays:
        names = [name for name, its in split().items() if its == part]
        return [Piece(name, *(arrays[f"{name}/{field}"] for field in _FIELDS)) for name in names]
