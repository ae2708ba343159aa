"""Training, the same for every network: seeded, resumable, watched.

What differs is a `Course`: it builds the network of a recipe, and knows its batches and its score.

A run is a folder: `recipe.toml`, `history.csv` (a line for each epoch), `curve.png`, `last.npz` (all that is needed to
go on) and `best.npz` (the averaged weights with the lowest validation score so far, which is what gets exported).
"""

import csv
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bachbridge.atomic_files import whole_file
from bachbridge.errors import ConfigError
from bachbridge_training.chorale import task as chorale_task
from bachbridge_training.infill import task as infill_task
from bachbridge_training.recipe import AnyRecipe, InfillRecipe, StreamRecipe
from bachbridge_training.runs import loss_plot

ops: Any = keras.ops  # untyped: what is inferred of its functions is wrong

CLIP = 1.0
HISTORY, CURVE, LAST, BEST = "history.csv", "curve.png", "last.npz", "best.npz"


class Batch(Protocol):
    """Windows of music; `all` is what the trainer takes."""

    @property
    def all(self) -> list[np.ndarray]: ...


class Feed(Protocol):
    """Batches; batch `n` depends on the recipe's seed and `n` alone."""

    def batch(self, number: int) -> Batch: ...


class Course(Protocol):
    """How the networks of a kind of recipe are built, fed and scored; the pieces are of the kind that it knows.

    `model` holds the weights; `trainer` gives its loss instead, each window's share of the batch's mean.
    """

    model: keras.Model
    trainer: keras.Model
    compiled: bool
    """Whether XLA compiles the step, which is worth it where every batch has the same shape."""

    def feed(self, pieces: Sequence[Any]) -> Feed: ...

    def form(self) -> Any:
        """What `export.export` takes (loads TensorFlow)."""
        ...

    def scores(self, pieces: Sequence[Any]) -> dict[str, float]:
        """`valid`, by which the best weights are chosen, and others."""
        ...


@dataclass(slots=True)
class Run:
    """A model in training, its averaged weights, and how far it has come."""

    recipe: AnyRecipe
    course: Course
    average: list[np.ndarray]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list[dict[str, float]])


def course_of(recipe: AnyRecipe) -> Course:
    """The networks that the recipe describes, built; a network of symbol sequences takes more (see `material`)."""
    assert not isinstance(recipe, StreamRecipe)
    return infill_task.Course(recipe) if isinstance(recipe, InfillRecipe) else chorale_task.Course(recipe)


def start(recipe: AnyRecipe, build: Callable[[AnyRecipe], Course] = course_of) -> Run:
    """A fresh run: networks built, the optimizer ready."""
    keras.utils.set_random_seed(recipe.seed)
    course = build(recipe)
    trainer = course.trainer
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay, global_clipnorm=CLIP)
    trainer.compile(optimizer=optimizer, loss=_mean, jit_compile=course.compiled)
    optimizer.build(trainer.trainable_variables)
    return Run(recipe, course, _values(course.model.weights))


def _mean(_: Any, loss: Any) -> Any:
    """The trainer's output is each window's share of the batch's mean; their sum is the loss."""
    return ops.sum(loss)


def _values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.asarray(variable.value).copy() for variable in variables]


def learning_rate(recipe: AnyRecipe, step: int) -> float:
    """Of optimizer step `step`: up, level, and down to nothing.

    A run that is to end earlier or later than planned only moves the beginning of its descent (S. Hu et al., "MiniCPM",
    2024, call it warm-up, stable, decay).
    """
    rise = (step + 1) / max(1, recipe.warmup)
    fall = (recipe.steps - step) / max(1.0, recipe.decay * recipe.steps)
    return recipe.learning_rate * min(1.0, rise, fall)


def train_step(run: Run, batch: Batch) -> float:
    """One optimizer step; moves the averaged weights along."""
    run.course.trainer.optimizer.learning_rate = learning_rate(run.recipe, run.step)
    inputs = batch.all
    loss = run.course.trainer.train_on_batch(inputs, np.zeros(len(inputs[0]), np.float32))
    run.step += 1
    share = max(1 - run.recipe.averaging, 1 / (run.step + 1))
    for average, value in zip(run.average, _values(run.course.model.weights), strict=True):
        np.add(average, share * (value - average), out=average, casting="same_kind")
    return float(np.asarray(loss if not isinstance(loss, list) else loss[0]))


