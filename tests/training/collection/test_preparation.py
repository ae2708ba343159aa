"""`bachbridge prepare`: the same shards from any number of workers, after any death, and one sentence if it fails."""

import hashlib
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from distributed import wait

from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge_training.collection import cluster
from bachbridge_training.collection.cluster import DaskClient
from bachbridge_training.collection.collection_report import CollectionReport
from bachbridge_training.collection.preparation import PreparationOptions, prepare_collection
from bachbridge_training.collection.reading import file_list
from bachbridge_training.collection.shard_index import WORK_FOLDER
from bachbridge_training.collection.shard_reader import ShardReader
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.folder_lock import lock_folder
from bachbridge_training.recipe import SymbolRecipe
from bachbridge_training.runs.families import family_of
from tests.training.collection.conftest import chorale_midi, encoder_of

COCONET = encoder_of("coconet")
OPTIONS = PreparationOptions(shard_pieces=4)


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_list, "CHUNK_FILES", 6)
        yield


@pytest.fixture(scope="module")
def whole(client: DaskClient, music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The music, prepared by two workers without any trouble."""
    output = tmp_path_factory.mktemp("whole") / "out"
    prepare_collection(client, music, output, COCONET, OPTIONS)
    return output


def contents(folder: Path) -> dict[str, str]:
    """Return the hashes of all files."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_prepare_leaves_out_what_is_no_use_and_says_why(whole: Path) -> None:
    report = msgspec.json.decode((whole / "report.json").read_bytes(), type=CollectionReport)
    refused = dict(line.split("\t") for line in (whole / "refused.tsv").read_text("utf-8").splitlines())
    assert (report.files, report.other_files, report.refused) == (33, 1, 3)
    assert (report.duplicates, report.near_duplicates, report.pieces) == (2, 3, 25)
    assert refused["cut.mid"].startswith("is truncated or damaged")
    assert refused["solo.mid"].startswith("does not have four voices")
    assert refused["page.musicxml"].startswith("is not MusicXML")
    assert refused["copy.abc"] == "has the same music as 03.mid." or refused["03.mid"].endswith(" copy.abc.")
    near = [f"{name} {reason}" for name, reason in refused.items() if "nearly the same" in reason]
    assert sorted(int(re.findall(r"\d+", text)[0]) for text in near) == [5, 6, 7]
    assert (report.groups, len(refused)) == (23, 3 + 2 + 3)
    assert sum(report.split.values()) == report.pieces
    assert "| refused | 3 |" in (whole / "report.md").read_text("utf-8")
    assert not (whole / WORK_FOLDER).exists()


def test_prepare_makes_the_same_bytes_with_any_workers(whole: Path, music: Path, tmp_path: Path) -> None:
    with cluster.open_cluster(None, 1, in_threads=True) as single:
        prepare_collection(single, music, tmp_path / "one", COCONET, OPTIONS)
    assert contents(tmp_path / "one") == contents(whole)
    assert "train-00001.npz" in contents(tmp_path / "one")


def test_prepare_encodes_what_training_takes(whole: Path) -> None:
    reader = ShardReader(whole)
    part = reader.part("train")
    pieces = [family_of(reader.index.codec).piece_from_item(item) for item in part]
    assert all(isinstance(piece, FourPartPiece) for piece in pieces)
    assert [len(piece.pitches) for piece in pieces] == part.lengths.tolist()
    assert {len(piece.pitches) for piece in pieces} <= {128, 160}
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
        self._futures: list[Any] = []
        self.submitted: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def submit(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if len(self.submitted) == self._tasks:
            raise KeyboardInterrupt
        self.submitted.append(work.__name__)
        self._futures.append(self._client.submit(work, *arguments, **options))
        return self._futures[-1]

    def end_tasks(self) -> None:
        """Wait for the tasks on the worker, which write files even when nobody wants their results."""
        wait(self._futures)
        self._futures.clear()


def test_prepare_goes_on_after_being_killed(client: DaskClient, music: Path, tmp_path: Path, whole: Path) -> None:
    submitted: list[str] = []
    for _ in range(40):
        dying = _DyingClient(client, 5)
        try:
            prepare_collection(dying, music, tmp_path / "killed", COCONET, OPTIONS)
            break
        except KeyboardInterrupt:
            dying.end_tasks()
            assert not (tmp_path / "killed" / "index.json").exists()
            finished = sorted((tmp_path / "killed").glob("*.npz"))
            if finished:  # and one of the shards is damaged meanwhile
                finished[0].write_bytes(finished[0].read_bytes()[:-9])
        finally:
            submitted += dying.submitted
    assert contents(tmp_path / "killed") == contents(whole)
    assert submitted.count("write_shard") > len(list(whole.glob("*.npz"))) - 1
    assert submitted.count("read_chunk") < 3 * 6


def test_prepare_keeps_similar_pieces_in_one_part(client: DaskClient, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for seed in range(12):
        for shift in (-3, 0, 4):
            (folder / f"{seed:02} {shift}.mid").write_bytes(chorale_midi(seed, bars=8 + shift % 3, shift=shift))
    options = PreparationOptions(keep_near=True)
    report = prepare_collection(client, folder, tmp_path / "out", COCONET, options)
    assert (report.pieces, report.near_duplicates, report.groups, report.largest_group) == (36, 0, 12, 3)
    reader = ShardReader(tmp_path / "out")
    seeds = {part: {item.name[:2] for item in reader.part(part)} for part in ("train", "valid", "test")}
    assert sum(map(len, seeds.values())) == len(set().union(*seeds.values())) == 12
    assert seeds["train"]
    assert seeds["valid"]


def test_prepare_takes_a_list_of_files(client: DaskClient, music: Path, tmp_path: Path) -> None:
    names = [f"{seed:02}.mid" for seed in range(12)]
    text = "\n".join([*names, "# a comment", "", str(music / "12.mid"), "missing.mid", "read me.txt", names[0]])
    (music / "list.txt").write_text(text, "utf-8")
    report = prepare_collection(client, music / "list.txt", tmp_path / "out", COCONET, OPTIONS)
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
    client: DaskClient, tmp_path: Path, files: dict[str, bytes], sentence: str
) -> None:
    (tmp_path / "music").mkdir()
    for name, content in files.items():
        (tmp_path / "music" / name).write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        prepare_collection(client, tmp_path / "music", tmp_path / "out", COCONET, OPTIONS)


def test_prepare_refuses_a_folder_with_other_contents(
    client: DaskClient, music: Path, tmp_path: Path, whole: Path
) -> None:
    with pytest.raises(ConfigError, match="there is nothing at"):
        prepare_collection(client, tmp_path / "none", tmp_path / "new", COCONET, OPTIONS)
    with pytest.raises(ConfigError, match="holds other files"):
        prepare_collection(client, music, music, COCONET, OPTIONS)
    with pytest.raises(ConfigError, match="already holds a prepared collection"):
        prepare_collection(client, music, whole, COCONET, OPTIONS)
    with (
        lock_folder(tmp_path / "held" / WORK_FOLDER),
        pytest.raises(ConfigError, match="another process is at work"),
    ):
        prepare_collection(client, music, tmp_path / "held", COCONET, OPTIONS)


def test_prepare_goes_on_after_a_full_disk(client: DaskClient, music: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(BachBridgeError, match=r"^cannot write .*: free some space or choose another folder\.$"):
            prepare_collection(client, music, tmp_path / "out", COCONET, OPTIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert prepare_collection(client, music, tmp_path / "out", COCONET, OPTIONS).pieces == 25


@pytest.mark.parametrize("recipe", ["keys88", pytest.param("play-bach-heads", marks=pytest.mark.soak)])
def test_prepare_makes_a_vocabulary_of_the_training_part(
    client: DaskClient, music: Path, tmp_path: Path, recipe: str
) -> None:
    prepare_collection(client, music, tmp_path / "out", encoder_of(recipe), OPTIONS)
    index = ShardReader(tmp_path / "out").index
    family, settings = family_of(index.codec), encoder_of(recipe).recipe
    assert isinstance(settings, SymbolRecipe)
    pieces = [family.piece_from_item(item) for item in ShardReader(tmp_path / "out").part("train")]
    assert index.facts is not None
    assert all(not piece.unknown_symbols for piece in pieces)
    assert all(0 in piece.by_transposition for piece in pieces)
    assert any(len(piece.by_transposition) > 1 for piece in pieces)
    assert index.voice_ranges == []
    assert index.recipe["shifts"] == settings.shifts
