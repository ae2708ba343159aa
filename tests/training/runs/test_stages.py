"""Runs with stages: each begins with the one before it, a killed run continues, one model comes out."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from bachbridge.errors import ConfigError
from bachbridge_training import recipe
from bachbridge_training.cli import train as train_cli
from bachbridge_training.cli.train import train_recipe
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.splits import DataOrigin
from bachbridge_training.recipe import ChoraleRecipe, Stage
from bachbridge_training.runs import checkpoints, run_data
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import stages as run_stages
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs import train as training_run


@pytest.fixture
def uncompiled_steps() -> Iterator[None]:
    """Steps without tracing and compiling, which take much longer than the few steps of these runs."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def records() -> list[str]:
    """Folders, one for each run that begins, in which a run finds out where its music is; "" for none."""
    return []


@pytest.fixture
def staged(
    toy: ChoraleRecipe,
    phrases: list[FourPartPiece],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    records: list[str],
) -> dict[str, Any]:
    """Options for a recipe on two phrases in place of the chorales: a stage, two branches, a pointer on their mean."""
    tiny = replace(toy, units=8, embedding=8, head=8, batch=2, steps=2, steps_per_epoch=1)
    stages = (
        Stage("chain", tiny),
        Stage("on", replace(tiny, seed=2, learning_rate=1e-3), branches=2),
        Stage("pointer", replace(tiny, seed=4, pointer=True)),
    )
    recipe.write_stages(stages, tmp_path / "toy.toml")

    def load(wanted: ChoraleRecipe, record: Path | None, **_: Any) -> run_data.RunData:
        del wanted
        records.append(record.relative_to(tmp_path).as_posix() if record else "")
        return run_data.RunData(phrases, phrases, training_step.build_task, DataOrigin("", None, "", {}, {}))

    monkeypatch.setattr(run_data, "load_run_data", load)
    return {"epochs": None, "limit": None, "seed": None, "output": tmp_path / "run"}


def history(folder: Path) -> list[tuple[str, float]]:
    with (folder / run_history.HISTORY_FILE).open(newline="") as file:
        return [(row["stage"], float(row["step"])) for row in csv.DictReader(file)]


