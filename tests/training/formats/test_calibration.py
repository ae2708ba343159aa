"""The representative set: real inputs, all of one size, and no more than wanted."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bachbridge.inference.runtime import library
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.formats import calibration
from bachbridge_training.onnx_export import export_model
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import step as training_step


def test_crop_to_common_size_keeps_the_ends() -> None:
    inputs = [{"ids": np.array([[size]]), "rows": np.arange(size)[None, :, None]} for size in (1, 2, 3, 4, 9)]
    cropped = calibration.crop_to_common_size(inputs)
    assert [int(call["ids"][0, 0]) for call in cropped] == [2, 3, 4, 9]
    assert [call["rows"][0, :, 0].tolist() for call in cropped] == [[0, 1], [1, 2], [2, 3], [7, 8]]


def test_collect_inputs_samples_real_inputs_of_all_pieces(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    model_export = training_step.start_run(replace(toy, steps=1)).task.make_export()
    export_model(model_export, tmp_path / "toy", held_out_piece=phrases[0])
    card = library.read_card(tmp_path / "toy")
    inputs = calibration.collect_inputs(card, phrases, inputs_per_file=20)
    assert {name: len(calls) for name, calls in inputs.items()} == {"model.onnx": 20, "heads.onnx": 8}
    states = [call["state"] for call in inputs["model.onnx"]]
    assert len({state.tobytes() for state in states}) >= 18
    all_inputs = calibration.collect_inputs(card, phrases)["model.onnx"]
    assert len(all_inputs) == sum(len(piece.pitches) for piece in phrases)
    known = {call["state"].tobytes() for call in all_inputs}
    assert all(state.tobytes() in known for state in states)
    second = {call["state"].tobytes() for call in all_inputs[len(phrases[0].pitches) + 1 :]}
    assert any(state.tobytes() in second for state in states)
    again = calibration.collect_inputs(card, phrases, inputs_per_file=20)["model.onnx"]
    assert all(np.array_equal(a["state"], b) for a, b in zip(again, states, strict=True))
