"""A cache of parsed music files under the SHA-256 of their bytes: no file is parsed twice on a machine.

The user's cache folder holds one small file for each music file, also for refused ones. Increase `CACHE_VERSION` when
the reading changes. A damaged cache file is made again; if the cache cannot be written, it is not used.
"""

import contextlib
import zipfile
from pathlib import Path

import numpy as np
import platformdirs

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import BachBridgeError
from bachbridge_training.datasets import parsed_piece
from bachbridge_training.datasets.parsed_piece import ParseOutcome

CACHE_VERSION = 1


def cache_folder() -> Path:
    """Return the folder of the cache on this machine."""
    return Path(platformdirs.user_cache_dir("bachbridge")) / f"music-{CACHE_VERSION}"


def parse_cached(path: Path, data: bytes, format_name: str, sha256: str) -> list[ParseOutcome]:
    """Return the pieces of the file at `path` with content `data`: from the cache, or parsed now and cached."""
    place = cache_folder() / f"{sha256}-{format_name}.npz"
    outcomes = _load_cached(place)
    if outcomes is None:
        outcomes = parsed_piece.parse_file(path, data, format_name)
        with contextlib.suppress(OSError, BachBridgeError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with atomic_output(place) as scratch:
                np.savez_compressed(scratch, allow_pickle=False, **parsed_piece.to_arrays(outcomes))
    return outcomes


def _load_cached(place: Path) -> list[ParseOutcome] | None:
    try:
        with np.load(place) as arrays:
            return parsed_piece.from_arrays(dict(arrays))
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None
