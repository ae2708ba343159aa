"""The infilling network: it learns, its ONNX files agree, and masked cells are hidden from it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import infill_beat, infill_grid
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge_training import onnx_export, recipe
from bachbridge_training.cli.evaluate import evaluate_model
from bachbridge_training.cli.export import export_model as export_command
from bachbridge_training.cli.train import train_recipe as train_command
from bachbridge_training.datasets import chorales
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.infill import batches as infill_batches
from bachbridge_training.infill import net as infill_net
from bachbridge_training.infill import task as infill_task
from bachbridge_training.infill.net import build_infill_network
from bachbridge_training.recipe import InfillRecipe
from bachbridge_training.runs import checkpoints
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs import train as training_run
from tests.training.runs.run_commands import untimed


@pytest.fixture(scope="module")
def toy() -> InfillRecipe:
    shipped = recipe.read_recipe("coconet")
    assert isinstance(shipped, InfillRecipe)
    return replace(
        shipped, units=32, blocks=1, heads=2, wide=32, head=32, dropout=0.0, window=32, batch=8,
        steps=90, steps_per_epoch=40, warmup=5, learning_rate=1e-2, averaging=0.9, eighths=0.0,
    )  # fmt: skip


def masked_batch(piece: FourPartPiece, mask: np.ndarray) -> infill_batches.InfillBatch:
    part = np.arange(len(mask))
    place = infill_grid.place_features(None, piece.bar[part], phase=None)
    return infill_batches.stack_windows([infill_batches.mask_window(piece, part, mask, place=place)], len(part))


def masked_inputs(piece: FourPartPiece, mask: np.ndarray) -> list[np.ndarray]:
    return masked_batch(piece, mask).model_inputs


def test_network_learns_two_phrases_and_onnx_agrees(
    toy: InfillRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    run = training_step.start_run(toy)
    before = infill_task.nats_per_masked_step(run.task.model, phrases, timing_given=False)
    batches = run.task.make_batches(phrases)
    while run.step < toy.steps:
        training_step.train_step(run, batches.batch(run.step))
    with training_step.AveragedWeights(run):
        after = infill_task.nats_per_masked_step(run.task.model, phrases, timing_given=False)
        onnx_export.export_model(run.task.make_export(), tmp_path / "toy", held_out_piece=phrases[0])
        mask = np.zeros((len(phrases[0].pitches), 4), bool)
        mask[5:9] = True
        batch = masked_batch(phrases[0], mask)
        told = replace(batch, place=infill_beat.with_inferred_beat(batch.seen, batch.place))
        logits, keras_onset = run.task.model.predict_on_batch(told.model_inputs)
    assert after < before / 3
    card = library.read_card(tmp_path / "toy")
    assert (card.codec, card.partner) == ("infill_grid", "chorale-lstm")
    pitch, onset = onnx_nets.load_infill_net(card).predict(batch.seen, batch.attacks, batch.place)
    keras_pitch = infill_grid.untranspose_logits(logits[0], np.repeat(batch.tuning_shift, len(mask)))
    assert np.abs(pitch[0] - keras_pitch)[5:9].max() <= onnx_export.TOLERANCE
    assert not pitch[0, :5].any(), "nothing is masked there"
    assert np.abs(onset - keras_onset)[0, 5:9].max() <= onnx_export.TOLERANCE


def test_network_does_not_see_masked_cells(toy: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    model = build_infill_network(toy).model
    mask = np.zeros((24, 4), bool)
    mask[8:12, 1] = True
    other = replace(phrases[0], pitches=phrases[0].pitches.copy())
    other.pitches[8:12, 1] += 3
    first, second = (model.predict_on_batch(masked_inputs(piece, mask))[0] for piece in (phrases[0], other))
    assert np.array_equal(first, second)


def test_network_sees_given_cells_far_away(toy: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    model = build_infill_network(toy).model
    mask = np.zeros((24, 4), bool)
    mask[20:] = True
    other = replace(phrases[0], pitches=phrases[0].pitches.copy())
    other.pitches[0, 3] -= 2
    first, second = (model.predict_on_batch(masked_inputs(piece, mask))[0] for piece in (phrases[0], other))
    assert not np.array_equal(first[:, 20:], second[:, 20:])


def test_padding_does_not_change_the_logits(toy: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    model = build_infill_network(toy).model
    part, mask = np.arange(16), np.zeros((16, 4), bool)
    mask[4:6] = True
    item = infill_batches.mask_window(
        phrases[0], part, mask, place=infill_grid.place_features(None, phrases[0].bar[part], phase=None)
    )
    plain, padded = (
        model.predict_on_batch(infill_batches.stack_windows([item], steps).model_inputs)[0][:, :16]
        for steps in (16, 23)
    )
    assert np.abs(plain - padded).max() < 1e-4


def test_table_logits_move_with_the_neighbours(toy: InfillRecipe) -> None:
    """If only the neighbours are transposed, the logits from intervals move along."""
    columns = np.zeros((1, 4, infill_net._COLUMNS_PER_HEAD), np.float32)
    columns[..., infill_grid.TRANSPOSED_INDEX_COUNT :] = np.random.default_rng(0).normal(
        size=columns[..., infill_grid.TRANSPOSED_INDEX_COUNT :].shape
    )
    around = np.full((1, 4, infill_grid.NEIGHBOUR_COUNT), infill_grid.TRANSPOSED_MASKED, np.int32)
    logits: list[np.ndarray] = []
    for shift in (0, 5):
        around[..., :] = 20 + shift
        logits.append(np.asarray(infill_net._table_logits(columns, around)))
    assert np.allclose(logits[0][..., 10:30], logits[1][..., 15:35], atol=1e-5)


@pytest.mark.soak
def test_resumed_run_equals_uninterrupted_run(toy: InfillRecipe, phrases: list[FourPartPiece], tmp_path: Path) -> None:
    quick = replace(toy, steps=6, steps_per_epoch=3)
    uninterrupted = training_step.start_run(quick)
    training_run.train(uninterrupted, phrases, phrases, tmp_path / "uninterrupted")
    stopped = training_step.start_run(quick)
    training_run.train(stopped, phrases, phrases, tmp_path / "stopped", last_step=3)
    resumed = training_step.start_run(quick)
    checkpoints.resume_run(resumed, tmp_path / "stopped")
    training_run.train(resumed, phrases, phrases, tmp_path / "stopped")
    assert untimed(resumed.history) == untimed(uninterrupted.history)


def test_recipes_are_read_as_they_were_written(toy: InfillRecipe, tmp_path: Path) -> None:
    recipe.write_recipe(toy, tmp_path / "toy.toml")
    assert recipe.read_recipe(str(tmp_path / "toy.toml")) == toy
    assert isinstance(recipe.read_recipe("chorale-lstm"), recipe.ChoraleRecipe)


@pytest.mark.soak
def test_card_of_exported_run_holds_evaluates_scores(
    toy: InfillRecipe,
    phrases: list[FourPartPiece],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chorales, "load_chorales", lambda _: phrases)
    folder, models = tmp_path / "run", tmp_path / "models"
    recipe.write_recipe(replace(toy, steps=2, steps_per_epoch=2), tmp_path / "toy.toml")
    options: dict[str, Any] = {"epochs": None, "limit": None, "seed": None, "output": folder, "resume": False}
    train_command(str(tmp_path / "toy.toml"), **options)
    export_command("toy", run=folder, output=models)
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (models / "own", models))
    capsys.readouterr()
    evaluate_model("toy", data=None, part="valid", json=True, outputs=0, with_timing=False)
    scores = json.loads(capsys.readouterr().out)
    valid = library.read_card(models / "toy").facts["metrics"]["valid"]
    assert valid["framewise_nll_8th"] > 1
    assert valid == {key: scores[key] for key in valid}
