"""The infilling network: it learns, plays the same from ONNX, and sees no more than it is shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bachbridge.codecs import infill_grid
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
from bachbridge_training.runs import train as training_run


@pytest.fixture(scope="module")
def toy() -> InfillRecipe:
    settled = recipe.read_recipe("coconet")
    assert isinstance(settled, InfillRecipe)
    return replace(
        settled, units=32, blocks=1, heads=2, wide=32, head=32, dropout=0.0, window=32, batch=8,
        steps=240, steps_per_epoch=40, warmup=5, learning_rate=1e-2, averaging=0.9, eighths=0.0,
    )  # fmt: skip


def blanked(piece: FourPartPiece, open_: np.ndarray) -> infill_batches.InfillBatch:
    part = np.arange(len(open_))
    place = infill_grid.place_features(None, piece.bar[part], phase=None)
    return infill_batches.stack_windows([infill_batches.mask_window(piece, part, open_, place=place)], len(part))


def shown(piece: FourPartPiece, open_: np.ndarray) -> list[np.ndarray]:
    return blanked(piece, open_).model_inputs


def test_two_phrases_are_learnt_and_play_the_same_from_onnx(
    toy: InfillRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    run = training_run.start_run(toy)
    before = infill_task.nats_per_masked_step(run.task.model, phrases, timing_given=False)
    feed = run.task.make_batches(phrases)
    while run.step < toy.steps:
        training_run.train_step(run, feed.batch(run.step))
    with training_run.AveragedWeights(run):
        after = infill_task.nats_per_masked_step(run.task.model, phrases, timing_given=False)
        onnx_export.export_model(run.task.make_export(), tmp_path / "toy", held_out_piece=phrases[0])
        open_ = np.zeros((len(phrases[0].pitches), 4), bool)
        open_[5:9] = True
        batch = blanked(phrases[0], open_)
        logits, keras_strike = run.task.model.predict_on_batch(batch.model_inputs)
    assert after < before / 3
    card = library.read_card(tmp_path / "toy")
    assert (card.codec, card.partner) == ("infill_grid", "chorale-lstm")
    pitch, strike = onnx_nets.load_infill_net(card).predict(batch.seen, batch.attacks, batch.place)
    keras_pitch = infill_grid.untranspose_logits(logits[0], np.repeat(batch.tuning_shift, len(open_)))
    assert np.abs(pitch[0] - keras_pitch)[5:9].max() <= onnx_export.TOLERANCE
    assert not pitch[0, :5].any(), "nothing is open there"
    assert np.abs(strike - keras_strike).max() <= onnx_export.TOLERANCE


def test_the_class_under_an_open_cell_is_not_seen(toy: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    model = build_infill_network(toy).model
    open_ = np.zeros((24, 4), bool)
    open_[8:12, 1] = True
    other = replace(phrases[0], pitches=phrases[0].pitches.copy())
    other.pitches[8:12, 1] += 3
    first, second = (model.predict_on_batch(shown(piece, open_))[0] for piece in (phrases[0], other))
    assert np.array_equal(first, second)


def test_a_given_cell_is_seen_far_away(toy: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    model = build_infill_network(toy).model
    open_ = np.zeros((24, 4), bool)
    open_[20:] = True
    other = replace(phrases[0], pitches=phrases[0].pitches.copy())
    other.pitches[0, 3] -= 2
    first, second = (model.predict_on_batch(shown(piece, open_))[0] for piece in (phrases[0], other))
    assert not np.array_equal(first[:, 20:], second[:, 20:])


def test_padding_beyond_the_end_changes_nothing(toy: InfillRecipe, phrases: list[FourPartPiece]) -> None:
    model = build_infill_network(toy).model
    part, open_ = np.arange(16), np.zeros((16, 4), bool)
    open_[4:6] = True
    item = infill_batches.mask_window(
        phrases[0], part, open_, place=infill_grid.place_features(None, phrases[0].bar[part], phase=None)
    )
    plain, padded = (
        model.predict_on_batch(infill_batches.stack_windows([item], steps).model_inputs)[0][:, :16]
        for steps in (16, 23)
    )
    assert np.abs(plain - padded).max() < 1e-4


def test_neighbours_in_all_keys_are_one_table(toy: InfillRecipe) -> None:
    """With nothing but a neighbour in another key, what is said by intervals moves along."""

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


def test_a_run_goes_on_where_it_stopped(toy: InfillRecipe, phrases: list[FourPartPiece], tmp_path: Path) -> None:
    quick = replace(toy, steps=6, steps_per_epoch=3)
    through = training_run.start_run(quick)
    training_run.train(through, phrases, phrases, tmp_path / "through")
    stopped = training_run.start_run(quick)
    training_run.train(stopped, phrases, phrases, tmp_path / "stopped", last_step=3)
    taken_up = training_run.start_run(quick)
    training_run.resume_run(taken_up, tmp_path / "stopped")
    training_run.train(taken_up, phrases, phrases, tmp_path / "stopped")
    assert taken_up.history == through.history


def test_recipes_of_both_kinds_are_read_and_written(toy: InfillRecipe, tmp_path: Path) -> None:
    recipe.write_recipe(toy, tmp_path / "toy.toml")
    assert recipe.read_recipe(str(tmp_path / "toy.toml")) == toy
    assert isinstance(recipe.read_recipe("chorale-lstm"), recipe.ChoraleRecipe)


def test_the_card_of_an_exported_run_says_what_evaluate_finds(
    toy: InfillRecipe,
    phrases: list[FourPartPiece],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chorales, "load_chorales", lambda _: phrases)
    folder, models = tmp_path / "run", tmp_path / "models"
    recipe.write_recipe(replace(toy, steps=2, steps_per_epoch=2), tmp_path / "toy.toml")
    given: dict[str, Any] = {"epochs": None, "limit": None, "seed": None, "output": folder, "resume": False}
    train_command(str(tmp_path / "toy.toml"), **given)
    export_command("toy", run=folder, output=models)
    monkeypatch.setattr("bachbridge.inference.runtime.library.search_paths", lambda: (models,))
    capsys.readouterr()
    evaluate_model("toy", data=None, part="valid", json=True, outputs=0, with_timing=False)
    found = json.loads(capsys.readouterr().out)
    valid = library.read_card(models / "toy").facts["metrics"]["valid"]
    assert valid["framewise_nll_8th"] > 1
    assert valid == {key: found[key] for key in valid}
