"""An append-only cache of rows that many states share.

The state of a network with attention grows by a row with every symbol, and a state may be kept for each symbol of a
long phrase. All these states look at one block of memory: the state after n symbols sees its first n rows. Another row
is written behind them, where no state looks yet; the block is copied only if another state has already gone on from the
same place.
"""

from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import Floats

_MIN_BLOCK_ROWS = 64
"""Rows of the smallest block."""


@dataclass(slots=True)
class _Block:
    """`rows[row, unit]`, of which the first `used` belong to some state."""

    rows: Floats
    used: int


@dataclass(frozen=True, slots=True)
class CachedRows:
    """The rows of `block` from `begin` to `end`; they never change."""

    block: _Block
    begin: int
    end: int

    @property
    def array(self) -> Floats:
        """`[1, row, unit]`, not to be written to."""
        return self.block.rows[None, self.begin : self.end]

    def with_row(self, row: Floats, max_rows: int) -> "CachedRows":
        """Return the last `max_rows` of these rows and `row[unit]`, which comes after them."""
        begin = max(self.begin, self.end + 1 - max_rows)
        if self.block.used != self.end or self.end == len(self.block.rows):
            return _copy_with(self.block.rows[begin : self.end], row)
        self.block.rows[self.end] = row
        self.block.used += 1
        return CachedRows(self.block, begin, self.end + 1)


def empty(width: int) -> CachedRows:
    """Return a cache without rows, for rows of `width` units."""
    return CachedRows(_Block(np.empty((_MIN_BLOCK_ROWS, width), np.float32), 0), 0, 0)


def _copy_with(rows: Floats, row: Floats) -> CachedRows:
    """Return the rows and one more in a block of their own, with as much room again."""
    count = len(rows) + 1
    block = np.empty((max(_MIN_BLOCK_ROWS, 2 * count), rows.shape[1]), np.float32)
    block[: count - 1], block[count - 1] = rows, row
    return CachedRows(_Block(block, count), 0, count)
