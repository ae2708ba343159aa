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

from bachbridge.atomic_files import whole_file
from bachbridge.errors import BachBridgeError
from bachbridge_training.datasets import parsed_piece
from bachbridge_training.datasets.parsed_piece import Outcome

VERSION = 1


def folder() -> Path:
    """Where it lies on this machine."""
    return Path(platformdirs.user_cache_dir("bachbridge")) / f"music-{VERSION}"


def read(path: Path, data: bytes, form: str, sha256: str) -> list[Outcome]:
    """The pieces of the file at `path`, which holds `data`: from the archive, or read now and put there."""
    place = folder() / f"{sha256}-{form}.npz"
    outcomes = _kept(place)
    if outcomes is None:
        outcomes = parsed_piece.read(path, data, form)
        with contextlib.suppress(OSError, BachBridgeError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(place) as scratch:
                np.savez_compressed(scratch, allow_pickle=False, **parsed_piece.packed(outcomes))
    return outcomes


def _kept(place: Path) -> list[Outcome] | None:
    try:
        with np.load(place) as arrays:
            return parsed_piece.unpacked(dict(arrays))
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None
