"""The training loop, the same for every network: seeded, resumable, with a progress bar.

What differs between networks is a `TrainingTask`: it builds the network of a recipe and knows its batches and its
score.

A run is a folder: `recipe.toml`, `history.csv` (a line for each epoch), `curve.png`, `last.npz` (all that is needed to
resume) and `best.npz` (the averaged weights with the lowest validation score so far, which are exported).
"""

import csv
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from bachbridge.atomic_files import atomic_output
from bachbridge.console import make_progress
from bachbridge.errors import ConfigError
from bachbridge_training.recipe import AnyRecipe
from bachbridge_training.runs import loss_plot
from bachbridge_training.runs.families import family_of
from bachbridge_training.runs.optimizer import ClippingAdamW
from bachbridge_training.runs.stages import BEST_WEIGHTS_FILE, CHECKPOINT_FILE, HISTORY_FILE, LOSS_PLOT_FILE
from bachbridge_training.runs.tasks import TrainingBatch, TrainingBatches, TrainingTask

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

MAX_GRADIENT_NORM = 1.0
_CHECKPOINT_VERSION = 2
"""Increase it when the contents of a checkpoint change."""


@dataclass(slots=True)
class TrainingRun:
    """A model in training, its averaged weights, and how far it has come."""

    recipe: AnyRecipe
    task: TrainingTask
    averaged_weights: list[np.ndarray]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list[dict[str, float]])


def build_task(recipe: AnyRecipe) -> TrainingTask:
    """Build the network of a recipe that depends on nothing else (for the others see `RunData.build_task`)."""
    return family_of(recipe.codec).build_task(recipe, None)


def start_run(recipe: AnyRecipe, build_task_for: Callable[[AnyRecipe], TrainingTask] = build_task) -> TrainingRun:
    """Return a new run: the network built, the optimizer ready."""
    keras.utils.set_random_seed(recipe.seed)
    task = build_task_for(recipe)
    loss_model = task.loss_model
    optimizer = ClippingAdamW(recipe.learning_rate, recipe.weight_decay, MAX_GRADIENT_NORM)
    loss_model.compile(optimizer=optimizer, loss=_sum_shares, jit_compile=task.jit_compile)
    optimizer.build(loss_model.trainable_variables)
    return TrainingRun(recipe, task, _copy_values(task.model.weights))


def _sum_shares(_: Any, loss: Any) -> Any:
    """Sum the loss model's outputs, each window's share of the batch's mean."""
    return ops.sum(loss)


def _copy_values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.asarray(variable.value).copy() for variable in variables]


def learning_rate(recipe: AnyRecipe, step: int) -> float:
    """Return the learning rate of optimizer step `step`: it rises, stays constant and falls to zero.

    A run that is to end earlier or later than planned only moves the beginning of the fall. S. Hu et al. ("MiniCPM",
    2024) call this schedule warm-up, stable, decay.
    """
    rise = (step + 1) / max(1, recipe.warmup)
    fall = (recipe.steps - step) / max(1.0, recipe.decay * recipe.steps)
    return recipe.learning_rate * min(1.0, rise, fall)


def train_step(run: TrainingRun, batch: TrainingBatch) -> float:
    """Do one optimizer step, update the averaged weights and return the loss."""
    run.task.loss_model.optimizer.learning_rate = learning_rate(run.recipe, run.step)
    inputs = batch.trainer_inputs
    loss = run.task.loss_model.train_on_batch(inputs, np.zeros(len(inputs[0]), np.float32))
    run.step += 1
    share = max(1 - run.recipe.averaging, 1 / (run.step + 1))
    for average, value in zip(run.averaged_weights, _copy_values(run.task.model.weights), strict=True):
        np.add(average, share * (value - average), out=average, casting="same_kind")
    return float(np.asarray(loss if not isinstance(loss, list) else loss[0]))


