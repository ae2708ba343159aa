"""The representative set: true inputs, all of one size, and no more of them than asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bachbridge.inference.runtime import library
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.formats import calibration
from bachbridge_training.onnx_export import export_model
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import train as training_run


def test_inputs_of_many_sizes_are_cut_at_the_front() -> None:
    inputs = [{"ids": np.array([[size]]), "rows": np.arange(size)[None, :, None]} for size in (1, 2, 3, 4, 9)]
    found = calibration.crop_to_common_size(inputs)
    assert [int(its["ids"][0, 0]) for its in found] == [2, 3, 4, 9]
    assert [its["rows"][0, :, 0].tolist() for its in found] == [[0, 1], [1, 2], [2, 3], [7, 8]]


def test_what_is_kept_comes_from_all_of_the_music_and_is_what_the_network_was_fed(
    toy: ChoraleRecipe, phrases: list[FourPartPiece], tmp_path: Path
) -> None:
    form = training_run.start_run(replace(toy, steps=1)).task.make_export()
    export_model(form, tmp_path / "toy", held_out_piece=phrases[0])
    card = library.read_card(tmp_path / "toy")
    found = calibration.collect_inputs(card, phrases, inputs_per_file=20)
    assert {name: len(its) for name, its in found.items()} == {"model.onnx": 20, "heads.onnx": 8}
    states = [its["state"] for its in found["model.onnx"]]
    assert len({state.tobytes() for state in states}) >= 18
    all_of_it = calibration.collect_inputs(card, phrases)["model.onnx"]
    assert len(all_of_it) == sum(len(piece.pitches) for piece in phrases)
    known = {state["state"].tobytes() for state in all_of_it}
    assert all(state.tobytes() in known for state in states)
    second = {its["state"].tobytes() for its in all_of_it[len(phrases[0].pitches) + 1 :]}
    assert any(state.tobytes() in second for state in states)
    again = calibration.collect_inputs(card, phrases, inputs_per_file=20)["model.onnx"]
    assert all(np.array_equal(a["state"], b) for a, b in zip(again, states, strict=True))