@pytest.mark.soak
@pytest.mark.usefixtures("uncompiled_steps")
def test_stages_follow_one_another_and_resume_after_a_kill(
    staged: dict[str, Any], records: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill a run after each of its epochs, and before the mean, and compare it with one that was not."""
    whole: dict[str, Any] = {**staged, "output": tmp_path / "whole"}
    train_recipe(str(tmp_path / "toy.toml"), **whole, resume=False)
    trained = [(stage, step) for stage in ("chain", "on/1", "on/2", "pointer") for step in (1.0, 2.0)]
    expected = [*trained[:6], ("on", 0.0), *trained[6:]]
    assert history(tmp_path / "whole") == expected
    assert records == ["", "whole/1-chain", "whole/2-on/1", "whole/2-on/2", "whole/2-on"]
    train_once, average_branches = training_run.train, training_run.average_branches

    def train_and_die(run: training_step.TrainingRun, *data: Any, **options: Any) -> None:
        if run.step < run.recipe.steps:
            train_once(run, *data, **{**options, "last_step": run.step + 1})
            raise KeyboardInterrupt

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training_run, "train", train_and_die)
    for number in range(len(trained)):
        if number == 6:
            monkeypatch.setattr(training_run, "average_branches", die)
            with pytest.raises(KeyboardInterrupt):
                train_recipe(str(tmp_path / "toy.toml"), **staged, resume=True)
            monkeypatch.setattr(training_run, "average_branches", average_branches)
            assert history(tmp_path / "run") == expected[:2], "branches wait for their mean"
        with pytest.raises(KeyboardInterrupt):
            train_recipe(str(tmp_path / "toy.toml"), **staged, resume=number > 0)
    monkeypatch.setattr(training_run, "train", train_once)
    train_recipe(str(tmp_path / "toy.toml"), **staged, resume=True)
    assert history(tmp_path / "run") == expected
    for folder in ("1-chain", "2-on/1", "2-on/2", "2-on", "3-pointer"):
        ours, theirs = (run_history.read_history(tmp_path / run / folder) for run in ("run", "whole"))
        assert [row["valid"] for row in ours] == pytest.approx([row["valid"] for row in theirs], rel=1e-4)


def test_stage_runs_find_the_present_stage_and_the_weights(toy: ChoraleRecipe, tmp_path: Path) -> None:
    names = ("chain", "on", "pointer")
    runs = run_stages.stage_runs([Stage(name, toy) for name in names], tmp_path, Path("before"))
    assert [run.folder.name for run in runs] == ["1-chain", "2-on", "3-pointer"]
    assert [run.previous for run in runs] == [Path("before"), runs[0].folder, runs[1].folder]
    assert (run_stages.present_run(runs), run_stages.finished_run(tmp_path)) == (0, tmp_path)
    for run in runs[:2]:
        run.folder.mkdir()
        (run.folder / run_stages.CHECKPOINT_FILE).touch()
    (runs[0].folder / run_stages.BEST_WEIGHTS_FILE).touch()
    assert (run_stages.present_run(runs), run_stages.finished_run(tmp_path)) == (1, runs[0].folder)


def test_stage_runs_are_branches_and_their_mean(toy: ChoraleRecipe, tmp_path: Path) -> None:
    stages = (Stage("chain", toy), Stage("on", replace(toy, seed=5), branches=2), Stage("end", toy))
    runs = run_stages.stage_runs(stages, tmp_path)
    assert [(run.number, run.name) for run in runs] == [(1, "chain"), (2, "on/1"), (2, "on/2"), (2, "on"), (3, "end")]
    folders = [run.folder.relative_to(tmp_path).as_posix() for run in runs]
    assert folders == ["1-chain", "2-on/1", "2-on/2", "2-on", "3-end"]
    chain, first, second, mean, end = runs
    assert first.previous == second.previous == chain.folder
    assert (first.stage.recipe.seed, second.stage.recipe.seed) == (5, 6)
    assert (mean.branches, end.previous) == ((first.folder, second.folder), mean.folder)
    assert [run.first_branch for run in runs] == [None, None, first.folder, None, None]
    for index, run in enumerate(runs):
        assert (first.is_in_weights, second.is_in_weights) == (index > 3, index > 3)
        run.folder.mkdir(exist_ok=True, parents=True)
        (run.folder / (run_stages.BEST_WEIGHTS_FILE if run.branches else run_stages.CHECKPOINT_FILE)).touch()
        assert run_stages.present_run(runs) == index
    assert run_stages.finished_run(tmp_path) == mean.folder


def test_average_branches_writes_the_mean_and_its_scores(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    tiny = replace(toy, units=8, embedding=8, head=8)
    folders = [tmp_path / "1", tmp_path / "2"]
    weights = list[list[np.ndarray]]()
    for seed, folder in enumerate(folders):
        branch = training_step.start_run(replace(tiny, seed=seed))
        folder.mkdir()
        checkpoints.save_best_weights(branch, folder)
        weights.append(branch.averaged_weights)
    mean = training_step.start_run(tiny)
    training_run.average_branches(mean, phrases, folders, tmp_path)
    read_back = training_step.start_run(replace(tiny, seed=9))
    checkpoints.load_best_weights(read_back, tmp_path)
    for ours, first, second in zip(training_step.copy_values(read_back.task.model.weights), *weights, strict=True):
        np.testing.assert_allclose(ours, (first + second) / 2, atol=1e-6)
    assert run_history.read_history(tmp_path) == [{"step": 0.0, **read_back.task.validate(phrases)}]


def test_average_branches_refuses_unusable_weights(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    tiny = replace(toy, units=8, embedding=8, head=8)
    checkpoints.save_best_weights(training_step.start_run(replace(tiny, units=9)), tmp_path)
    with pytest.raises(ConfigError, match="has another shape"):
        training_run.average_branches(training_step.start_run(tiny), phrases, [tmp_path], tmp_path / "mean")
    for damage in (b"PK\x03\x04 cut off", None):
        (tmp_path / run_stages.BEST_WEIGHTS_FILE).unlink()
        if damage:
            (tmp_path / run_stages.BEST_WEIGHTS_FILE).write_bytes(damage)
        with pytest.raises(ConfigError, match=r"has no whole best\.npz"):
            training_run.average_branches(training_step.start_run(tiny), phrases, [tmp_path], tmp_path / "mean")


def test_join_histories_plots_a_mean_of_branches(toy: ChoraleRecipe, tmp_path: Path) -> None:
    runs = run_stages.stage_runs([Stage("chain", toy), Stage("on", toy, branches=2)], tmp_path)
    for run in runs:
        run.folder.mkdir(exist_ok=True, parents=True)
        (run.folder / run_history.HISTORY_FILE).write_text("step,loss,valid,valid_told\n1,4,3,3\n2,3,2,2\n")
    (runs[-1].folder / run_history.HISTORY_FILE).write_text("step,valid,valid_told\n0,1.5,1.25\n")
    run_history.join_histories(runs, tmp_path)
    assert history(tmp_path) == [("chain", 1.0), ("chain", 2.0), ("on", 0.0)], "branches wait for their mean"
    (runs[-1].folder / run_stages.BEST_WEIGHTS_FILE).touch()
    run_history.join_histories(runs, tmp_path)
    trained = [(name, step) for name in ("chain", "on/1", "on/2") for step in (1.0, 2.0)]
    assert history(tmp_path) == [*trained, ("on", 0.0)]
    assert run_history.summarize_history(tmp_path)[-1] == {"stage": "on", "steps": 0, "minutes": 0.0, "valid": 1.5}
    assert (tmp_path / run_history.LOSS_PLOT_FILE).read_bytes().startswith(b"\x89PNG")


def test_join_histories_keeps_and_plots_all_columns(toy: ChoraleRecipe, tmp_path: Path) -> None:
    runs = run_stages.stage_runs([Stage(name, toy) for name in ("chain", "on", "pointer")], tmp_path)
    texts = ["step,loss,valid,valid_told\n1,4,3,3\n2,3,2,2\n", "step,loss,valid,valid_told,bits\n1,2,2,1,4\n"]
    for run, text in zip(runs, texts, strict=False):
        run.folder.mkdir()
        (run.folder / run_history.HISTORY_FILE).write_text(text)
    run_history.join_histories(runs, tmp_path)
    lines = (tmp_path / run_history.HISTORY_FILE).read_text().split()
    assert lines[0] == "stage,step,loss,valid,valid_told,bits"
    assert lines[1:] == ["chain,1.0,4.0,3.0,3.0,", "chain,2.0,3.0,2.0,2.0,", "on,1.0,2.0,2.0,1.0,4.0"]
    assert (tmp_path / run_history.LOSS_PLOT_FILE).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "table",
    [
        b"step,loss,valid\n1,4,three\n",
        b"step,loss,valid\n1,4\n",
        b"loss,valid\n4,3\n",
        b"step,loss,valid\n1,4,3,2\n",
        b"\xff\xfe",
        b"nothing\nof it\n",
    ],
)
def test_damaged_history_is_refused_in_one_sentence(table: bytes, toy: ChoraleRecipe, tmp_path: Path) -> None:
    runs = run_stages.stage_runs([Stage(name, toy) for name in ("chain", "on")], tmp_path)
    for run in runs:
        run.folder.mkdir()
        (run.folder / run_history.HISTORY_FILE).write_text("step,valid\n1,2\n")
    (runs[0].folder / run_history.HISTORY_FILE).write_bytes(table)
    with pytest.raises(ConfigError, match=r"1-chain/history\.csv is damaged .*begin another") as refusal:
        run_history.join_histories(runs, tmp_path)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / run_history.HISTORY_FILE).exists()


def test_history_keeps_epochs_from_before_a_column(tmp_path: Path) -> None:
    epochs = [{"step": 1.0, "valid": 2.0}, {"step": 2.0, "valid": 1.5, run_history.SECONDS_COLUMN: 0.1}]
    run_history.write_history(epochs, tmp_path)
    assert run_history.read_history(tmp_path) == epochs


def test_read_stages_fills_in_what_all_have_in_common(tmp_path: Path) -> None:
    stages = recipe.read_stages("chorale-lstm")
    assert [stage.name for stage in stages] == ["pitches", "intervals", "pointer"]
    pitches, intervals, pointer = (stage.recipe for stage in stages)
    assert isinstance(pitches, ChoraleRecipe)
    assert isinstance(pointer, ChoraleRecipe)
    assert (pitches.intervals, pitches.pointer, pointer.intervals, pointer.pointer) == (False, False, True, True)
    assert pitches.units == intervals.units == pointer.units
    recipe.write_stages(stages, tmp_path / "again.toml")
    assert recipe.read_stages(str(tmp_path / "again.toml")) == stages
    branched = (*stages[:2], replace(stages[2], branches=3))
    recipe.write_stages(branched, tmp_path / "branched.toml")
    assert recipe.read_stages(str(tmp_path / "branched.toml")) == branched
    moved = run_stages.with_seed(stages, 11)
    assert [stage.recipe.seed for stage in moved] == [11, 12, 13]
    assert [stage.branches for stage in run_stages.with_seed(branched, 11)] == [1, 1, 3]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "pointer"', "", "each stage needs a name"),
        ('name = "pointer"', 'name = "../on"', "each stage needs a name"),
        ('name = "pointer"', 'name = "intervals"', "two stages have one name"),
        ('name = "pointer"', 'name = "pointer"\ncodec = "abc"', "cannot have another codec"),
        ('name = "pitches"', 'name = "pitches"\nbranches = 2', "the first stage cannot have branches"),
        ('name = "pointer"', 'name = "pointer"\nbranches = 0', '"branches" should be at least 1'),
        ('name = "pointer"', 'name = "pointer"\nbranches = "two"', '"branches" should be a whole number'),
        ('name = "chorale-lstm"', 'name = "chorale-lstm"\nbranches = 2', "branches belong to a stage"),
        ("steps = 800", "", 'its field "steps" is missing'),
        ("steps = 800", "steps = 0", '"steps" should be at least 1'),
        ("steps = 800", "step = 800", "unknown keys step"),
        ("[[stage]]", "[[stages]]", "unknown keys stages"),
        ("dropout = 0.3", "dropout = nan", "dropout is not a number"),
        ("dropout = 0.3", "dropout = 0.3\nstage = 3", "cannot be used"),
    ],
)
def test_read_stages_refuses_with_one_sentence(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = (Path(recipe.__file__).parent / "recipes" / "chorale-lstm.toml").read_text("utf-8")
    (tmp_path / "wrong.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=message) as refusal:
        recipe.read_stages(str(tmp_path / "wrong.toml"))
    assert "\n" not in str(refusal.value)


def test_train_recipe_refuses_what_a_staged_run_cannot_do(staged: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run" / "1-chain"
    run.mkdir(parents=True)
    (tmp_path / "run" / recipe.RECIPE_FILE).write_bytes((tmp_path / "toy.toml").read_bytes())
    (run / run_stages.CHECKPOINT_FILE).touch()
    refusals: tuple[tuple[dict[str, Any], str], ...] = (
        ({"resume": False}, "already holds a run"),
        ({"resume": True, "seed": 9}, "began with seed 1: leave --seed out"),
        ({"resume": True, "from_run": tmp_path}, "leave one of them out"),
    )
    for more, message in refusals:
        with pytest.raises(ConfigError, match=message):
            train_cli.train_recipe(str(tmp_path / "toy.toml"), **{**staged, **more})


def test_branches_stay_as_long_as_the_first_of_them(toy: ChoraleRecipe, tmp_path: Path) -> None:
    stages = (Stage("chain", toy), Stage("on", toy, branches=2))
    recipe.write_stages(stages, tmp_path / recipe.RECIPE_FILE)
    options: dict[str, Any] = {"limit": None, "seed": None, "output": tmp_path, "resume": True}
    for run in run_stages.stage_runs(stages, tmp_path):
        run.folder.mkdir(exist_ok=True, parents=True)
        (run.folder / (run_stages.BEST_WEIGHTS_FILE if run.branches else run_stages.CHECKPOINT_FILE)).touch()
        if run.first_branch or run.branches:
            with pytest.raises(ConfigError, match="leave --epochs out, or begin another run from this one with --from"):
                train_recipe(str(tmp_path / recipe.RECIPE_FILE), epochs=3, **options)


@pytest.mark.parametrize("resume", [True, False])
def test_folder_of_a_mean_is_not_trained_in(resume: bool, toy: ChoraleRecipe, tmp_path: Path) -> None:
    recipe.write_recipe(toy, tmp_path / recipe.RECIPE_FILE)
    (tmp_path / run_stages.BEST_WEIGHTS_FILE).write_bytes(b"the mean")
    options: dict[str, Any] = {"limit": None, "epochs": None, "seed": None, "output": tmp_path, "resume": resume}
    with pytest.raises(ConfigError, match="holds weights without a checkpoint"):
        train_recipe(str(tmp_path / recipe.RECIPE_FILE), **options)
    assert (tmp_path / run_stages.BEST_WEIGHTS_FILE).read_bytes() == b"the mean"


def test_summarize_history_gives_each_stage_its_own_line(tmp_path: Path) -> None:
    assert run_history.summarize_history(tmp_path) == []
    table = tmp_path / run_history.HISTORY_FILE
    table.write_text("step,valid,seconds_per_step\n30,3,2\n60,1.5,4\n90,2,2\n")
    assert run_history.summarize_history(tmp_path) == [{"steps": 90, "minutes": 4.0, "valid": 1.5}]
    table.write_text("stage,step,valid,seconds_per_step\non,60,3,2\npointer,30,2.12346,\npointer,60,2.5,1\n")
    assert run_history.summarize_history(tmp_path) == [
        {"stage": "on", "steps": 60, "minutes": 2.0, "valid": 3.0},
        {"stage": "pointer", "steps": 60, "minutes": 0.5, "valid": 2.1235},
    ]
    table.write_text("step,valid\n30,three\n")
    with pytest.raises(ConfigError, match="is damaged"):
        run_history.summarize_history(tmp_path)