class AveragedWeights:
    """Context manager: the network has the averaged weights inside the `with` block, the trained ones outside."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        self._trained = _copy_values(run.task.model.weights)

    def __enter__(self) -> None:
        _assign(self._run.task.model.weights, self._run.averaged_weights)

    def __exit__(self, *_: object) -> None:
        _assign(self._run.task.model.weights, self._trained)


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


# ---------------------------------------------------------------- the run's folder


def save_checkpoint(run: TrainingRun, path: Path) -> None:
    """Write everything that is needed to resume, whole or not at all."""
    lists = {
        "model": _copy_values(run.task.loss_model.variables),
        "average": run.averaged_weights,
        "optimizer": _copy_values(run.task.loss_model.optimizer.variables),
    }
    numbered = {f"{name}{number}": value for name, values in lists.items() for number, value in enumerate(values)}
    facts = {"version": np.array(_CHECKPOINT_VERSION), "step": np.array(run.step)}
    _write_arrays(path, {**facts, **numbered})


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with atomic_output(path) as scratch:
        np.savez(scratch, allow_pickle=False, **arrays)


def resume_run(run: TrainingRun, folder: Path) -> None:
    """Load the run in `folder` as it was when it stopped.

    Raises `ConfigError` if its files are damaged or were written by a version with other checkpoints.
    """
    try:
        with (folder / CHECKPOINT_FILE).open("rb") as file, np.load(file) as arrays:
            if "version" not in arrays or int(arrays["version"]) != _CHECKPOINT_VERSION:
                raise ConfigError(
                    f"the run in {folder} comes from another version of BachBridge: begin a new run from its weights "
                    "with --from, in another folder with -o."
                )
            variables, optimizer = run.task.loss_model.variables, run.task.loss_model.optimizer.variables
            _assign(variables, [arrays[f"model{i}"] for i in range(len(variables))])
            _assign(optimizer, [arrays[f"optimizer{i}"] for i in range(len(optimizer))])
            run.averaged_weights = [arrays[f"average{i}"] for i in range(len(run.averaged_weights))]
            if run.task.initial_model is not run.task.model:  # its weights are not trained, and so are their averages
                _assign(run.task.initial_model.weights, run.averaged_weights[: len(run.task.initial_model.weights)])
            run.step = int(arrays["step"])
        # If the program was stopped at the end of an epoch, the history has a line more than the checkpoint.
        run.history = [row for row in read_history(folder) if row["step"] <= run.step] if run.step else []
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ConfigError(f"the run in {folder} is damaged ({reason}): begin another one with -o.") from error


def read_history(folder: Path) -> list[dict[str, float]]:
    """Return the epochs of the run in `folder`: step, training loss and validation scores of each."""
    with (folder / HISTORY_FILE).open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def load_initial_weights(run: TrainingRun, folder: Path) -> None:
    """Begin with the best weights of another run; raises `ConfigError` if its network has another shape."""
    _load_weights(run.task.initial_model.weights, folder)
    run.averaged_weights = _copy_values(run.task.model.weights)


def load_best_weights(run: TrainingRun, folder: Path) -> None:
    """Put the best averaged weights into the network; raises `ConfigError` if its shape differs."""
    _load_weights(run.task.model.weights, folder)


def _load_weights(variables: Sequence[Any], folder: Path) -> None:
    try:
        with (folder / BEST_WEIGHTS_FILE).open("rb") as file, np.load(file) as arrays:
            if len(arrays.files) != len(variables):
                raise ValueError("another number of weights")
            _assign(variables, [arrays[f"average{i}"] for i in range(len(variables))])
    except (KeyError, ValueError) as error:
        raise ConfigError(f"the network of the run in {folder} has another shape: name another run.") from error


def train(
    run: TrainingRun,
    train: Sequence[Any],
    valid: Sequence[Any],
    folder: Path,
    *,
    last_step: int | None = None,
    patience: int | None = None,
) -> None:
    """Train to the end of the recipe or to `last_step`; each epoch ends with a score, a checkpoint and the loss plot.

    `patience`: the run ends earlier if this many epochs in a row bring no better score.
    """
    folder.mkdir(parents=True, exist_ok=True)
    batches = run.task.make_batches(train)
    last = run.recipe.steps if last_step is None else last_step
    while run.step < last:
        if patience and _epochs_without_gain(run.history) >= patience:
            print(f"stopped: no better score in {patience} epochs", flush=True)
            return
        means = _train_epoch(run, batches, min(run.recipe.steps_per_epoch, last - run.step))
        row = _end_epoch(run, means, valid, folder)
        print(", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def _epochs_without_gain(history: Sequence[dict[str, float]]) -> int:
    """Return the number of epochs since the one with the best score."""
    scores = [row["valid"] for row in history]
    return len(scores) - 1 - scores.index(min(scores)) if scores else 0


def _train_epoch(run: TrainingRun, training_batches: TrainingBatches, steps: int) -> dict[str, float]:
    """Do `steps` optimizer steps and return their means; the bar and the time left are the whole run's."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    rate, loss, norm, began = learning_rate(run.recipe, run.step), 0.0, 0.0, time.perf_counter()
    with make_progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("", total=run.recipe.steps, completed=run.step)
        for done in range(1, steps + 1):
            loss += train_step(run, training_batches.batch(run.step))
            norm += float(np.asarray(run.task.loss_model.optimizer.gradient_norm))
            progress.update(task, advance=1, description=f"epoch {len(run.history) + 1}, loss {loss / done:.3f}")
    seconds = (time.perf_counter() - began) / steps
    return {"loss": loss / steps, "learning_rate": rate, "gradient_norm": norm / steps, "seconds_per_step": seconds}


def _end_epoch(run: TrainingRun, means: dict[str, float], valid: Sequence[Any], folder: Path) -> dict[str, float]:
    """Score the averaged weights, and write the epoch's line, the checkpoint and the plot."""
    with AveragedWeights(run):
        scores = run.task.validate(valid)
    row = {"step": float(run.step), "loss": means["loss"], **scores, **means}
    best = min((old["valid"] for old in run.history), default=np.inf)
    run.history.append(row)
    if row["valid"] < best:
        _write_arrays(
            folder / BEST_WEIGHTS_FILE, {f"average{i}": values for i, values in enumerate(run.averaged_weights)}
        )
    with atomic_output(folder / HISTORY_FILE) as scratch, scratch.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows(run.history)
    save_checkpoint(run, folder / CHECKPOINT_FILE)
    loss_plot.plot_history(run.history, folder / LOSS_PLOT_FILE)
    return row
