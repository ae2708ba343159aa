"""Shards: the same bytes for the same pieces, random access to them, and one sentence for each kind of damage."""

from pathlib import Path

import numpy as np
import pytest

from bachbridge.errors import ConfigError
from bachbridge_training.collection import shard_file, shard_index
from bachbridge_training.collection.shard_file import ShardItem
from bachbridge_training.collection.shard_index import ShardEntry, ShardIndex
from bachbridge_training.collection.shard_reader import KEPT_SHARDS, ShardReader
from bachbridge_training.symbols import batches
from bachbridge_training.symbols.batches import SymbolPiece


def _item(number: int, length: int) -> ShardItem:
    pitches = np.arange(4 * length, dtype=np.int16).reshape(length, 4) + number
    return ShardItem(f"piece é {number}", f"{number:020x}", length, {"pitches": pitches, "onsets": pitches % 2 == 0})


def _make_collection(folder: Path, sizes: tuple[int, ...] = (3, 2, 3, 3, 3, 2)) -> list[ShardItem]:
    """Write shards of so many items each into the part `train`, and none into `valid`; return the items."""
    items, entries = list[ShardItem](), list[ShardEntry]()
    for number, size in enumerate(sizes):
        own = [_item(len(items) + at, 1 + (len(items) + at) % 5) for at in range(size)]
        name = f"train-{number:05}.npz"
        entries.append(ShardEntry(name, size, *shard_file.write_shard(folder / name, own)))
        items += own
    lengths = {"train": np.array([item.length for item in items], np.int32), "valid": np.zeros(0, np.int32)}
    parts = {"train": entries, "valid": []}
    sha256 = shard_index.write_lengths(lengths, folder)
    index = ShardIndex("toy", "satb", {}, {}, shard_index.hash_shards(parts), sha256, parts)
    shard_index.write_index(index, folder)
    return items


def test_shard_has_the_same_bytes_each_time() -> None:
    items = [_item(number, number) for number in (3, 1, 0, 2)]
    assert shard_file.encode_shard(items) == shard_file.encode_shard(items)


def test_reader_returns_every_item_in_any_order(tmp_path: Path) -> None:
    items = _make_collection(tmp_path)
    part = ShardReader(tmp_path).part("train")
    assert len(part) == len(items)
    assert part.shard_count > KEPT_SHARDS
    for number in (15, 0, 7, 8, 2, 3, 15):
        found, wanted = part[number], items[number]
        assert (found.name, found.identity, found.length) == (wanted.name, wanted.identity, part.lengths[number])
        assert found.fields["pitches"].dtype == np.int16
        assert found.fields["pitches"].tolist() == wanted.fields["pitches"].tolist()
        assert found.fields["onsets"].tolist() == wanted.fields["onsets"].tolist()
    assert [item.name for item in part] == [item.name for item in items]
    assert len(ShardReader(tmp_path).part("valid")) == 0


@pytest.mark.parametrize("number", [-1, 16])
def test_reader_has_no_item_beyond_its_ends(tmp_path: Path, number: int) -> None:
    _make_collection(tmp_path)
    with pytest.raises(IndexError):
        ShardReader(tmp_path).part("train")[number]


def _damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    match how:
        case "missing":
            path.unlink()
            return
        case "cut":
            content = content[: len(content) // 2]
        case "empty":
            content = bytearray()
        case _:
            content[len(content) // 2] ^= 16
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["missing", "cut", "empty", "one bit"])
def test_reader_refuses_a_damaged_shard_in_a_sentence(tmp_path: Path, how: str) -> None:
    _make_collection(tmp_path)
    _damage(tmp_path / "train-00001.npz", how)
    part = ShardReader(tmp_path).part("train")
    assert part[0].length == 1
    with pytest.raises(ConfigError, match=r"train-00001\.npz .*: [^:]*prepare the collection again\.$"):
        part[3]


@pytest.mark.parametrize("file", [shard_index.INDEX_FILE, shard_index.LENGTHS_FILE])
@pytest.mark.parametrize("how", ["missing", "cut", "empty"])
def test_reader_refuses_a_damaged_index_in_a_sentence(tmp_path: Path, file: str, how: str) -> None:
    _make_collection(tmp_path)
    _damage(tmp_path / file, how)
    assert shard_index.is_shard_folder(tmp_path)
    with pytest.raises(ConfigError, match=r"prepare the collection"):
        ShardReader(tmp_path)


def test_reader_refuses_other_folders_and_versions(tmp_path: Path) -> None:
    _make_collection(tmp_path)
    path = tmp_path / shard_index.INDEX_FILE
    assert shard_index.is_shard_folder(tmp_path)
    text = path.read_text("utf-8")
    path.write_text(text.replace('"version": 1', '"version": 2'), "utf-8")
    with pytest.raises(ConfigError, match=r"by another version of BachBridge"):
        ShardReader(tmp_path)
    path.write_text(text.replace('"items": 3', '"items": "3"'), "utf-8")
    with pytest.raises(ConfigError, match=r"is damaged .*whole number"):
        ShardReader(tmp_path)
    path.write_text("[1]", "utf-8")
    with pytest.raises(ConfigError, match=r"holds no prepared collection"):
        ShardReader(tmp_path)
    assert not shard_index.is_prepared(tmp_path)


def test_reader_refuses_a_preparation_that_was_killed(tmp_path: Path) -> None:
    assert not shard_index.is_shard_folder(tmp_path)
    (tmp_path / "work" / "chunks").mkdir(parents=True)
    assert shard_index.is_shard_folder(tmp_path)
    with pytest.raises(ConfigError, match=r"has not come to its end: give the same `bachbridge prepare` again\.$"):
        ShardReader(tmp_path)


def test_symbol_piece_comes_back_from_its_item() -> None:
    rows = {0: np.array([[1], [2], [3]]), -1: np.array([[4], [5], [6]]), 2: np.array([[7], [8], [9]])}
    arrays = {semitones: row.astype(np.int32) for semitones, row in rows.items()}
    piece = SymbolPiece("one", arrays, 12, 1, frozenset({0, 4, 7}))
    item = shard_file.decode_shard(shard_file.encode_shard([batches.item_from_piece(piece, "ab")]))[0]
    back = batches.piece_from_item(item)
    assert {key: row.tolist() for key, row in back.by_transposition.items()} == {k: r.tolist() for k, r in rows.items()}
    assert (back.name, back.steps, back.unknown_symbols, back.final_pitch_classes) == ("one", 12, 1, {0, 4, 7})
    assert (item.length, item.identity) == (3, "ab")
