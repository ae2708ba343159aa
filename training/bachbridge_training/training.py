"""Training of the causal chorale network: seeded, resumable, watched.

A run is a folder: `recipe.toml`, `history.csv` (a line for each epoch), `curve.png`, `last.npz` (all that is needed to
go on) and `best.npz` (the averaged weights with the lowest validation score so far, which is what gets exported). The
score is that of `evaluation`: whole pieces from an empty context, original keys, the chain's order, pitch alone.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bachbridge.codecs import satb
from bachbridge.errors import ConfigError
from bachbridge.music import VOICES
from bachbridge.wholefile import whole_file
from bachbridge_training import batches, curve
from bachbridge_training.batches import Batch, Windows
from bachbridge_training.network import Network, window_model
from bachbridge_training.recipe import Recipe
from bachbridge_training.scores import Piece

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

CLIP = 1.0
HISTORY, CURVE, LAST, BEST = "history.csv", "curve.png", "last.npz", "best.npz"


@dataclass(slots=True)
class Run:
    """A model in training, its averaged weights, and how far it has come."""

    recipe: Recipe
    network: Network
    windows: keras.Model
    trainer: keras.Model
    average: list[np.ndarray]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list[dict[str, float]])


def losses(pitch: Any, strike: Any, classes: Any, struck: Any, before: Any) -> tuple[Any, Any]:
    """Of each frame: nats of the four pitches, and of the strikes where a voice keeps its pitch.

    `pitch[b, t, voice, class]`, `strike[b, t, voice]`, `classes`, `struck` and `before` (the classes one step earlier)
    `[b, t, voice]` → two arrays `[b, t]`.
    """
    logs = ops.log_softmax(pitch, axis=-1)
    nats = -ops.sum(logs * ops.one_hot(classes, satb.CLASSES, dtype="float32"), axis=(-1, -2))
    kept = ops.cast(ops.logical_and(ops.equal(classes, before), classes > 0), "float32")
    surprise = ops.softplus(strike) - struck * strike
    return nats, ops.sum(kept * surprise, axis=-1)


def start(recipe: Recipe) -> Run:
    """A fresh run: networks built, the optimizer ready."""
    keras.utils.set_random_seed(recipe.seed)
    network = Network(recipe)
    windows = window_model(network)
    trainer = _trainer(windows)
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay, global_clipnorm=CLIP)
    trainer.compile(optimizer=optimizer, loss=_mean)
    optimizer.build(trainer.trainable_variables)
    return Run(recipe, network, windows, trainer, _values(windows.weights))


def _trainer(windows: keras.Model) -> keras.Model:
    """The window model with its loss as its output, so that one code serves every backend."""
    struck = keras.Input((None, len(VOICES)), name="struck")
    weight = keras.Input((None,), name="weight")
    classes = windows.inputs[2]
    pitch, strike = windows(windows.inputs)
    before = ops.concatenate([ops.zeros_like(classes[:, :1]) - 1, classes[:, :-1]], axis=1)
    nats, strikes = losses(pitch, strike, classes, struck, before)
    loss = ops.sum((nats + strikes) * weight, axis=1) / ops.sum(weight)
    return keras.Model([*windows.inputs, struck, weight], loss)


def _mean(_: Any, loss: Any) -> Any:
    """The trainer's output is each window's share of the batch's mean; their sum is the loss."""
    return ops.sum(loss)


def _values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.asarray(variable.value).copy() for variable in variables]


def learning_rate(recipe: Recipe, step: int) -> float:
    """Of optimizer step `step`: up, level, and down to nothing.

    A run that is to end earlier or later than planned only moves the beginning of its descent (S. Hu et al., "MiniCPM",
    2024, call it warm-up, stable, decay).
    """
    rise = (step + 1) / max(1, recipe.warmup)
    fall = (recipe.steps - step) / max(1.0, recipe.decay * recipe.steps)
    return recipe.learning_rate * min(1.0, rise, fall)


def train_step(run: Run, batch: Batch) -> float:
    """One optimizer step; moves the averaged weights along."""
    run.trainer.optimizer.learning_rate = learning_rate(run.recipe, run.step)
    inputs = [*batch.inputs, batch.struck, batch.weight]
    loss = run.trainer.train_on_batch(inputs, np.zeros(len(batch.ids), np.float32))
    run.step += 1
    share = max(1 - run.recipe.averaging, 1 / (run.step + 1))
    for average, value in zip(run.average, _values(run.windows.weights), strict=True):
        np.add(average, share * (value - average), out=average, casting="same_kind")
    return float(np.asarray(loss if not isinstance(loss, list) else loss[0]))


