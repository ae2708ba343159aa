"""Measure what drawing a batch from shards costs, by the size of the collection: time and memory, in its own process.

    python scripts/figures/shard_figures.py [RECIPE]

The collections hold 1,000, 10,000 and 100,000 random pieces of eight bars. Their shards are one file, which the index
names again and again, so that making them takes a moment; each is read and unpacked anew.
"""

import resource
import sys
import tempfile
import time
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from bachbridge_training.chorale.family import piece_from_item
from bachbridge_training.collection import shard_file, shard_index
from bachbridge_training.collection.shard_file import ShardItem
from bachbridge_training.collection.shard_index import ShardEntry, ShardIndex
from bachbridge_training.collection.shard_reader import ShardReader
from bachbridge_training.datasets.four_part_windows import ChoraleBatches
from bachbridge_training.infill.batches import InfillBatches
from bachbridge_training.recipe import ChoraleRecipe, InfillRecipe, read_stages
from bachbridge_training.runs.shards import ShardPieces

SIZES = (1_000, 10_000, 100_000)
SHARD_ITEMS, STEPS, BATCHES = 1_000, 128, 100


def random_item(number: int) -> ShardItem:
    """Return eight bars of four voices in quarters."""
    rng = np.random.default_rng(number)
    quarters = rng.integers(0, 12, (STEPS // 4, 4)) + np.array([64, 57, 52, 45])
    place = np.arange(STEPS, dtype=np.int16) % 16
    fields = {
        "pitches": np.repeat(quarters, 4, axis=0).astype(np.int16),
        "onsets": np.repeat(place[:, None] % 4 == 0, 4, axis=1),
        "position": place,
        "bar": np.full(STEPS, 16, np.int16),
    }
    return ShardItem(f"piece {number}", f"{number:020x}", STEPS, fields)


def write_collection(folder: Path, recipe: ChoraleRecipe | InfillRecipe, pieces: int) -> None:
    """Write an index of `pieces` pieces over one shard."""
    written = shard_file.write_shard(folder / "train-00000.npz", [random_item(n) for n in range(SHARD_ITEMS)])
    parts = {"train": [ShardEntry("train-00000.npz", SHARD_ITEMS, *written)] * (pieces // SHARD_ITEMS)}
    sha256 = shard_index.write_lengths({"train": np.full(pieces, STEPS, np.int32)}, folder)
    index = ShardIndex(recipe.name, recipe.codec, asdict(recipe), {}, shard_index.hash_shards(parts), sha256, parts)
    shard_index.write_index(index, folder)


def measure(folder: Path, recipe: ChoraleRecipe | InfillRecipe) -> tuple[float, float, int]:
    """Return processor milliseconds a batch, peak memory in MB and the shards that were visited."""
    music = ShardPieces(ShardReader(folder).part("train"), piece_from_item)
    if isinstance(recipe, ChoraleRecipe):
        batches = music.batches(recipe, lambda pieces: ChoraleBatches(pieces, recipe))
    else:
        batches = music.batches(recipe, lambda pieces: InfillBatches(pieces, recipe))
    began = time.process_time()
    for number in range(BATCHES):
        batches.batch(number)
    milliseconds = (time.process_time() - began) / BATCHES * 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return milliseconds, peak, len({batches.shard_of(number) for number in range(BATCHES)})


def main() -> None:
    """Print a line for each size."""
    recipe = read_stages(sys.argv[1] if len(sys.argv) > 1 else "chorale-lstm")[0].recipe
    assert isinstance(recipe, ChoraleRecipe | InfillRecipe)
    for pieces in SIZES:
        with tempfile.TemporaryDirectory() as scratch, get_context("spawn").Pool(1) as pool:
            write_collection(Path(scratch), recipe, pieces)
            milliseconds, peak, shards = pool.apply(measure, (Path(scratch), recipe))
        print(f"{pieces} pieces: {milliseconds:.1f} ms a batch, {peak:.0f} MB, {shards} shards visited", flush=True)


if __name__ == "__main__":
    main()
