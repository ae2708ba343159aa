"""`bachbridge prepare`: the same shards from any number of workers, after any death, and one sentence if it fails."""

import hashlib
import json
import re
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge_training.collection import cluster
from bachbridge_training.collection.cluster import DaskClient
from bachbridge_training.collection.preparation import WORK_FOLDER, PreparationOptions, prepare_collection
from bachbridge_training.collection.reading import file_list
from bachbridge_training.collection.shard_reader import ShardReader
from bachbridge_training.collection.worker_tasks import MusicEncoder
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.runs.families import family_of
from tests.training.collection.conftest import chorale_midi

Encoders = Callable[[str], MusicEncoder]
OPTIONS = PreparationOptions(shard_pieces=4)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_list, "CHUNK_FILES", 6)


def contents(folder: Path) -> dict[str, str]:
    """Return the hashes of all files."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_prepare_leaves_out_what_is_no_use_and_says_why(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders
) -> None:
    report = prepare_collection(client, music, tmp_path / "out", encoder("coconet"), OPTIONS)
    refused = dict(line.split("\t") for line in (tmp_path / "out" / "refused.tsv").read_text("utf-8").splitlines())
    assert (report.files, report.other_files, report.refused) == (33, 1, 3)
    assert (report.duplicates, report.near_duplicates, report.pieces) == (2, 3, 25)
    assert refused["cut.mid"].startswith("is truncated or damaged")
    assert refused["solo.mid"].startswith("does not have four voices")
    assert refused["page.musicxml"].startswith("is not MusicXML")
    assert (
        refused["copy.abc"] == "has the same music as 03.mid." or refused["03.mid"] == "has the same music as copy.abc."
    )
    near = [(name, reason) for name, reason in refused.items() if "nearly the same" in reason]
    assert {frozenset(re.findall(r"\d", f"{name[-6:]} {reason[:60]}")) for name, reason in near}
    assert len(near) == 3
    assert report.groups == 23
    assert sum(report.split.values()) == report.pieces == len(refused) - 8 + 25
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["pieces"] == 25
    assert "| refused | 3 |" in (tmp_path / "out" / "report.md").read_text("utf-8")
    assert not (tmp_path / "out" / WORK_FOLDER).exists()


def test_prepare_makes_the_same_bytes_with_any_workers(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders
) -> None:
    prepare_collection(client, music, tmp_path / "two", encoder("coconet"), OPTIONS)
    with cluster.open_cluster(None, 1, in_threads=True) as single:
        prepare_collection(single, music, tmp_path / "one", encoder("coconet"), OPTIONS)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert "train-00001.npz" in contents(tmp_path / "one")


def test_prepare_encodes_what_training_takes(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders
) -> None:
    prepare_collection(client, music, tmp_path / "out", encoder("coconet"), OPTIONS)
    reader = ShardReader(tmp_path / "out")
    part = reader.part("train")
    pieces = [family_of(reader.index.codec).piece_from_item(item) for item in part]
    assert all(isinstance(piece, FourPartPiece) for piece in pieces)
    assert [len(piece.pitches) for piece in pieces] == part.lengths.tolist()
    assert {len(piece.pitches) for piece in pieces} <= {80, 128}
    assert [item.identity for item in part] == sorted(item.identity for item in part)
    lines = [piece.pitches[:, voice] for piece in pieces for voice in range(4)]
    voices = [lines[voice::4] for voice in range(4)]
    assert reader.index.voice_ranges == [
        (min(int(line.min()) for line in own), max(int(line.max()) for line in own)) for own in voices
    ]


class _DyingClient:
    """A client that is interrupted at a task, as if the program were killed."""

    def __init__(self, client: DaskClient, tasks: int) -> None:
        self._client, self._tasks = client, tasks
        self.submitted: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def submit(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if len(self.submitted) == self._tasks:
            raise KeyboardInterrupt
        self.submitted.append(work.__name__)
        return self._client.submit(work, *arguments, **options)


@pytest.mark.parametrize("recipe", ["coconet", pytest.param("keys88", marks=pytest.mark.soak)])
def test_prepare_goes_on_after_being_killed(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders, recipe: str
) -> None:
    whole = _DyingClient(client, -1)
    prepare_collection(whole, music, tmp_path / "whole", encoder(recipe), OPTIONS)
    submitted: list[str] = []
    for _ in range(40):
        dying = _DyingClient(client, 5)
        try:
            prepare_collection(dying, music, tmp_path / "killed", encoder(recipe), OPTIONS)
            break
        except KeyboardInterrupt:
            assert not (tmp_path / "killed" / "index.json").exists()
        finally:
            submitted += dying.submitted
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    read = [name for name in submitted if name == "read_chunk"]
    assert len(read) < 3 * whole.submitted.count("read_chunk")


def test_prepare_writes_a_damaged_shard_again(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders
) -> None:
    prepare_collection(client, music, tmp_path / "whole", encoder("coconet"), OPTIONS)
    out, shards = tmp_path / "killed", contents(tmp_path / "whole").keys()
    with pytest.raises(KeyboardInterrupt):
        prepare_collection(_DyingClient(client, 5 + len(shards) - 6), music, out, encoder("coconet"), OPTIONS)
    finished = sorted(out.glob("*.npz"))
    assert finished
    finished[0].write_bytes(finished[0].read_bytes()[:-9])
    prepare_collection(client, music, out, encoder("coconet"), OPTIONS)
    assert contents(out) == contents(tmp_path / "whole")


def test_prepare_keeps_similar_pieces_in_one_part(client: DaskClient, tmp_path: Path, encoder: Encoders) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for seed in range(12):
        for shift in (-3, 0, 4):
            (folder / f"{seed:02} {shift}.mid").write_bytes(chorale_midi(seed, bars=5 + shift % 3, shift=shift))
    options = PreparationOptions(keep_near=True)
    report = prepare_collection(client, folder, tmp_path / "out", encoder("coconet"), options)
    assert (report.pieces, report.near_duplicates, report.groups, report.largest_group) == (36, 0, 12, 3)
    reader = ShardReader(tmp_path / "out")
    seeds = {part: {item.name[:2] for item in reader.part(part)} for part in ("train", "valid", "test")}
    assert sum(map(len, seeds.values())) == len(set().union(*seeds.values())) == 12
    assert seeds["train"]
    assert seeds["valid"]


@pytest.mark.parametrize("recipe", ["keys88", "play-bach-heads"])
def test_prepare_makes_a_vocabulary_of_the_training_part(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders, recipe: str
) -> None:
    prepare_collection(client, music, tmp_path / "out", encoder(recipe), OPTIONS)
    index = ShardReader(tmp_path / "out").index
    family, settings = family_of(index.codec), encoder(recipe).recipe
    pieces = [family.piece_from_item(item) for item in ShardReader(tmp_path / "out").part("train")]
    assert index.facts is not None
    assert all(not piece.unknown_symbols for piece in pieces)
    assert all(0 in piece.by_transposition for piece in pieces)
    assert any(len(piece.by_transposition) > 1 for piece in pieces)
    assert index.voice_ranges == []
    assert index.recipe["shifts"] == settings.shifts


def test_prepare_takes_a_list_of_files(client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders) -> None:
    names = [f"{seed:02}.mid" for seed in range(12)]
    text = "\n".join([*names, "# a comment", "", str(music / "12.mid"), "missing.mid", "read me.txt", names[0]])
    (music / "list.txt").write_text(text, "utf-8")
    report = prepare_collection(client, music / "list.txt", tmp_path / "out", encoder("coconet"), OPTIONS)
    assert (report.files, report.other_files, report.pieces, report.refused) == (14, 1, 13, 1)
    assert "missing.mid\tcannot be read" in (tmp_path / "out" / "refused.tsv").read_text("utf-8")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, r"holds no MIDI, MusicXML or ABC files: give another folder or list\.$"),
        ({"text.txt": b"x"}, r"holds no MIDI, MusicXML or ABC files"),
        (
            {"a.mid": b"", "b.mid": b"x"},
            r"no music that this recipe can train on \(2 of 2 files refused, see .*refused",
        ),
        ({"a.mid": chorale_midi(1), "b.mid": chorale_midi(1)}, r"too little different music .*: give more\.$"),
        ({f"{seed}.mid": chorale_midi(seed) for seed in range(2)}, r"too little different music"),
    ],
)
def test_prepare_refuses_too_little_music(
    client: DaskClient, tmp_path: Path, encoder: Encoders, files: dict[str, bytes], sentence: str
) -> None:
    (tmp_path / "music").mkdir()
    for name, content in files.items():
        (tmp_path / "music" / name).write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        prepare_collection(client, tmp_path / "music", tmp_path / "out", encoder("coconet"), OPTIONS)


def test_prepare_refuses_a_folder_with_other_contents(
    client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders
) -> None:
    with pytest.raises(ConfigError, match="there is nothing at"):
        prepare_collection(client, tmp_path / "none", tmp_path / "new", encoder("coconet"), OPTIONS)
    with pytest.raises(ConfigError, match="holds other files"):
        prepare_collection(client, music, music, encoder("coconet"), OPTIONS)
    prepare_collection(client, music, tmp_path / "out", encoder("coconet"), OPTIONS)
    with pytest.raises(ConfigError, match="already holds a prepared collection"):
        prepare_collection(client, music, tmp_path / "out", encoder("coconet"), OPTIONS)


def test_prepare_goes_on_after_a_full_disk(client: DaskClient, music: Path, tmp_path: Path, encoder: Encoders) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(BachBridgeError, match=r"^cannot write .*: free some space or choose another folder\.$"):
            prepare_collection(client, music, tmp_path / "out", encoder("coconet"), OPTIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert prepare_collection(client, music, tmp_path / "out", encoder("coconet"), OPTIONS).pieces == 25