class Averaged:
    """The network carries the averaged weights inside a `with` block, the trained ones outside."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._trained = _values(run.course.model.weights)

    def __enter__(self) -> None:
        _assign(self._run.course.model.weights, self._run.average)

    def __exit__(self, *_: object) -> None:
        _assign(self._run.course.model.weights, self._trained)


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


# ---------------------------------------------------------------- the run's folder


def save(run: Run, path: Path) -> None:
    """Everything needed to go on, whole or not at all."""
    lists = {
        "model": _values(run.course.trainer.variables),
        "average": run.average,
        "optimizer": _values(run.course.trainer.optimizer.variables),
    }
    numbered = {f"{name}{number}": value for name, values in lists.items() for number, value in enumerate(values)}
    _write(path, {"step": np.array(run.step), **numbered})


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with whole_file(path) as scratch:
        np.savez(scratch, allow_pickle=False, **arrays)


def resume(run: Run, folder: Path) -> None:
    """Take up the run in `folder` where it stopped; raises `ConfigError` if what is there cannot be read."""
    try:
        with np.load(folder / LAST) as arrays:
            variables, optimizer = run.course.trainer.variables, run.course.trainer.optimizer.variables
            _assign(variables, [arrays[f"model{i}"] for i in range(len(variables))])
            _assign(optimizer, [arrays[f"optimizer{i}"] for i in range(len(optimizer))])
            run.average = [arrays[f"average{i}"] for i in range(len(run.average))]
            run.step = int(arrays["step"])
        # An epoch that ended while the program did has its line already.
        run.history = [row for row in history(folder) if row["step"] <= run.step]
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ConfigError(f"the run in {folder} is damaged ({error}): begin another one with -o.") from error


def history(folder: Path) -> list[dict[str, float]]:
    """The epochs of the run in `folder`: step, training loss and the validation scores of each."""
    with (folder / HISTORY).open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def take_over(run: Run, folder: Path) -> None:
    """Begin with the best weights of another run (see `load_best`)."""
    load_best(run, folder)
    run.average = _values(run.course.model.weights)


def load_best(run: Run, folder: Path) -> None:
    """Put the best averaged weights into the network; raises `ConfigError` if it is not of the same shape."""
    try:
        with np.load(folder / BEST) as arrays:
            _assign(run.course.model.weights, [arrays[f"average{i}"] for i in range(len(run.average))])
    except (KeyError, ValueError) as error:
        raise ConfigError(f"the network of the run in {folder} has another shape: name another run.") from error


def train(
    run: Run,
    train: Sequence[Any],
    valid: Sequence[Any],
    folder: Path,
    *,
    until: int | None = None,
    patience: int | None = None,
) -> None:
    """Train to the recipe's end or step `until`; every epoch ends with a score, a checkpoint and the curve.

    `patience`: the run ends earlier if so many epochs in a row bring no better score.
    """
    folder.mkdir(parents=True, exist_ok=True)
    feed = run.course.feed(train)
    last = run.recipe.steps if until is None else until
    while run.step < last:
        if patience and _in_vain(run.history) >= patience:
            print(f"stopped: no better score in {patience} epochs", flush=True)
            return
        loss = _epoch(run, feed, min(run.recipe.steps_per_epoch, last - run.step))
        row = _end_epoch(run, loss, valid, folder)
        print(", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def _in_vain(history: Sequence[dict[str, float]]) -> int:
    """How many epochs have come since the one with the best score."""
    scores = [row["valid"] for row in history]
    return len(scores) - 1 - scores.index(min(scores)) if scores else 0


def _epoch(run: Run, feed: Feed, steps: int) -> float:
    """The mean loss of `steps` optimizer steps, told as they go; the bar and the time left are the whole run's."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    loss = 0.0
    with Progress(*columns, TimeRemainingColumn(), transient=True) as progress:
        task = progress.add_task("", total=run.recipe.steps, completed=run.step)
        for done in range(1, steps + 1):
            loss += train_step(run, feed.batch(run.step))
            progress.update(task, advance=1, description=f"epoch {len(run.history) + 1}, loss {loss / done:.3f}")
    return loss / steps


def _end_epoch(run: Run, loss: float, valid: Sequence[Any], folder: Path) -> dict[str, float]:
    with Averaged(run):
        row = {"step": float(run.step), "loss": loss, **run.course.scores(valid)}
    best = min((old["valid"] for old in run.history), default=np.inf)
    run.history.append(row)
    if row["valid"] < best:
        _write(folder / BEST, {f"average{i}": v for i, v in enumerate(run.average)})
    with whole_file(folder / HISTORY) as scratch, scratch.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerows(run.history)
    save(run, folder / LAST)
    loss_plot.draw(run.history, folder / CURVE)
    return row
