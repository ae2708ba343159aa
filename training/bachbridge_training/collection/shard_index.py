"""The index of a folder of shards, `index.json`: the recipe, the parts with the checksum of each shard, and the facts.

The index is written last. So a folder without it holds a preparation that has not come to its end.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge.data_errors import data_error_text
from bachbridge.errors import ConfigError

INDEX_FILE = "index.json"
LENGTHS_FILE = "lengths.npz"
WORK_FOLDER, CHUNK_FOLDER = "work", "chunks"
"""Folder that a preparation keeps until it has come to its end, and the folder of what has been read within it."""
FORMAT_NAME = "bachbridge-shards"
FORMAT_VERSION = 1


class ShardEntry(msgspec.Struct, frozen=True):
    """A shard: its file, the number of its items and of its bytes, and the SHA-256 of these."""

    file: str
    items: int
    bytes: int
    sha256: str


class ShardIndex(msgspec.Struct, frozen=True):
    """The contents of `index.json`."""

    recipe_name: str
    codec: str
    recipe: dict[str, Any]
    """The recipe as JSON; the pieces are encoded for its first stage."""
    said: dict[str, str]
    """A model card's texts about the music (`data`) and its split (`split`)."""
    sha256: str
    """Hash over the checksums of all shards: a name for this music in this order."""
    lengths_sha256: str
    parts: dict[str, list[ShardEntry]]
    facts: dict[str, Any] | None = None
    """Whatever the network depends on besides the recipe, as `Family.data_facts` returns it."""
    voice_ranges: list[tuple[int, int]] = []
    """Lowest and highest pitch of each voice in the training part; empty for recipes without voices."""
    format: str = FORMAT_NAME
    version: int = FORMAT_VERSION


def hash_shards(parts: Mapping[str, Sequence[ShardEntry]]) -> str:
    """Return a hash over the checksums of all shards, in their order."""
    lines = [f"{part} {entry.sha256}" for part in sorted(parts) for entry in parts[part]]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_index(index: ShardIndex, folder: Path) -> None:
    """Write `index.json` atomically."""
    with atomic_output(folder / INDEX_FILE) as scratch:
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n")


def read_index(folder: Path) -> ShardIndex:
    """Read the index of a folder of shards; raises `ConfigError` if it is missing, damaged or of another version."""
    path = folder / INDEX_FILE
    try:
        content = path.read_bytes()
        found = msgspec.json.decode(content)
    except OSError as error:
        if (folder / WORK_FOLDER).is_dir():
            raise ConfigError(
                f"the preparation in {folder} has not come to its end: give the same `bachbridge prepare` again."
            ) from error
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): prepare the collection with `bachbridge prepare`."
        ) from error
    except msgspec.DecodeError as error:
        raise _damaged(path, error) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT_NAME:
        raise ConfigError(f"{folder} holds no prepared collection: make one with `bachbridge prepare`.")
    if found.get("version") != FORMAT_VERSION:
        raise ConfigError(f"{folder} was prepared by another version of BachBridge: prepare the collection again.")
    try:
        return msgspec.convert(found, ShardIndex)
    except msgspec.ValidationError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{path} is damaged ({data_error_text(error)}): prepare the collection again.")


def is_prepared(folder: Path) -> bool:
    """Return True if the folder holds an index, and so a preparation that has come to its end."""
    try:
        return FORMAT_NAME.encode() in (folder / INDEX_FILE).read_bytes()
    except OSError:
        return False


def is_shard_folder(folder: Path) -> bool:
    """Return True if the folder holds a collection that is prepared or being prepared, however damaged."""
    is_begun = (folder / WORK_FOLDER / CHUNK_FOLDER).is_dir()
    return is_begun or (folder / LENGTHS_FILE).is_file() or is_prepared(folder)


def write_lengths(lengths: Mapping[str, np.ndarray], folder: Path) -> str:
    """Write the length of each item, by part; return the SHA-256 of the file."""
    path = folder / LENGTHS_FILE
    with atomic_output(path) as scratch:
        np.savez(scratch, allow_pickle=False, **lengths)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_lengths(folder: Path, sha256: str) -> dict[str, np.ndarray]:
    """Return the length of each item, by part: `int32`; raises `ConfigError` if the file is damaged."""
    path = folder / LENGTHS_FILE
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): prepare the collection again.") from error
    raise ConfigError(f"{path} is damaged (its checksum differs): prepare the collection again.")
