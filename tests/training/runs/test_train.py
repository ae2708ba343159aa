"""Training runs: a toy network memorises two phrases, a run can be resumed, ONNX agrees with Keras; recipes."""

import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from bachbridge.errors import ConfigError, ModelError
from bachbridge.inference.runtime import onnx_nets
from bachbridge.inference.runtime.library import read_card
from bachbridge_training import onnx_export, recipe
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.chorale import task as chorale_task
from bachbridge_training.cli.evaluate import evaluate_model
from bachbridge_training.cli.export import export_model as export_command
from bachbridge_training.cli.train import train_recipe as train_command
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import VOICE_ORDER, ChoraleBatches
from bachbridge_training.folder_lock import lock_folder
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import checkpoints
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import stages as run_stages
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs import train as training_run
from tests.training.runs.run_commands import untimed


@pytest.fixture
def trained_run(toy: ChoraleRecipe, phrases: list[FourPartPiece]) -> training_step.TrainingRun:
    run = training_step.start_run(toy)
    batches = run.task.make_batches(phrases)
    while run.step < toy.steps:
        training_step.train_step(run, batches.batch(run.step))
    return run


def test_network_memorises_two_phrases_and_onnx_agrees(
    trained_run: training_step.TrainingRun, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    with training_step.AveragedWeights(trained_run):
        nats = {
            timing_given: chorale_task.nats_per_frame(trained_run.task.model, phrases, timing_given=timing_given)
            for timing_given in (True, False)
        }
        onnx_export.export_model(trained_run.task.make_export(), tmp_path / "toy", held_out_piece=phrases[0])
    # The phrase and its key, one of four, cannot be known before the first frame: log(8) in 32 frames.
    assert nats[True] < 0.5
    card = read_card(tmp_path / "toy")
    assert card.facts["metrics"]["onnx_against_keras"] <= onnx_export.TOLERANCE
    for timing_given, expected in nats.items():
        scores = chorale_nll.summary(
            chorale_nll.evaluate(onnx_nets.load_chorale_net(card), card.chain, phrases, timing_given=timing_given)
        )
        assert scores["nats_per_frame"] == pytest.approx(expected, abs=1e-4)


def test_export_model_writes_nothing_without_agreement(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    run = training_step.start_run(toy)
    target = tmp_path / "toy"
    target.mkdir()
    (target / onnx_export.CARD_FILE).write_text("before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_export, "TOLERANCE", -1.0)
        with pytest.raises(ModelError, match="differ"):
            onnx_export.export_model(run.task.make_export(), target, held_out_piece=phrases[0])
    assert [path.name for path in tmp_path.rglob("*")] == ["toy", onnx_export.CARD_FILE]
    assert (target / onnx_export.CARD_FILE).read_text() == "before"


def test_export_model_does_not_replace_other_folders(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    """`export toy --run runs/toy -o runs` names the folder of the run itself."""
    run = tmp_path / "toy"
    run.mkdir()
    (run / run_stages.BEST_WEIGHTS_FILE).write_text("hours of work")
    with pytest.raises(ModelError, match="already exists and is not a model: choose another folder with -o"):
        onnx_export.export_model(training_step.start_run(toy).task.make_export(), run, held_out_piece=phrases[0])
    assert [path.name for path in tmp_path.rglob("*")] == ["toy", run_stages.BEST_WEIGHTS_FILE]


@pytest.mark.soak
def test_resumed_run_equals_uninterrupted_run(toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path) -> None:
    quick = replace(toy, steps=6, steps_per_epoch=3, dropout=0.2, free_order=0.5, unknown=0.4)
    uninterrupted = training_step.start_run(quick)
    training_run.train(uninterrupted, phrases, phrases, tmp_path / "uninterrupted")

    stopped = training_step.start_run(quick)
    training_run.train(stopped, phrases, phrases, tmp_path / "stopped", last_step=3)
    resumed = training_step.start_run(quick)
    checkpoints.resume_run(resumed, tmp_path / "stopped")
    training_run.train(resumed, phrases, phrases, tmp_path / "stopped")

    assert [row["step"] for row in uninterrupted.history] == [row["step"] for row in resumed.history] == [3, 6]
    for ours, theirs in zip(untimed(uninterrupted.history), untimed(resumed.history), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    for ours, theirs in zip(uninterrupted.averaged_weights, resumed.averaged_weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert (tmp_path / "stopped" / run_history.LOSS_PLOT_FILE).read_bytes().startswith(b"\x89PNG")


def test_run_killed_within_an_epoch_gives_the_same_losses(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = replace(toy, units=8, layers=1, embedding=8, head=8, batch=2, window=8, steps=5, steps_per_epoch=5)
    draw = ChoraleBatches.batch

    def draw_until_killed(batches: ChoraleBatches, number: int) -> Any:
        if number == 4:
            raise KeyboardInterrupt
        return draw(batches, number)

    tf.config.run_functions_eagerly(True)  # tracing takes longer than a few steps
    try:
        whole = training_step.start_run(tiny)
        training_run.train(whole, phrases, phrases, tmp_path / "whole")
        killed = training_step.start_run(tiny)
        monkeypatch.setattr(ChoraleBatches, "batch", draw_until_killed)
        with pytest.raises(KeyboardInterrupt):
            training_run.train(killed, phrases, phrases, tmp_path / "killed", checkpoint_interval_s=0)
        monkeypatch.setattr(ChoraleBatches, "batch", draw)
        resumed = training_step.start_run(tiny)
        checkpoints.resume_run(resumed, tmp_path / "killed")
        assert (resumed.step, resumed.epoch.steps, resumed.history) == (4, 4, [])
        training_run.train(resumed, phrases, phrases, tmp_path / "killed")
    finally:
        tf.config.run_functions_eagerly(False)
    (ours,), (theirs,) = whole.history, resumed.history
    for column in ("step", "loss", "valid", "gradient_norm", "learning_rate"):
        assert ours[column] == pytest.approx(theirs[column], rel=1e-5), column


def test_batches_depend_on_seed_and_number_alone(toy: ChoraleRecipe, phrases: list[FourPartPiece]) -> None:
    mixed = replace(toy, free_order=0.5, unknown=0.4)
    ours, theirs = ChoraleBatches(phrases, mixed), ChoraleBatches(phrases, mixed)
    theirs.batch(0)
    assert all((a == b).all() for a, b in zip(ours.batch(1).model_inputs, theirs.batch(1).model_inputs, strict=True))
    assert (ours.batch(1).pitch_indices != ours.batch(2).pitch_indices).any()


def test_chorale_batches_hide_a_pitch_from_its_own_head(toy: ChoraleRecipe, phrases: list[FourPartPiece]) -> None:
    batch = ChoraleBatches(phrases, replace(toy, free_order=0.5)).batch(0)
    known = batch.known[batch.weight > 0]
    assert (np.diagonal(known, axis1=1, axis2=2) == -1).all()
    first, second = known[:, VOICE_ORDER[0], VOICE_ORDER[1]], known[:, VOICE_ORDER[1], VOICE_ORDER[0]]
    assert ((first == -1) != (second == -1)).all()
    assert (first != -1).any()


@pytest.mark.soak
def test_commands_lead_from_recipe_to_scores(
    toy: ChoraleRecipe,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    all_chorales: dict[str, list[FourPartPiece]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe.write_recipe(replace(toy, steps_per_epoch=220), tmp_path / "toy.toml")
    folder, models = tmp_path / "run", tmp_path / "models"
    options: dict[str, Any] = {"epochs": 1, "limit": 2, "seed": 3, "output": folder}
    train_command(str(tmp_path / "toy.toml"), **options, resume=False)
    with pytest.raises(ConfigError, match="--resume"):
        train_command(str(tmp_path / "toy.toml"), **options, resume=False)
    export_command("toy", run=folder, output=models)
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (models / "own", models))
    capsys.readouterr()
    evaluate_model("toy", data=None, part="valid", json=True, outputs=1)
    scores = json.loads(capsys.readouterr().out)
    assert scores["frames"] == sum(len(piece.pitches) for piece in all_chorales["valid"])
    expected = read_card(models / "toy").facts["metrics"]["valid"]["nats_per_frame"]
    assert scores["nats_per_frame"] == pytest.approx(expected, rel=1e-5)
    assert [row["pieces"] for row in scores["music"].values()] == [len(all_chorales["valid"]), 1, 1, 1, 1]
    assert scores["music"]["live"]["out_of_range"] == 0


def test_resume_run_loads_checkpoint_or_refuses_damage(toy: ChoraleRecipe, tmp_path: Path) -> None:
    empty_model: Any = SimpleNamespace(variables=[], optimizer=SimpleNamespace(variables=[]))
    task: Any = SimpleNamespace(loss_model=empty_model, model=None, initial_model=None)
    run = training_step.TrainingRun(toy, task, [])
    (tmp_path / run_history.HISTORY_FILE).write_text("step,loss,valid\n4,3,2\n8,2,1\n12,1,1\n")
    np.savez(tmp_path / run_stages.CHECKPOINT_FILE, step=np.array(8), version=np.array(1))
    with pytest.raises(ConfigError, match="comes from another version"):
        checkpoints.resume_run(run, tmp_path)
    np.savez(tmp_path / run_stages.CHECKPOINT_FILE, step=np.array(8), version=np.array(2))
    checkpoints.resume_run(run, tmp_path)
    assert (run.step, [row["step"] for row in run.history]) == (8, [4, 8])
    (tmp_path / run_history.HISTORY_FILE).unlink()
    with pytest.raises(ConfigError, match="is damaged"):
        checkpoints.resume_run(run, tmp_path)
    (tmp_path / run_stages.CHECKPOINT_FILE).write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ConfigError, match="is damaged"):
        checkpoints.resume_run(run, tmp_path)


def test_commands_refuse_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run to resume"):
        train_command("chorale-lstm", epochs=None, limit=1, seed=None, output=tmp_path, resume=True)
    with pytest.raises(ConfigError, match="no training run"):
        export_command("toy", run=tmp_path, output=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="choose another folder"), onnx_export.atomic_folder(tmp_path / "file" / "toy"):
        pass
    with pytest.raises(ConfigError, match="choose another place"):
        train_command("chorale-lstm", epochs=None, limit=1, seed=None, output=tmp_path / "file", resume=False)
    with lock_folder(tmp_path / "held"), pytest.raises(ConfigError, match="another process is at work"):
        train_command("chorale-lstm", epochs=None, limit=1, seed=None, output=tmp_path / "held", resume=False)
    for name in ("", "..", "my/toy", os.fsdecode(b"t\xe9nor")):
        with pytest.raises(ConfigError, match="cannot be named"):
            export_command(name, run=tmp_path, output=tmp_path)
    with pytest.raises(ConfigError, match="one of abc, chorale-lstm"):
        recipe.read_recipe("chorale")
    with pytest.raises(ConfigError, match="choose from train, valid, test"):
        evaluate_model("chorale-lstm", data=None, part="tests", json=False)


def test_load_initial_weights_takes_best_weights_of_a_run(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    quick = replace(toy, steps=3, steps_per_epoch=3)
    first = training_step.start_run(quick)
    training_run.train(first, phrases, phrases, tmp_path)
    second = training_step.start_run(replace(quick, seed=9, dropout=0.3))
    checkpoints.load_initial_weights(second, tmp_path)
    assert chorale_task.nats_per_frame(second.task.model, phrases, timing_given=False) == pytest.approx(
        first.history[-1]["valid"]
    )
    with training_step.AveragedWeights(second):
        assert chorale_task.nats_per_frame(second.task.model, phrases, timing_given=False) == pytest.approx(
            first.history[-1]["valid"]
        )
    with pytest.raises(ConfigError, match="another shape"):
        checkpoints.load_initial_weights(training_step.start_run(replace(quick, units=32)), tmp_path)
    with pytest.raises(ConfigError, match="another shape: name another run"):
        checkpoints.load_best_weights(training_step.start_run(replace(quick, units=32)), tmp_path)


def test_train_stops_after_patience_epochs_without_gain(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    run = training_step.start_run(replace(toy, steps=9, steps_per_epoch=1, learning_rate=0.0, dropout=0.0))
    training_run.train(run, phrases, phrases, tmp_path, patience=2)
    assert [row["step"] for row in run.history] == [1, 2, 3]
    training_run.train(run, phrases, phrases, tmp_path, last_step=4)
    assert len(run.history) == 4
    for row in run_history.read_history(tmp_path):
        assert row["learning_rate"] == 0
        assert row["gradient_norm"] > 0
        assert row["seconds_per_step"] > 0


def test_learning_rate_rises_stays_and_falls(toy: ChoraleRecipe) -> None:
    recipe_of_100 = replace(toy, steps=100, warmup=10, decay=0.5, learning_rate=1.0)
    rates = [training_step.learning_rate(recipe_of_100, step) for step in range(100)]
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert set(rates[10:51]) == {1.0}
    assert rates[75] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.03
