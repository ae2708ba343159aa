"""Training from shards: batches by number, each shard in its turn, and one sentence for what does not fit."""

from collections import Counter
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge_training import recipe
from bachbridge_training.collection import shard_file, shard_index
from bachbridge_training.collection.shard_file import ShardItem
from bachbridge_training.collection.shard_index import ShardEntry, ShardIndex
from bachbridge_training.datasets.four_part_windows import ChoraleBatches
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import run_data, shards
from bachbridge_training.runs.shards import ShardBatches, ShardPieces

SHARD_ITEMS = (6, 6, 6, 3)
STEPS = 32


def _item(number: int) -> ShardItem:
    """Return a piece on whose soprano its shard can be seen."""
    pitches = np.tile(np.array([60 + number // SHARD_ITEMS[0], 57, 52, 45], np.int16), (STEPS, 1))
    place = np.arange(STEPS, dtype=np.int16) % 16
    bar = np.full(STEPS, 16, np.int16)
    fields = {"pitches": pitches, "onsets": pitches > 0, "position": place, "bar": bar}
    return ShardItem(f"piece {number}", f"{number:020x}", STEPS, fields)


def _write_part(folder: Path, part: str, sizes: tuple[int, ...]) -> list[ShardEntry]:
    entries = list[ShardEntry]()
    for number, size in enumerate(sizes):
        first = sum(sizes[:number])
        written = shard_file.write_shard(folder / f"{part}-{number:05}.npz", [_item(first + at) for at in range(size)])
        entries.append(ShardEntry(f"{part}-{number:05}.npz", size, *written))
    return entries


def make_collection(folder: Path, wanted: ChoraleRecipe, valid: tuple[int, ...] = (2,)) -> Path:
    """Write a prepared collection of four voices for the recipe."""
    folder.mkdir()
    parts = {"train": _write_part(folder, "train", SHARD_ITEMS), "valid": _write_part(folder, "valid", valid)}
    lengths = {part: np.full(sum(each.items for each in its), STEPS, np.int32) for part, its in parts.items()}
    sha256 = shard_index.write_lengths(lengths, folder)
    texts = {"data": "21 pieces", "split": "by hash"}
    facts = ("satb", asdict(wanted), texts, shard_index.hash_shards(parts), sha256, parts)
    shard_index.write_index(ShardIndex(wanted.name, *facts), folder)
    return folder


@pytest.fixture
def small(toy: ChoraleRecipe) -> ChoraleRecipe:
    return replace(toy, window=16, batch=2)


@pytest.fixture
def collection(small: ChoraleRecipe, tmp_path: Path) -> Path:
    return make_collection(tmp_path / "shards", small)


def batches_of(folder: Path, wanted: ChoraleRecipe) -> ShardBatches:
    pieces = shards.load_shard_music(wanted, folder, None).train
    assert isinstance(pieces, ShardPieces)
    return pieces.batches(wanted, lambda pool: ChoraleBatches(pool, wanted))


def test_batch_depends_on_seed_and_number_alone(collection: Path, small: ChoraleRecipe) -> None:
    ours, theirs = batches_of(collection, small), batches_of(collection, small)
    for number in range(40):
        ours.batch(number)
    for number in (39, 7, 22):
        for mine, its in zip(ours.batch(number).trainer_inputs, theirs.batch(number).trainer_inputs, strict=True):
            np.testing.assert_array_equal(mine, its)
    other = batches_of(collection, replace(small, seed=9))
    assert [other.shard_of(n) for n in range(63)] != [ours.shard_of(n) for n in range(63)]


def test_pass_visits_each_shard_in_proportion(collection: Path, small: ChoraleRecipe) -> None:
    batches = batches_of(collection, small)
    # 6 pieces of 32 steps are six batches of 2 windows of 16 steps.
    assert batches.batches_per_pass == 6 + 6 + 6 + 3
    passes = [[batches.shard_of(21 * turn + place) for place in range(21)] for turn in range(5)]
    assert [Counter(shard) for shard in passes] == [{0: 6, 1: 6, 2: 6, 3: 3}] * 5
    assert len({tuple(shard) for shard in passes}) > 1
    for each in passes:
        assert sum(before != after for before, after in pairwise(each)) == 3


def test_batches_come_from_the_shard_of_their_turn(collection: Path, small: ChoraleRecipe) -> None:
    still = replace(small, unknown=1.0)
    batches: Any = batches_of(collection, still)
    for number in range(21):
        lines = batches.batch(number).pitch_indices[:, 0]
        intervals = lines[:, 0] - lines[:, 3]  # soprano and bass move together, so this is the shard's own
        assert set(intervals.tolist()) == {60 - 45 + batches.shard_of(number)}


def test_load_run_data_takes_shards_and_knows_them_again(
    collection: Path, small: ChoraleRecipe, tmp_path: Path
) -> None:
    music = run_data.load_run_data(small, None, data=collection)
    assert isinstance(music.train, ShardPieces)
    assert (len(music.train.part), len(music.valid)) == (21, 2)
    assert music.card_text["data"] == "21 pieces"
    run = tmp_path / "run"
    run.mkdir()
    run_data.write_run_data(music, run)
    again = run_data.load_run_data(small, run, data=None)
    assert again.origin == music.origin
    assert isinstance(run_data.reload_run_data(small, run, data=None).train, list)
    other = make_collection(tmp_path / "other", small, valid=(3,))
    with pytest.raises(ConfigError, match="began with other music"):
        run_data.load_run_data(small, run, data=other)


def test_few_pieces_of_shards_are_kept_in_memory(collection: Path, small: ChoraleRecipe) -> None:
    limited = shards.load_shard_music(small, collection, 4)
    assert isinstance(limited.train, list)
    assert [piece.name for piece in limited.train] == [f"piece {number}" for number in range(4)]
    pointed = shards.load_shard_music(replace(small, pointer=True), collection, None)
    assert isinstance(pointed.train, list)


def test_load_shard_music_refuses_what_does_not_fit(collection: Path, small: ChoraleRecipe, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"was prepared for chorale-lstm: .* again with --recipe coconet"):
        shards.load_shard_music(recipe.read_recipe("coconet"), collection, None)
    without = make_collection(tmp_path / "without", small, valid=())
    with pytest.raises(ConfigError, match="has no piece for validation: prepare more music"):
        shards.load_shard_music(small, without, None)
    batches = batches_of(collection, small)
    shard = collection / f"train-{batches.shard_of(0):05}.npz"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ConfigError, match="is damaged"):
        batches.batch(0)
