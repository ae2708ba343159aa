"""A shard: up to some thousand pieces, encoded for a recipe, in one file of NumPy's format `.npz`.

`.npz` is a zip archive of arrays (NumPy's documentation, "npy format"), so any zip program and `numpy.load` open it,
and the archive has a CRC-32 of each array. The columns are ragged. For each field of the pieces the arrays of all
pieces are joined on their first axis, and the array `FIELD.ends` holds where the rows of each piece end. The arrays
`names`, `identities` and `lengths` have one entry for each piece.

The same pieces always make the same bytes: the level of compression is fixed, and the archive states no time.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError

_COMPRESSION_LEVEL = 6
_ENDS = ".ends"
_RESERVED = ("names", "identities", "lengths")


@dataclass(frozen=True, slots=True)
class NamedMusic:
    """A piece, or a section of a long one, before it is encoded; its content is what the recipe's codec encodes."""

    name: str
    identity: str
    content: Any


@dataclass(frozen=True, slots=True)
class ShardItem:
    """A piece, or a section of a long one, as a recipe's batches need it; `identity` depends only on its content.

    `length` is in steps or symbols; windows are drawn in proportion to it.
    """

    name: str
    identity: str
    length: int
    fields: Mapping[str, np.ndarray]


def encode_shard(items: Sequence[ShardItem]) -> bytes:
    """Return the contents of a shard; all items have the same fields, and there is at least one."""
    columns: dict[str, np.ndarray] = {
        "names": np.array([item.name for item in items]),
        "identities": np.array([item.identity for item in items]),
        "lengths": np.array([item.length for item in items], np.int32),
    }
    for field in items[0].fields:
        rows = [item.fields[field] for item in items]
        columns[field] = np.concatenate(rows)
        columns[field + _ENDS] = np.cumsum([len(part) for part in rows], dtype=np.int64)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive:
        for name in sorted(columns):
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                np.lib.format.write_array(member, columns[name], allow_pickle=False)
    return file.getvalue()


def write_shard(path: Path, items: Sequence[ShardItem]) -> tuple[int, str]:
    """Write a shard atomically; return its number of bytes and their SHA-256."""
    content = encode_shard(items)
    with atomic_output(path) as scratch:
        scratch.write_bytes(content)
    return len(content), hashlib.sha256(content).hexdigest()


def read_shard(path: Path, sha256: str) -> list[ShardItem]:
    """Return the items of a shard; raises `ConfigError` unless its bytes have this SHA-256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the shard {path} cannot be read ({error.strerror}): prepare the collection again."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ConfigError(
            f"the shard {path} is damaged (its checksum differs): delete its folder and prepare the collection again."
        )
    return decode_shard(content)


def decode_shard(content: bytes) -> list[ShardItem]:
    """Return the items of a shard's contents; their arrays are views of the columns."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        columns = dict(arrays)
    names, identities, lengths = (columns[name].tolist() for name in _RESERVED)
    fields = [name for name in columns if name not in _RESERVED and not name.endswith(_ENDS)]
    parts = {field: np.split(columns[field], columns[field + _ENDS][:-1]) for field in fields}
    return [
        ShardItem(name, identity, length, {field: parts[field][number] for field in fields})
        for number, (name, identity, length) in enumerate(zip(names, identities, lengths, strict=True))
    ]
