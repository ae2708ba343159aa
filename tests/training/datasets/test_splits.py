"""The split of the user's own music, its record in a run, and the commands that use it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bachbridge.errors import ConfigError
from bachbridge.files.midi_writer import part_body
from bachbridge.files.smf import encode_file
from bachbridge.inference.runtime import library
from bachbridge_training import recipe
from bachbridge_training.cli.export import export_model as export_command
from bachbridge_training.cli.train import train_recipe as train_command
from bachbridge_training.datasets import splits, suitability, symbol_sources
from bachbridge_training.datasets.folder import DatasetPiece, MusicFolder, read_folder
from bachbridge_training.datasets.piece_info import PieceInfo
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import run_data
from bachbridge_training.runs import train as training_run

TPB = 96


@pytest.fixture(autouse=True)
def kept_here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def item(number: int, tune: int) -> DatasetPiece:
    taken = suitability.TrainablePiece((number,), (16,), ((60, 72),))
    return DatasetPiece(
        f"{number}.mid", f"{number:020}", f"{tune:08x}{'0' * 56}", PieceInfo(4, 1, 2.0, (0, False)), taken
    )


def spread(count: int) -> list[DatasetPiece]:
    """Return pieces whose tune hashes are evenly spaced between 0 and 1."""
    return [item(number, (2 * number + 1) * 2**31 // count) for number in range(count)]


def hymns(folder: Path, count: int = 4) -> Path:
    """Write pieces of two bars in four voices, each with another tune."""
    folder.mkdir()
    for number in range(count):
        top = [72, 74, 76, 77 - number, 76, 74 - number, 71, 72]
        lines = [top, [67] * 8, [60, 62, 60, 60, 60, 59, 60, 60], [48, 47, 45, 41, 43, 43, 43, 48]]
        tracks = [
            part_body(str(voice), voice, 0, [(TPB * at, TPB * at + TPB, pitch, 80) for at, pitch in enumerate(line)])
            for voice, line in enumerate(lines)
        ]
        (folder / f"{number}.mid").write_bytes(encode_file(TPB, tracks))
    return folder


def test_split_pieces_keeps_tunes_together() -> None:
    items = spread(200)
    twins = [replace(its, identity=f"x{its.identity}") for its in items]
    parts = splits.split_pieces([*twins, *items])
    assert {part: len(its) for part, its in parts.items()} == {"train": 360, "valid": 20, "test": 20}
    tunes = [{its.tune_hash for its in part} for part in parts.values()]
    assert len(tunes[0] | tunes[1] | tunes[2]) == sum(map(len, tunes)) == 200
    fewer = splits.split_pieces(items[::3])
    assert all({its.identity for its in fewer[part]} <= {its.identity for its in parts[part]} for part in parts)


@pytest.mark.parametrize("shares", [(0.1, 0.2, 0.3), (0.91, 0.92, 0.93), (0.97, 0.98, 0.99), (0.1, 0.97, 0.98)])
def test_split_pieces_never_leaves_a_part_empty(shares: tuple[float, ...]) -> None:
    parts = splits.split_pieces([item(number, int(share * 2**32)) for number, share in enumerate(shares)])
    assert parts["train"]
    assert parts["valid"]
    assert sum(map(len, parts.values())) == 3


def test_split_pieces_refuses_too_few_pieces() -> None:
    with pytest.raises(ConfigError, match="the folder holds no music"):
        splits.split_pieces([])
    with pytest.raises(ConfigError, match="1 piece"):
        splits.split_pieces(spread(1))
    with pytest.raises(ConfigError, match="the same tune"):
        splits.split_pieces([item(number, 7) for number in range(3)])


def test_split_pieces_follows_file_names() -> None:
    items = spread(12)
    suites = [replace(its, name=f"in/cs{at % 6 + 1}-{at}all.mid") for at, its in enumerate(items)]
    parts = splits.split_pieces(suites)
    assert {its.name[5] for its in parts["valid"]} == {"2"}
    assert {its.name[5] for its in parts["test"]} == {"3"}
    assert {its.name[5] for its in parts["train"]} == {"1", "4", "5", "6"}
    told = [replace(its, name=f"{'valid' if at < 2 else 'train'}.abc#{at}") for at, its in enumerate(items)]
    assert splits.split_pieces(told) == {"train": told[2:], "valid": told[:2], "test": []}


def test_restore_dataset_ignores_added_pieces() -> None:
    before = MusicFolder(Path("folder"), 8, 0, tuple(spread(8)), ())
    music = splits.split_folder(before, limit=3)
    assert music.origin.said["data"] == "4 pieces in the folder folder"
    assert len(music.parts["train"]) == 3
    assert music.train_share == pytest.approx(3 / len(splits.split_pieces(before.pieces)["train"]))
    after = replace(before, pieces=(item(99, 1), *before.pieces))
    assert splits.restore_dataset(after, music.origin).parts == music.parts
    assert splits.split_folder(after, limit=3).origin.fingerprint != music.origin.fingerprint
    with pytest.raises(ConfigError, match="no longer in folder: put them back"):
        splits.restore_dataset(replace(before, pieces=before.pieces[4:]), music.origin)


def test_commands_lead_from_folder_to_model(
    toy: ChoraleRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, run, models = hymns(tmp_path / "hymns"), tmp_path / "my run", tmp_path / "models"
    recipe.write_recipe(replace(toy, steps=1, steps_per_epoch=1), tmp_path / "toy.toml")
    given: dict[str, Any] = {"epochs": None, "limit": None, "seed": None, "output": run}
    (data / "text.mid").write_text("no music")

    train_command(str(tmp_path / "toy.toml"), **given, resume=False, data=data, check_only=True, json=True)
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert (report["pieces"], report["notes"], report["refused"][0]["name"]) == (4, 128, "text.mid")
    assert "text.mid" in told.err
    assert "C major" in told.err
    assert not run.exists()

    nowhere: dict[str, Any] = {**given, "output": data / "text.mid" / "run"}
    with pytest.raises(ConfigError, match="choose another folder"):
        train_command(str(tmp_path / "toy.toml"), **nowhere, resume=False, data=data)
    train_command(str(tmp_path / "toy.toml"), **given, resume=False, data=data)
    told = capsys.readouterr()
    assert str(run / run_history.LOSS_PLOT_FILE) in told.out
    assert told.out.endswith(f"bachbridge export 'my run' --run '{run}'\n")
    origin = splits.read_origin(run)
    assert origin is not None
    assert sum(map(len, origin.parts.values())) == 4
    export_command("my run", run=run, output=models)
    card = library.read_card(models / "my run")
    assert card.facts["data"] == "4 pieces in the folder hymns"
    assert card.facts["split"].startswith("by a hash of each piece's tune")
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (models / "own", models))
    assert library.find_checked_card("my run").tasks == ("continue", "harmonize")

    more: dict[str, Any] = {**given, "epochs": 3}
    with pytest.raises(ConfigError, match=r"has the recipe chorale-lstm .codec satb.: name that recipe"):
        train_command("coconet", **more, resume=True)
    with pytest.raises(ConfigError, match="leave one of them out"):
        train_command(str(tmp_path / "toy.toml"), **more, resume=True, from_run=run)
    limited: dict[str, Any] = {**more, "limit": 1}
    with pytest.raises(ConfigError, match="began with no --limit"):
        train_command(str(tmp_path / "toy.toml"), **limited, resume=True)
    hymns(data / "more", 6)
    with pytest.raises(ConfigError, match="began with other music"):
        train_command(str(tmp_path / "toy.toml"), **more, resume=True, data=data)
    trained: list[tuple[int, ...]] = []
    monkeypatch.setattr(
        training_run, "train", lambda its, *parts, **_: trained.append((its.step, *map(len, parts[:2])))
    )
    train_command(str(tmp_path / "toy.toml"), **more, resume=True, data=hymns(tmp_path / "moved"))
    assert trained == [(1, *(len(origin.parts[part]) for part in ("train", "valid")))]
    assert "bachbridge export 'my-my run' --run" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["play-bach-heads", "keys88", "abc"])
def test_symbol_recipes_accept_the_same_folders(tmp_path: Path, name: str) -> None:
    data, run, settings = tmp_path / "music", tmp_path / "run", recipe.read_recipe(name)
    run.mkdir()
    if name == "abc":
        data.mkdir()
        tunes = [f"X:{at}\nT:tune\nM:2/4\nL:1/8\nK:G\nGA{note}G|D2G2|]\n" for at, note in enumerate("Bcdefg")]
        (data / "tunes.abc").write_text("\n".join(tunes))
    else:
        hymns(data, 6)
    (data / "text.mid").write_text("no music")
    begun = run_data.load_run_data(settings, None, data=data)
    assert isinstance(begun.train, list)
    assert len(begun.train) >= 3
    assert len(begun.valid) >= 1
    assert begun.card_text["data"].endswith("music")
    run_data.write_run_data(begun, run)
    again = run_data.reload_run_data(settings, run, data=None)
    assert isinstance(again.train, list)
    assert [its.name for its in again.valid] == [its.name for its in begun.valid]
    assert [its.symbols.tolist() for its in again.train] == [its.symbols.tolist() for its in begun.train]
    part = symbol_sources.load_sources(str(getattr(settings, "codec", "")), "valid", data)
    assert [its.name for its in part] == [its.name for its in begun.valid]
    (data / ("tunes.abc" if name == "abc" else "0.mid")).unlink()
    with pytest.raises(ConfigError):
        run_data.load_run_data(settings, run, data=None)


def tune(number: int, notes: str) -> str:
    return f"X:{number}\nT:Tune {number}\nM:2/4\nL:1/8\nK:G\n{notes}|D2G2|]\n"


def test_run_on_tunes_uses_what_the_report_counts(tmp_path: Path) -> None:
    data, settings = tmp_path / "music", recipe.read_recipe("abc")
    (data / "folder.abc").mkdir(parents=True)
    (data / "gone.abc").symlink_to(tmp_path / "nowhere.abc")
    (data / "._tunes.abc").write_text(tune(1, "d2c2"))
    (data / "tunes.abc").write_text("\n".join(tune(at, f"GA{note}G") for at, note in enumerate("Bcdefg", 1)))
    (data / "copy.abc").write_text(tune(9, "GABG"))
    found = read_folder(data, suitability.converter_for(settings))
    assert [its.reason for its in found.rejected] == ["has the same content as copy.abc."]
    begun = run_data.load_run_data(settings, None, data=data)
    shown = splits.split_pieces(found.pieces)
    assert isinstance(begun.train, list)
    assert [its.name for its in begun.train] == [item.name for item in shown["train"]]
    assert [its.name for its in begun.valid] == [item.name for item in shown["valid"]]


def test_run_on_tunes_refuses_other_music_on_resume(tmp_path: Path) -> None:
    data, run, settings = tmp_path / "music", tmp_path / "run", recipe.read_recipe("abc")
    run.mkdir()
    data.mkdir()
    texts = [tune(at, f"GA{note}G") for at, note in enumerate("Bcdefg", 1)]
    (data / "tunes.abc").write_text("\n".join(texts))
    begun = run_data.load_run_data(settings, None, data=data)
    run_data.write_run_data(begun, run)
    (data / "more.abc").write_text(tune(1, "d2cd"))
    again = run_data.reload_run_data(settings, run, data=None)
    assert [its.symbols.tolist() for its in again.valid] == [its.symbols.tolist() for its in begun.valid]
    (data / "more.abc").unlink()
    shorter = run_data.load_run_data(settings, run, data=None)
    assert isinstance(shorter.train, list)
    assert isinstance(begun.train, list)
    assert len(shorter.train) == len(begun.train)
    (data / "tunes.abc").write_text("\n".join([*texts[:3], tune(4, "f2ga"), *texts[4:]]))
    with pytest.raises(ConfigError, match="began with other music"):
        run_data.load_run_data(settings, run, data=None)


def test_train_leaves_no_run_without_usable_music(
    toy: ChoraleRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_recipe(toy, tmp_path / "toy.toml")
    given: dict[str, Any] = {"epochs": None, "limit": None, "seed": None, "output": tmp_path / "run", "resume": False}
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.mid").write_bytes(b"MThd")
    for folder in ("empty", "bad"):
        with pytest.raises(ConfigError, match="the folder holds no music"):
            train_command(str(tmp_path / "toy.toml"), **given, data=tmp_path / folder)
    assert "truncated" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match="--data"):
        train_command("chorale-lstm", **given, check_only=True)


def test_run_data_fits_the_codec_of_the_recipe(tmp_path: Path, toy: ChoraleRecipe) -> None:
    found = read_folder(hymns(tmp_path / "hymns", 1), suitability.converter_for(toy))
    assert found.pieces[0].content.pitch_ranges == ((71, 77), (67, 67), (59, 62), (41, 48))
