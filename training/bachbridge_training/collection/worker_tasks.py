"""The work of a preparation that workers do: functions of their arguments, which leave their results in files.

Each can be done again, on this worker or on another, and gives the same bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.codecs.base import SymbolCounts
from bachbridge_training.collection import shard_file
from bachbridge_training.collection.reading import chunk_file, guarded_reader, packed_music
from bachbridge_training.collection.reading.file_list import FileChunk
from bachbridge_training.collection.shard_file import NamedMusic, ShardItem
from bachbridge_training.collection.shard_index import ShardEntry
from bachbridge_training.recipe import AnyRecipe

Places = list[tuple[str, int, int]]
"""Contents of pieces: the base of a chunk, the first byte and the end."""


@dataclass(frozen=True, slots=True)
class MusicEncoder:
    """A recipe, and the functions of its family that make shards (see `runs.families.Family`)."""

    recipe: AnyRecipe
    count: Callable[[Any, Iterable[NamedMusic]], SymbolCounts]
    facts_from_counts: Callable[[Any, SymbolCounts, dict[str, str]], dict[str, Any] | None]
    encode: Callable[[Any, Any, Iterable[NamedMusic]], list[ShardItem]]


def read_chunk(chunk: FileChunk, base: str, codec: str, seconds: float) -> None:
    """Read the files of a chunk, each for at most `seconds`, and write what was found to `base`."""
    reader = guarded_reader.reader_of_thread(codec, seconds)
    found = reader.read_files([(Path(file.path), file.name) for file in chunk.files])
    chunk_file.write_chunk(Path(base), [record for records in found for record in records])


def count_music(places: Places, encoder: MusicEncoder) -> SymbolCounts:
    """Return what a vocabulary is made from, counted in the pieces at the places."""
    return encoder.count(encoder.recipe, _load_music(places))


def write_shard(places: Places, path: str, encoder: MusicEncoder, facts: Any) -> tuple[ShardEntry, np.ndarray]:
    """Encode the pieces at the places and write them as a shard; return its entry and the lengths of its items."""
    items = encoder.encode(encoder.recipe, facts, _load_music(places))
    size, sha256 = shard_file.write_shard(Path(path), items)
    lengths = np.array([item.length for item in items], np.int32)
    return ShardEntry(Path(path).name, len(items), size, sha256), lengths


def _load_music(places: Places) -> Iterable[NamedMusic]:
    for base, begin, end in places:
        yield from packed_music.unpack_piece(chunk_file.read_contents(Path(base), [(begin, end)])[0])
