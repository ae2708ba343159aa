"""A run in two processes: the losses of one process, and what a killed process leaves behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bachbridge_training import recipe
from bachbridge_training.recipe import ChoraleRecipe
from bachbridge_training.runs import checkpoints
from bachbridge_training.runs.stages import CHECKPOINT_FILE, HISTORY_FILE

pytestmark = pytest.mark.soak
WAIT_S = 900


@pytest.fixture
def tiny(toy: ChoraleRecipe, tmp_path: Path) -> Path:
    """The file of a recipe with two epochs of two steps."""
    wanted = replace(toy, units=16, layers=1, embedding=8, head=8, dropout=0.2, steps=4, steps_per_epoch=2)
    recipe.write_recipe(wanted, tmp_path / "tiny.toml")
    return tmp_path / "tiny.toml"


def start(tiny: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "bachbridge", "train", str(tiny), "--limit", "3", "-o", str(folder)]
    return subprocess.Popen([*command, *options], env=environment, stderr=subprocess.PIPE, text=True)


def start_two(tiny: Path, folder: Path, *options: str) -> list[subprocess.Popen[str]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    return [start(tiny, folder, "--coordinator", address, "--process", f"{n}/2", *options) for n in (1, 2)]


def sentence_of(process: subprocess.Popen[str]) -> str:
    """Return the last line that the process wrote on standard error before it ended."""
    return (process.communicate(timeout=WAIT_S)[1].splitlines() or [""])[-1]


def test_two_processes_give_the_losses_of_one(tiny: Path, tmp_path: Path) -> None:
    processes = [start(tiny, tmp_path / "one", "--backend", "jax"), *start_two(tiny, tmp_path / "two")]
    messages = [sentence_of(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], messages
    ours, theirs = (checkpoints.read_history(tmp_path / name) for name in ("one", "two"))
    for mine, its in zip(ours, theirs, strict=True):
        for column in ("step", "loss", "valid", "gradient_norm"):
            assert mine[column] == pytest.approx(its[column], rel=1e-5)


def test_killed_process_ends_the_run_which_resumes(tiny: Path, tmp_path: Path) -> None:
    long = replace(recipe.read_recipe(str(tiny)), steps=100_000)
    recipe.write_recipe(long, tiny)
    folder = tmp_path / "run"
    first, second = start_two(tiny, folder)
    until = time.monotonic() + WAIT_S
    while not (folder / HISTORY_FILE).is_file() and time.monotonic() < until and first.poll() is None:
        time.sleep(0.1)  # other processes give no other sign
    second.send_signal(signal.SIGKILL)
    assert "another process of this run has stopped: start all of them again with --resume" in sentence_of(first)
    assert first.returncode == 1
    epochs = len(checkpoints.read_history(folder))
    assert (folder / CHECKPOINT_FILE).is_file()
    resumed = start_two(tiny, folder, "--resume", "--epochs", str(epochs + 1))
    assert [sentence_of(process) and process.returncode for process in resumed] == [0, 0]
    assert len(checkpoints.read_history(folder)) == epochs + 1
