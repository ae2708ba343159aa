"""`bachbridge train` in processes of its own: starting runs, killing them within an epoch, and what they leave."""

import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bachbridge_training.runs.history import SECONDS_COLUMN, read_history
from bachbridge_training.runs.stages import CHECKPOINT_FILE

WAIT_S = 900
COLUMNS = ("step", "loss", "valid", "gradient_norm", "learning_rate")
"""Columns of the history that two runs have in common if they do the same steps."""


def start(recipe: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    flags = "--xla_backend_optimization_level=0"  # compiles more quickly
    environment = {**os.environ, "PYTHONPATH": paths, "XLA_FLAGS": flags}
    command = [sys.executable, "-m", "bachbridge", "train", str(recipe), "-o", str(folder)]
    return subprocess.Popen([*command, *options], env=environment, stderr=subprocess.PIPE, text=True)


def start_two(recipe: Path, folder: Path, *options: str) -> list[subprocess.Popen[str]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    return [start(recipe, folder, "--coordinator", address, "--process", f"{n}/2", *options) for n in (1, 2)]


def sentence_of(process: subprocess.Popen[str]) -> str:
    """Return the last line that the process wrote on standard error before it ended."""
    return (process.communicate(timeout=WAIT_S)[1].splitlines() or [""])[-1]


def finish(*processes: subprocess.Popen[str]) -> None:
    """Wait for the processes, all of which must come to the end of the run."""
    messages = [sentence_of(process) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), messages


def kill_within_epoch(processes: list[subprocess.Popen[str]], victim: int, folder: Path, epoch_steps: int) -> int:
    """Kill one of the processes in the second epoch or later; return the step of the last checkpoint."""
    until = time.monotonic() + WAIT_S
    while checkpoint_step(folder) <= epoch_steps and time.monotonic() < until and processes[0].poll() is None:
        time.sleep(0.02)  # other processes give no other sign
    processes[victim].send_signal(signal.SIGKILL)
    processes[victim].wait()
    return checkpoint_step(folder)


def checkpoint_step(folder: Path) -> int:
    """Return the step of the last checkpoint; 0 if there is none."""
    try:
        with (folder / CHECKPOINT_FILE).open("rb") as file, np.load(file) as arrays:
            return int(arrays["step"])
    except (OSError, zipfile.BadZipFile):
        return 0


def untimed(history: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """Return the epochs without their seconds per step, in which two runs always differ."""
    return [{key: value for key, value in row.items() if key != SECONDS_COLUMN} for row in history]


def assert_same_course(folder: Path, other: Path, rel: float = 1e-5) -> None:
    ours, theirs = read_history(folder), read_history(other)
    for mine, its in zip(ours, theirs, strict=True):
        assert [mine[column] for column in COLUMNS] == pytest.approx([its[column] for column in COLUMNS], rel=rel)
