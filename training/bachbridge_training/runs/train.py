"""The training loop, the same for every network: seeded, resumable, with a progress bar.

Batch `n` depends on the seed and `n` alone, and a checkpoint holds the rest of the state, sums of the present epoch
included. A run that is killed at any moment and resumed therefore does the steps that it would have done.
`runs.step` describes the step, `runs.checkpoints` and `runs.history` the files.
"""

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from bachbridge.console import make_progress
from bachbridge.errors import ConfigError
from bachbridge_training.runs import checkpoints, loss_plot, shards
from bachbridge_training.runs.devices import peer_errors
from bachbridge_training.runs.history import LOSS_PLOT_FILE, SECONDS_COLUMN, write_history
from bachbridge_training.runs.shards import ShardPieces
from bachbridge_training.runs.stages import CHECKPOINT_FILE, CHECKPOINT_INTERVAL_S
from bachbridge_training.runs.step import (
    AveragedWeights,
    EpochSums,
    TrainingRun,
    gradient_norm,
    learning_rate,
    train_step,
)
from bachbridge_training.runs.tasks import TrainingBatches


def train(
    run: TrainingRun,
    train: Sequence[Any] | ShardPieces,
    valid: Sequence[Any],
    folder: Path,
    *,
    last_step: int | None = None,
    patience: int | None = None,
    checkpoint_interval_s: float = CHECKPOINT_INTERVAL_S,
) -> None:
    """Train to the end of the recipe or to `last_step`; each epoch ends with a score, a checkpoint and the loss plot.

    `patience`: the run ends earlier if this many epochs in a row bring no better score. `checkpoint_interval_s`: the
    seconds after which a checkpoint is written within an epoch. Raises `ConfigError` if the loss or the gradient is no
    longer finite; the files are then those of the last checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with run.devices.scope(), peer_errors():
        batches = shards.make_batches(train, run.recipe, run.task.make_batches)
    last = run.recipe.steps if last_step is None else last_step
    while run.step < last:
        if patience and _epochs_without_gain(run.history) >= patience:
            print(f"stopped: no better score in {patience} epochs", flush=True)
            return
        left = min(run.recipe.steps_per_epoch - run.epoch.steps, last - run.step)
        _train_epoch(run, batches, left, folder / CHECKPOINT_FILE, checkpoint_interval_s)
        _print_row(_end_epoch(run, valid, folder))


def average_branches(run: TrainingRun, valid: Sequence[Any], branches: Sequence[Path], folder: Path) -> None:
    """Write the mean of the best weights in the folders `branches`, with its scores as an epoch without steps.

    `run`: a new run with the network of the branches. Raises `ConfigError` if a branch has another network.
    """
    checkpoints.load_mean_weights(run, branches)
    with run.devices.scope(), peer_errors():
        row = {"step": 0.0, **run.task.validate(valid)}
    if run.devices.writes:
        write_history([row], folder)
        checkpoints.save_best_weights(run, folder)
    _print_row(row)


def _print_row(row: Mapping[str, float]) -> None:
    print(", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def _epochs_without_gain(history: Sequence[dict[str, float]]) -> int:
    """Return the number of epochs since the one with the best score."""
    scores = [row["valid"] for row in history]
    return len(scores) - 1 - scores.index(min(scores)) if scores else 0


def _train_epoch(
    run: TrainingRun, training_batches: TrainingBatches, steps: int, checkpoint: Path, checkpoint_interval_s: float
) -> None:
    """Do `steps` optimizer steps and add them to the epoch's sums; the bar and the time left are the whole run's."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    sums, last_checkpoint = run.epoch, time.perf_counter()
    with ThreadPoolExecutor(1) as drawing, make_progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("", total=run.recipe.steps, completed=run.step)
        upcoming = drawing.submit(training_batches.batch, run.step)
        for left in range(steps - 1, -1, -1):
            began = time.perf_counter()
            batch = upcoming.result()
            if left:  # the next batch is drawn, and its shard read, while the devices work
                upcoming = drawing.submit(training_batches.batch, run.step + 1)
            loss, norm = train_step(run, batch), gradient_norm(run)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise ConfigError(_diverged_text(run, checkpoint.parent))
            sums.loss += loss
            sums.gradient_norm += norm
            sums.steps += 1
            now = time.perf_counter()
            sums.seconds += now - began
            if left and run.devices.writes and now - last_checkpoint >= checkpoint_interval_s:
                _check_weights(run, checkpoint.parent)
                checkpoints.save_checkpoint(run, checkpoint)
                last_checkpoint = now
            progress.update(
                task, advance=1, description=f"epoch {len(run.history) + 1}, loss {sums.loss / sums.steps:.3f}"
            )


def _check_weights(run: TrainingRun, folder: Path) -> None:
    """Raise `ConfigError` before weights are written that the last step has made useless."""
    if not all(np.isfinite(values).all() for values in run.averaged_weights):
        raise ConfigError(_diverged_text(run, folder))


def _diverged_text(run: TrainingRun, folder: Path) -> str:
    return (
        f"the loss or the weights are no numbers any more at step {run.step}: begin another run with a lower "
        f"learning_rate in the recipe (now {run.recipe.learning_rate:g}), in another folder with -o. {folder} keeps "
        "what it had before."
    )


def _end_epoch(run: TrainingRun, valid: Sequence[Any], folder: Path) -> dict[str, float]:
    """Score the averaged weights, and write the epoch's line, the checkpoint and the plot."""
    _check_weights(run, folder)
    with run.devices.scope(), peer_errors(), AveragedWeights(run):
        scores = run.task.validate(valid)
    sums = run.epoch
    row = {
        "step": float(run.step),
        "loss": sums.loss / sums.steps,
        **scores,
        "learning_rate": learning_rate(run.recipe, run.step - sums.steps),
        "gradient_norm": sums.gradient_norm / sums.steps,
        SECONDS_COLUMN: sums.seconds / sums.steps,
    }
    best = min((old["valid"] for old in run.history), default=np.inf)
    run.history.append(row)
    run.epoch = EpochSums()
    if run.devices.writes:
        if row["valid"] < best:
            checkpoints.save_best_weights(run, folder)
        write_history(run.history, folder)
        checkpoints.save_checkpoint(run, folder / CHECKPOINT_FILE)
        loss_plot.plot_history(run.history, folder / LOSS_PLOT_FILE)
    return row
