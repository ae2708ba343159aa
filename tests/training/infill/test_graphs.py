"""The ONNX graphs of the infilling network that are written node by node say what Keras says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from bachbridge.codecs import infill_grid
from bachbridge.inference.runtime import network_check, onnx_nets
from bachbridge.music.frames import REST
from bachbridge.music.notes import VOICES
from bachbridge_training import onnx_export, recipe
from bachbridge_training.infill import intervals
from bachbridge_training.infill.export import InfillExport
from bachbridge_training.infill.net import InfillNetwork, build_infill_network
from bachbridge_training.infill.onnx_graph import OnnxGraph, integers

STEPS = 150
"""More than twice the distance from which on the attention has one bias."""


@pytest.fixture(scope="module")
def network() -> InfillNetwork:
    """A small network in which every weight counts, also those that begin as zeros or ones."""
    network = build_infill_network(toy_recipe())
    rng = np.random.default_rng(1)
    for weight in network.model.weights:
        weight.assign(np.asarray(weight) + rng.normal(0, 0.1, weight.shape))
    return network


def toy_recipe() -> recipe.InfillRecipe:
    shipped = recipe.read_recipe("coconet")
    assert isinstance(shipped, recipe.InfillRecipe)
    return replace(shipped, units=32, blocks=2, heads=2, wide=48, head=24, dropout=0.0)


def random_inputs(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    seen = rng.integers(REST + 1, infill_grid.MASKED, (2, STEPS, len(VOICES))).astype(np.int32)
    seen[rng.random(seen.shape) < 0.5] = infill_grid.MASKED
    seen[rng.random(seen.shape) < 0.1] = REST
    attacks = rng.integers(0, 3, seen.shape).astype(np.int32)
    place = np.stack([rng.integers(0, size, seen.shape[:2]) for size in infill_grid.PLACE_SIZES], axis=2)
    return seen, attacks, place.astype(np.int32)


def test_graphs_give_the_logits_of_keras(network: InfillNetwork, tmp_path: Path) -> None:
    InfillExport(network, toy_recipe()).write(tmp_path)
    seen, attacks, place = random_inputs(np.random.default_rng(0))
    net, masked = onnx_nets.InfillNet(tmp_path), seen == infill_grid.MASKED
    keras_pitch, keras_onset = keras_logits(network, seen, attacks, place)
    pitch, onset = net.predict(seen, attacks, place)
    assert np.abs(pitch - keras_pitch)[masked].max() <= onnx_export.TOLERANCE
    assert np.abs(onset - keras_onset)[masked.any(axis=2)].max() <= onnx_export.TOLERANCE
    assert not pitch[~masked].any(), "heads of given cells are not computed"
    every_pitch, every_onset = net.predict(seen, attacks, place, np.ones(seen.shape[:2], bool))
    assert np.abs(every_pitch - keras_pitch).max() <= onnx_export.TOLERANCE
    assert np.abs(every_onset - keras_onset).max() <= onnx_export.TOLERANCE


def test_network_gives_all_onsets_if_nothing_is_masked(network: InfillNetwork, tmp_path: Path) -> None:
    InfillExport(network, toy_recipe()).write(tmp_path)
    seen, attacks, place = random_inputs(np.random.default_rng(0))
    seen[seen == infill_grid.MASKED] = REST
    _, onset = onnx_nets.InfillNet(tmp_path).predict(seen, attacks, place)
    assert np.abs(onset - keras_logits(network, seen, attacks, place)[1]).max() <= onnx_export.TOLERANCE


def keras_logits(network: InfillNetwork, seen: Any, attacks: Any, place: Any) -> tuple[Any, Any]:
    """Return what Keras says of all cells."""
    shifts = infill_grid.key_shifts(seen)
    logits, onset = network.model.predict_on_batch(infill_grid.network_inputs(seen, attacks, place, shifts))
    pitch = infill_grid.untranspose_logits(logits.reshape(-1, *logits.shape[2:]), np.repeat(shifts, seen.shape[1]))
    return pitch.reshape(*logits.shape[:3], -1), onset


def test_wanted_steps_have_the_logits_of_all_steps(network: InfillNetwork, tmp_path: Path) -> None:
    InfillExport(network, toy_recipe()).write(tmp_path)
    seen, attacks, place = random_inputs(np.random.default_rng(0))
    net, every = onnx_nets.InfillNet(tmp_path), np.ones(seen.shape[:2], bool)
    wanted = np.random.default_rng(1).random(every.shape) < 0.3
    pitch, onset = net.predict(seen, attacks, place, wanted)
    all_pitch, all_onset = net.predict(seen, attacks, place, every)
    assert np.abs(pitch - all_pitch)[wanted].max() < 1e-4
    assert np.abs(onset - all_onset)[wanted].max() < 1e-4
    assert not pitch[~wanted].any()
    assert not onset[~wanted].any()


def test_files_without_optional_inputs_give_all_logits(network: InfillNetwork, tmp_path: Path) -> None:
    """Models that were exported before, and other run-times, have none."""
    InfillExport(network, toy_recipe()).write(tmp_path, onnx_export.convert_to_onnx)
    seen, attacks, place = random_inputs(np.random.default_rng(0))
    pitch, onset = onnx_nets.InfillNet(tmp_path).predict(seen, attacks, place)
    keras_pitch, keras_onset = keras_logits(network, seen, attacks, place)
    assert np.abs(pitch - keras_pitch)[(seen == infill_grid.MASKED).any(axis=2)].max() <= onnx_export.TOLERANCE
    assert np.abs(onset - keras_onset).max() <= onnx_export.TOLERANCE


def test_core_computes_only_the_steps_that_it_is_given(network: InfillNetwork, tmp_path: Path) -> None:
    InfillExport(network, toy_recipe()).write(tmp_path)
    seen, attacks, place = random_inputs(np.random.default_rng(0))
    shifts = infill_grid.key_shifts(seen)
    values = infill_grid.network_inputs(seen, attacks, place, shifts)[:3]
    inputs = dict(zip(("seen", "attacks", "place"), values, strict=True))
    core = onnx_nets.onnx_session(tmp_path / onnx_nets.CORE_FILE)
    hidden, onset = core.run(None, inputs)
    steps = integers(STEPS + 3, 5)
    chosen_hidden, chosen_onset = core.run(None, {**inputs, onnx_nets.STEPS_INPUT: steps})
    assert np.abs(chosen_hidden - hidden.reshape(1, -1, hidden.shape[2])[:, steps]).max() < 1e-4
    assert np.abs(chosen_onset - onset.reshape(1, -1, len(VOICES))[:, steps]).max() < 1e-4


def test_graphs_pass_the_check_of_networks(network: InfillNetwork, tmp_path: Path) -> None:
    InfillExport(network, toy_recipe()).write(tmp_path)
    for name in (onnx_nets.CORE_FILE, onnx_nets.HEADS_FILE):
        network_check.check_network((tmp_path / name).read_bytes(), name)


def test_interval_tables_know_rests_and_masked_cells() -> None:
    tables = intervals.interval_tables(infill_grid.TRANSPOSED_VALUE_COUNT)
    fifth_up, two_octaves_down = (20, 27), (40, 16)
    assert tables[intervals.MOD_12][fifth_up] == 1 + 7
    assert tables[intervals.LEAP][fifth_up] == 1 + 12 + 7
    assert tables[intervals.LEAP][two_octaves_down] == 1
    for unknown in (REST, infill_grid.TRANSPOSED_MASKED):
        assert not tables[:, unknown].any()
        assert not tables[:, :, unknown].any()


def test_graph_stores_equal_constants_once(tmp_path: Path) -> None:
    graph = OnnxGraph()
    total = graph.add("Add", "x", integers(1, 2))
    graph.add("Mul", total, integers(1, 2), output="y")
    side = (TensorProto.INT64, [2])
    graph.save(tmp_path / "sum.onnx", {"x": side}, {"y": side})
    written = onnx.load(str(tmp_path / "sum.onnx")).graph
    assert len(written.initializer) == 1
    results: Any = ReferenceEvaluator(str(tmp_path / "sum.onnx")).run(None, {"x": integers(3, 4)})
    assert results[0].tolist() == [4, 12]
