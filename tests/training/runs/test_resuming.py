"""Runs that are resumed, or cannot be: what is on the disk when they stop, and what the options may say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bachbridge.errors import ConfigError
from bachbridge_training import recipe
from bachbridge_training.cli.run_folder import begun_stages
from bachbridge_training.cli.train import train_recipe
from bachbridge_training.datasets import splits
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.splits import DataOrigin
from bachbridge_training.recipe import ChoraleRecipe, Stage
from bachbridge_training.runs import checkpoints, run_data
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import stages as run_stages
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs import train as training_run


def resume(folder: Path, wanted: tuple[Stage, ...]) -> tuple[Stage, ...] | None:
    return begun_stages(folder, wanted, resume=True, from_run=None, seed=None)


def begin(folder: Path, stages: tuple[Stage, ...]) -> None:
    """Write the files of a run that has a checkpoint."""
    folder.mkdir()
    recipe.write_stages(stages, folder / recipe.RECIPE_FILE)
    checkpoint = run_stages.stage_runs(stages, folder)[0].folder / run_stages.CHECKPOINT_FILE
    checkpoint.parent.mkdir(exist_ok=True)
    checkpoint.touch()


@pytest.mark.parametrize("name", ["", "chain"])
def test_run_killed_while_music_is_read_leaves_nothing(
    name: str, toy: ChoraleRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resumed, it would have forgotten the options that say which music and which weights it begins with."""
    monkeypatch.setattr(run_data, "load_run_data", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    recipe.write_stages((Stage(name, toy),), tmp_path / "toy.toml")
    options: dict[str, Any] = {"epochs": None, "limit": 3, "seed": None, "output": tmp_path / "run"}
    with pytest.raises(KeyboardInterrupt):
        train_recipe(str(tmp_path / "toy.toml"), **options, resume=False)
    assert not list((tmp_path / "run").rglob("*.*"))
    with pytest.raises(ConfigError, match="no run to resume"):
        train_recipe(str(tmp_path / "toy.toml"), **options, resume=True)


def test_run_without_a_checkpoint_is_not_resumed(toy: ChoraleRecipe, tmp_path: Path) -> None:
    stages = (Stage("chain", toy), Stage("on", toy))
    recipe.write_stages(stages, tmp_path / recipe.RECIPE_FILE)
    with pytest.raises(ConfigError, match="before its first checkpoint"):
        resume(tmp_path, stages)
    assert begun_stages(tmp_path, stages, resume=False, from_run=None, seed=None) is None


def test_resumed_run_keeps_its_recipe_and_says_so(
    toy: ChoraleRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path / "plain", (Stage("", toy),))
    other = replace(toy, units=toy.units + 1, dropout=0.4, seed=5, steps=toy.steps + 1)
    assert resume(tmp_path / "plain", (Stage("", other),)) == (Stage("", toy),)
    assert capsys.readouterr().out.endswith("which has other values of dropout, units\n")
    begin(tmp_path / "staged", (Stage("chain", toy), Stage("on", toy)))
    resume(tmp_path / "staged", (Stage("chain", toy), Stage("on", toy, branches=2)))
    assert capsys.readouterr().out.endswith("which has other values of stage\n")
    resume(tmp_path / "staged", (Stage("chain", toy), Stage("on", toy)))
    assert capsys.readouterr().out == ""


def test_run_of_another_codec_is_not_resumed(toy: ChoraleRecipe, tmp_path: Path) -> None:
    begin(tmp_path / "run", (Stage("", toy),))
    other = replace(recipe.read_recipe("coconet"), name=toy.name)
    with pytest.raises(ConfigError, match=f"the recipe {toy.name} .codec {toy.codec}."):
        resume(tmp_path / "run", (Stage("", other),))


def test_fewer_epochs_than_done_are_refused(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = replace(toy, units=8, embedding=8, head=8, batch=2, steps=2, steps_per_epoch=1)
    recipe.write_stages((Stage("", tiny),), tmp_path / "toy.toml")
    data = run_data.RunData(phrases, phrases, training_step.build_task, DataOrigin("", None, "", {}, {}))
    monkeypatch.setattr(run_data, "load_run_data", lambda *_, **__: data)
    options: dict[str, Any] = {"limit": None, "seed": None, "output": tmp_path / "run"}
    train_recipe(str(tmp_path / "toy.toml"), **options, epochs=2, resume=False)
    with pytest.raises(ConfigError, match="has done 2 epochs already"):
        train_recipe(str(tmp_path / "toy.toml"), **options, epochs=1, resume=True)
    assert recipe.read_recipe(str(tmp_path / "run" / recipe.RECIPE_FILE)).steps == 2


@pytest.mark.parametrize("broken", ["train_step", "gradient_norm"])
def test_diverged_run_stops_and_keeps_its_files(
    broken: str, toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = replace(toy, units=8, embedding=8, head=8, batch=2, steps=2, steps_per_epoch=1)
    run = training_step.start_run(tiny)
    training_run.train(run, phrases, phrases, tmp_path, last_step=1)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(training_run, broken, lambda *_: float("nan"))
    with pytest.raises(ConfigError, match="no numbers any more"):
        training_run.train(run, phrases, phrases, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize("interval_s", [0.0, 1e9])
def test_useless_weights_are_not_written(
    interval_s: float, toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    """The first step's loss is that of the weights before it."""
    tiny = replace(toy, units=8, embedding=8, head=8, batch=2, steps=2, steps_per_epoch=2, warmup=0)
    run = training_step.start_run(replace(tiny, learning_rate=1e38, weight_decay=1e38))
    with pytest.raises(ConfigError, match="no numbers any more"):
        training_run.train(run, phrases, phrases, tmp_path, checkpoint_interval_s=interval_s)
    assert not list(tmp_path.iterdir())


def test_with_epochs_keeps_a_run_shorter_than_an_epoch(toy: ChoraleRecipe) -> None:
    short = replace(toy, steps=100, steps_per_epoch=400)
    half = run_stages.with_epochs(short, epochs=None, share=0.5)
    assert (half.steps, half.steps_per_epoch) == (50, 50)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        *((splits.ORIGIN_FILE, content) for content in (b"3", b"null", b"{}", b'{"folder": 3, "limit": "x"}', b"\xff")),
        *((run_data.FACTS_FILE, content) for content in (b"3", b"null", b"\xff")),
    ],
)
def test_damaged_records_are_refused(file: str, content: bytes, toy: ChoraleRecipe, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ConfigError, match=f"{file} is damaged"):
        run_data.load_run_data(toy, tmp_path, data=None)


def test_history_without_the_last_epoch_is_refused(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    tiny = replace(toy, units=8, embedding=8, head=8, batch=2, steps=3, steps_per_epoch=1)
    training_run.train(training_step.start_run(tiny), phrases, phrases, tmp_path)
    history = tmp_path / run_history.HISTORY_FILE
    lines = history.read_text().splitlines()
    for kept in (lines[:-1], [lines[0], lines[2], lines[1], lines[3]]):
        history.write_text("\n".join(kept) + "\n")
        with pytest.raises(ConfigError, match="lacks an epoch"):
            checkpoints.resume_run(training_step.start_run(tiny), tmp_path)