class Averaged:
    """The network carries the averaged weights inside a `with` block, the trained ones outside."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._trained = _values(run.windows.weights)

    def __enter__(self) -> None:
        _assign(self._run.windows.weights, self._run.average)

    def __exit__(self, *_: object) -> None:
        _assign(self._run.windows.weights, self._trained)


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def score(run: Run, pieces: Sequence[Piece], *, told: bool, size: int = 16) -> float:
    """Nats per frame of whole pieces; `told`: whether attacks and bar lines are known."""
    items = sorted((batches.whole(p, struck=told, position=told) for p in pieces), key=lambda item: len(item.weight))
    total = frames = 0.0
    for begin in range(0, len(items), size):
        group = items[begin : begin + size]
        batch = batches.stacked(group, len(group[-1].weight))
        pitch, _ = run.windows.predict_on_batch(batch.inputs)
        logs = pitch - np.logaddexp.reduce(pitch, axis=-1, keepdims=True)
        nats = -np.take_along_axis(logs, batch.classes[..., None], axis=-1)[..., 0].sum(axis=-1)
        total += float((nats * batch.weight).sum())
        frames += float(batch.weight.sum())
    return total / frames


# ---------------------------------------------------------------- the run's folder


def save(run: Run, path: Path) -> None:
    """Everything needed to go on, whole or not at all."""
    lists = {
        "model": _values(run.trainer.variables),
        "average": run.average,
        "optimizer": _values(run.trainer.optimizer.variables),
    }
    numbered = {f"{name}{number}": value for name, values in lists.items() for number, value in enumerate(values)}
    _write(path, {"step": np.array(run.step), **numbered})


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with whole_file(path) as scratch:
        np.savez(scratch, allow_pickle=False, **arrays)


def resume(run: Run, folder: Path) -> None:
    """Take up the run in `folder` where it stopped."""
    with np.load(folder / LAST) as arrays:
        _assign(run.trainer.variables, [arrays[f"model{i}"] for i in range(len(run.trainer.variables))])
        optimizer = run.trainer.optimizer.variables
        _assign(optimizer, [arrays[f"optimizer{i}"] for i in range(len(optimizer))])
        run.average = [arrays[f"average{i}"] for i in range(len(run.average))]
        run.step = int(arrays["step"])
    run.history = history(folder)


def history(folder: Path) -> list[dict[str, float]]:
    """The epochs of the run in `folder`: step, training loss and the two validation scores of each."""
    with (folder / HISTORY).open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def take_over(run: Run, folder: Path) -> None:
    """Begin with the best weights of another run; raises `ConfigError` if its network is not of the same shape."""
    try:
        load_best(run, folder)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"the network of the run in {folder} has another shape: begin with another run.") from error
    run.average = _values(run.windows.weights)


def load_best(run: Run, folder: Path) -> None:
    """Put the best averaged weights into the network."""
    with np.load(folder / BEST) as arrays:
        _assign(run.windows.weights, [arrays[f"average{i}"] for i in range(len(run.average))])


def train(run: Run, train: Sequence[Piece], valid: Sequence[Piece], folder: Path, until: int | None = None) -> None:
    """Train to the recipe's end or step `until`; every epoch ends with a score, a checkpoint and the curve."""
    folder.mkdir(parents=True, exist_ok=True)
    windows = Windows(train, run.recipe)
    last = run.recipe.steps if until is None else until
    while run.step < last:
        loss = _epoch(run, windows, min(run.recipe.steps_per_epoch, last - run.step))
        row = _end_epoch(run, loss, valid, folder)
        print(", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def _epoch(run: Run, windows: Windows, steps: int) -> float:
    """The mean loss of `steps` optimizer steps, told as they go."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    loss = 0.0
    with Progress(*columns, TimeRemainingColumn(), transient=True) as progress:
        task = progress.add_task("", total=steps)
        for done in range(1, steps + 1):
            loss += train_step(run, windows.batch(run.step))
            progress.update(task, advance=1, description=f"epoch {len(run.history) + 1}, loss {loss / done:.3f}")
    return loss / steps


def _end_epoch(run: Run, loss: float, valid: Sequence[Piece], folder: Path) -> dict[str, float]:
    with Averaged(run):
        row = {
            "step": float(run.step),
            "loss": loss,
            "valid": score(run, valid, told=False),
            "valid_told": score(run, valid, told=True),
        }
    best = min((old["valid"] for old in run.history), default=np.inf)
    run.history.append(row)
    if row["valid"] < best:
        _write(folder / BEST, {f"average{i}": v for i, v in enumerate(run.average)})
    save(run, folder / LAST)
    with whole_file(folder / HISTORY) as scratch, scratch.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows(run.history)
    curve.draw(run.history, folder / CURVE)
    return row
