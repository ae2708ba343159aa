"""What was read of strangers' files, kept by the SHA-256 of their bytes: nothing is read twice on a machine.

One small file for each file of music, in the user's cache folder; also that a file is refused is kept. Whoever changes
how files are read counts `VERSION` up. What is damaged there is read anew, and a cache that cannot be written to is
done without.
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
    """Where it lies on this machine."""
    return Path(platformdirs.user_cache_dir("bachbridge")) / f"music-{CACHE_VERSION}"


def parse_cached(path: Path, data: bytes, format_name: str, sha256: str) -> list[ParseOutcome]:
    """The pieces of the file at `path`, which holds `data`: from the archive, or read now and put there."""
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
