"""Reading shards piece by piece: a part of the split is a sequence with random access.

Only the lengths of the items are in memory, four bytes each, and the few shards that were used last. The checksum of a
shard is compared whenever it is opened.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np

from bachbridge.errors import ConfigError
from bachbridge_training.collection import shard_file, shard_index
from bachbridge_training.collection.shard_file import ShardItem
from bachbridge_training.collection.shard_index import ShardEntry, ShardIndex

KEPT_SHARDS = 4
"""The shards that a reader of a part keeps in memory."""


class PartReader:
    """The items of one part, by their numbers from 0; their order is that of a hash, a random order that is fixed."""

    def __init__(self, folder: Path, entries: Sequence[ShardEntry], lengths: np.ndarray) -> None:
        self._folder, self._entries = folder, entries
        self.lengths = lengths
        """Length of each item in steps or symbols, `int32[item]`."""
        self.shard_starts = np.array([0, *accumulate(entry.items for entry in entries)], np.int64)
        """Number of the first item of each shard, and at last the number of items."""
        self._load = lru_cache(maxsize=KEPT_SHARDS)(self._load_shard)

    def __len__(self) -> int:
        return int(self.shard_starts[-1])

    def __getitem__(self, number: int) -> ShardItem:
        if not 0 <= number < len(self):
            raise IndexError(number)
        shard = bisect_right(self.shard_starts, number) - 1
        return self._load(shard)[number - int(self.shard_starts[shard])]

    def __iter__(self) -> Iterator[ShardItem]:
        for shard in range(len(self._entries)):
            yield from self._load(shard)

    @property
    def shard_count(self) -> int:
        return len(self._entries)

    def shard(self, number: int) -> list[ShardItem]:
        """Return all items of a shard; raises `ConfigError` if it is damaged."""
        return self._load(number)

    def _load_shard(self, number: int) -> list[ShardItem]:
        entry = self._entries[number]
        items = shard_file.read_shard(self._folder / entry.file, entry.sha256)
        if len(items) != entry.items:
            raise ConfigError(f"{self._folder} is damaged (its index does not fit {entry.file}): prepare it again.")
        return items


class ShardReader:
    """A prepared collection; raises `ConfigError` if its index is missing, damaged or of another version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index: ShardIndex = shard_index.read_index(folder)
        lengths = shard_index.read_lengths(folder, self.index.lengths_sha256)
        self._parts = {
            part: PartReader(folder, entries, lengths.get(part, np.zeros(0, np.int32)))
            for part, entries in self.index.parts.items()
        }
        if any(len(part) != len(part.lengths) for part in self._parts.values()):
            raise ConfigError(f"{folder} is damaged (its index does not fit its lengths): prepare it again.")

    def part(self, name: str) -> PartReader:
        """Return the items of `train`, `valid` or `test`; a part may be empty."""
        return self._parts[name]
