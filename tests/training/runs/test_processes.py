"""Runs in processes that are killed within an epoch: the course of a run that was not, in one process and in two."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge_training import onnx_export, recipe
from bachbridge_training.folder_lock import lock_folder
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs.history import read_history
from tests.training.runs.run_commands import (
    WAIT_S,
    assert_same_course,
    checkpoint_step,
    finish,
    kill_within_epoch,
    sentence_of,
    start,
    start_two,
)
from tests.training.runs.test_shard_batches import make_collection

pytestmark = pytest.mark.soak
EPOCH_STEPS, EPOCHS = 30, 4
OFTEN = ("--checkpoint", "0")


@pytest.fixture
def tiny(toy: ChoraleRecipe) -> ChoraleRecipe:
    sizes = replace(toy, units=16, layers=1, embedding=8, head=8, dropout=0.2, window=16, batch=4)
    return replace(sizes, steps=EPOCHS * EPOCH_STEPS, steps_per_epoch=EPOCH_STEPS)


@pytest.fixture
def recipe_file(tiny: ChoraleRecipe, tmp_path: Path) -> Path:
    recipe.write_recipe(tiny, tmp_path / "tiny.toml")
    return tmp_path / "tiny.toml"


@pytest.fixture
def data(tiny: ChoraleRecipe, tmp_path: Path) -> tuple[str, str]:
    """The option that names a collection of four shards."""
    return "--data", str(make_collection(tmp_path / "shards", tiny))


def test_two_processes_give_the_losses_of_one(recipe_file: Path, data: tuple[str, str], tmp_path: Path) -> None:
    finish(start(recipe_file, tmp_path / "one", "--backend", "jax", *data))
    finish(*start_two(recipe_file, tmp_path / "two", *data))
    assert_same_course(tmp_path / "one", tmp_path / "two")


def test_both_processes_are_refused_where_another_run_is_at_work(
    recipe_file: Path, data: tuple[str, str], tmp_path: Path
) -> None:
    with lock_folder(tmp_path / "held"):
        first, second = start_two(recipe_file, tmp_path / "held", *data)
        assert "another process is at work" in sentence_of(first)
        assert "process 1 of 2 cannot go on" in sentence_of(second)
    assert (first.returncode, second.returncode) == (1, 1)


@pytest.mark.parametrize("victim", [0, 1])
def test_killed_process_ends_a_run_which_resumes(
    recipe_file: Path, data: tuple[str, str], tmp_path: Path, victim: int
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(*start_two(recipe_file, whole, *data))
    processes = start_two(recipe_file, killed, *data, *OFTEN)
    step = kill_within_epoch(processes, victim, killed, EPOCH_STEPS)
    survivor = processes[1 - victim]
    sentence = sentence_of(survivor)
    assert sentence.startswith("bachbridge: another process of this run has stopped: start all of them again with")
    assert survivor.returncode == 1
    assert EPOCH_STEPS < step <= checkpoint_step(killed) < EPOCHS * EPOCH_STEPS
    finish(*start_two(recipe_file, killed, "--resume"))
    assert_same_course(whole, killed)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_run_on_shards_killed_within_an_epoch_resumes(
    recipe_file: Path, data: tuple[str, str], tmp_path: Path, backend: str
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(start(recipe_file, whole, "--backend", backend, *data))
    process = start(recipe_file, killed, "--backend", backend, *data, *OFTEN)
    assert EPOCH_STEPS < kill_within_epoch([process], 0, killed, EPOCH_STEPS) < EPOCHS * EPOCH_STEPS
    finish(start(recipe_file, killed, "--backend", backend, "--resume"))
    assert_same_course(whole, killed)


def test_run_under_jax_is_exported_with_its_logits(recipe_file: Path, data: tuple[str, str], tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "models" / "tiny"
    finish(start(recipe_file, run, "--backend", "jax", *data))
    bachbridge = [sys.executable, "-m", "bachbridge", "export", "tiny", "--run", str(run), "-o", str(model.parent)]
    difference = [sys.executable, str(Path(__file__).with_name("onnx_difference.py")), str(run), str(model)]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "KERAS_BACKEND": "jax"}
    subprocess.run(bachbridge, env=environment, check=True, timeout=WAIT_S)
    printed = subprocess.run(difference, env=environment, check=True, timeout=WAIT_S, capture_output=True, text=True)
    backend, largest = printed.stdout.split()
    assert backend == "jax"
    assert float(largest) < onnx_export.TOLERANCE


@pytest.mark.parametrize(("first", "second"), [("tensorflow", "jax"), ("jax", "tensorflow")])
def test_run_resumes_under_the_other_backend(
    recipe_file: Path, data: tuple[str, str], tmp_path: Path, first: str, second: str
) -> None:
    folder = tmp_path / "run"
    process = start(recipe_file, folder, "--backend", first, *data, *OFTEN)
    kill_within_epoch([process], 0, folder, EPOCH_STEPS)
    finish(start(recipe_file, folder, "--backend", second, "--resume"))
    scores = [row["valid"] for row in read_history(folder)]
    assert len(scores) == EPOCHS
    assert max(scores[1:]) < scores[0]
