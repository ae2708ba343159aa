"""The files of a run: checkpoints and weights.

A run is a folder: `recipe.toml`, `history.csv` (a line for each epoch), `curve.png`, `last.npz` (all that is needed to
resume) and `best.npz` (the averaged weights with the lowest validation score so far, which are exported). A mean of
branches has neither a plot nor a checkpoint. The arrays are numpy's, so that a run may be resumed under another backend
or on another number of devices.
"""

import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError
from bachbridge_training.runs.devices import Devices
from bachbridge_training.runs.history import HISTORY_FILE, read_history
from bachbridge_training.runs.stages import BEST_WEIGHTS_FILE, CHECKPOINT_FILE
from bachbridge_training.runs.step import EpochSums, TrainingRun, assign_values, copy_values

_CHECKPOINT_VERSION = 2
"""Increase it when the contents of a checkpoint change."""


def save_checkpoint(run: TrainingRun, path: Path) -> None:
    """Write everything that is needed to resume, whole or not at all."""
    lists = {
        "model": copy_values(run.task.loss_model.variables),
        "average": run.averaged_weights,
        "optimizer": copy_values(run.task.loss_model.optimizer.variables),
    }
    numbered = {f"{name}{number}": value for name, values in lists.items() for number, value in enumerate(values)}
    epoch = np.array([run.epoch.steps, run.epoch.loss, run.epoch.gradient_norm, run.epoch.seconds])
    facts = {"version": np.array(_CHECKPOINT_VERSION), "step": np.array(run.step), "epoch": epoch}
    _write_arrays(path, {**facts, **numbered})


def save_best_weights(run: TrainingRun, folder: Path) -> None:
    """Write the averaged weights as those that are exported."""
    _write_arrays(folder / BEST_WEIGHTS_FILE, {f"average{i}": values for i, values in enumerate(run.averaged_weights)})


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with atomic_output(path) as scratch:
        np.savez(scratch, allow_pickle=False, **arrays)


@contextmanager
def _open_arrays(path: Path) -> Generator[Any]:
    """Open a file that `_write_arrays` wrote; raises `zipfile.BadZipFile` if it is none, and `OSError`."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):  # numpy would take it for pickled objects
            raise zipfile.BadZipFile(f"{path.name} is not whole")
        file.seek(0)
        with np.load(file) as arrays:
            yield arrays


def resume_run(run: TrainingRun, folder: Path) -> None:
    """Load the run in `folder` as it was when it stopped.

    Raises `ConfigError` if its files are damaged or were written by a version with other checkpoints.
    """
    try:
        with _open_arrays(folder / CHECKPOINT_FILE) as arrays:
            if "version" not in arrays or int(arrays["version"]) != _CHECKPOINT_VERSION:
                raise ConfigError(
                    f"the run in {folder} comes from another version of BachBridge: begin a new run from its weights "
                    "with --from, in another folder with -o."
                )
            _restore(run, arrays)
        # If the program was stopped at the end of an epoch, the history has a line more than the checkpoint.
        is_first_epoch = run.step == run.epoch.steps
        run.history = [] if is_first_epoch else [row for row in read_history(folder) if row["step"] <= run.step]
        steps = [row["step"] for row in run.history]
        if steps[-1:] != ([] if is_first_epoch else [run.step - run.epoch.steps]) or steps != sorted(set(steps)):
            raise ValueError(f"{HISTORY_FILE} lacks an epoch")
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ConfigError(
            f"the run in {folder} is damaged ({reason}): begin another one with -o, from its best weights with --from "
            "if they are whole."
        ) from error


def _restore(run: TrainingRun, arrays: Any) -> None:
    variables, optimizer = run.task.loss_model.variables, run.task.loss_model.optimizer.variables
    assign_values(variables, [arrays[f"model{i}"] for i in range(len(variables))], run.devices)
    assign_values(optimizer, [arrays[f"optimizer{i}"] for i in range(len(optimizer))], run.devices)
    run.averaged_weights = [arrays[f"average{i}"] for i in range(len(run.averaged_weights))]
    if run.task.initial_model is not run.task.model:  # its weights are not trained, and so are their averages
        initial = run.task.initial_model.weights
        assign_values(initial, run.averaged_weights[: len(initial)], run.devices)
    run.step = int(arrays["step"])
    # Checkpoints were once written at the ends of epochs only, and had no sums.
    steps, *sums = map(float, arrays["epoch"]) if "epoch" in arrays else (0.0,)
    run.epoch = EpochSums(int(steps), *sums)


def load_initial_weights(run: TrainingRun, folder: Path) -> None:
    """Begin with the best weights of another run; raises `ConfigError` if its network has another shape."""
    _load_weights(run.task.initial_model.weights, folder, run.devices)
    run.averaged_weights = copy_values(run.task.model.weights)


def load_best_weights(run: TrainingRun, folder: Path) -> None:
    """Put the best averaged weights into the network; raises `ConfigError` if its shape differs."""
    _load_weights(run.task.model.weights, folder, run.devices)


def load_mean_weights(run: TrainingRun, folders: Sequence[Path]) -> None:
    """Begin with the mean of several runs' best weights; raises `ConfigError` if one is missing or of another shape."""
    sums = [np.zeros(variable.shape) for variable in run.task.model.weights]
    for folder in folders:
        load_best_weights(run, folder)
        sums = [total + value for total, value in zip(sums, copy_values(run.task.model.weights), strict=True)]
    run.averaged_weights = [(total / len(folders)).astype(np.float32) for total in sums]
    assign_values(run.task.model.weights, run.averaged_weights, run.devices)


def _load_weights(variables: Sequence[Any], folder: Path, devices: Devices) -> None:
    try:
        with _open_arrays(folder / BEST_WEIGHTS_FILE) as arrays:
            if len(arrays.files) != len(variables):
                raise ValueError("another number of weights")
            assign_values(variables, [arrays[f"average{i}"] for i in range(len(variables))], devices)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"the network of the run in {folder} has another shape: name another run.") from error
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"the run in {folder} has no whole {BEST_WEIGHTS_FILE}: name another run, or begin one with -o."
        ) from error
