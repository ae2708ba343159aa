"""The loss and the step: what one step of training does to a network, the same for every kind of network.

    batch n  ──▶  loss model  ──▶  each window's share of the loss  ──▶  sum  ──▶  gradient  ──▶  clipped AdamW
                                                                                                     │
    averaged weights  ◀──  a share of (weights - average)  ◀──  the network's weights  ◀─────────────┘

What differs between networks is a `TrainingTask`: it builds the network of a recipe, and its `loss_model` has the loss
as its output. Keras compiles the step, under TensorFlow or JAX, on one device or on several (`runs.devices`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from bachbridge_training.recipe import AnyRecipe
from bachbridge_training.runs.devices import Devices, peer_errors
from bachbridge_training.runs.families import family_of
from bachbridge_training.runs.optimizer import ClippingAdamW
from bachbridge_training.runs.tasks import TrainingBatch, TrainingTask

ops: Any = keras.ops  # untyped: the inferred types of its functions are wrong

MAX_GRADIENT_NORM = 1.0


@dataclass(slots=True)
class EpochSums:
    """Sums over the steps done in the present epoch."""

    steps: int = 0
    loss: float = 0.0
    gradient_norm: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class TrainingRun:
    """A model in training, its averaged weights, and how far it has come."""

    recipe: AnyRecipe
    task: TrainingTask
    averaged_weights: list[np.ndarray]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    epoch: EpochSums = field(default_factory=EpochSums)
    devices: Devices = field(default_factory=Devices)


def build_task(recipe: AnyRecipe) -> TrainingTask:
    """Build the network of a recipe that depends on nothing else (for the others see `RunData.build_task`)."""
    return family_of(recipe.codec).build_task(recipe, None)


def start_run(
    recipe: AnyRecipe,
    build_task_for: Callable[[AnyRecipe], TrainingTask] = build_task,
    devices: Devices | None = None,
) -> TrainingRun:
    """Return a new run: the network built, the optimizer ready."""
    devices = devices or Devices()
    keras.utils.set_random_seed(recipe.seed)
    with devices.scope():
        task = build_task_for(recipe)
        loss_model = task.loss_model
        optimizer = ClippingAdamW(recipe.learning_rate, recipe.weight_decay, MAX_GRADIENT_NORM)
        is_compiled = task.jit_compile or keras.config.backend() == "jax"  # under JAX nothing else compiles a step
        loss_model.compile(optimizer=optimizer, loss=_sum_shares, jit_compile=is_compiled)
        optimizer.build(loss_model.trainable_variables)
    return TrainingRun(recipe, task, copy_values(task.model.weights), devices=devices)


def _sum_shares(_: Any, loss: Any) -> Any:
    """Sum the loss model's outputs, each window's share of the batch's mean."""
    return ops.sum(loss)


def copy_values(variables: Sequence[Any]) -> list[np.ndarray]:
    """Return the values of Keras's variables as arrays of their own."""
    return [np.asarray(variable.value).copy() for variable in variables]


def assign_values(variables: Sequence[Any], values: Sequence[np.ndarray], devices: Devices) -> None:
    """Give Keras's variables the `values`, in their order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(devices.spread(value))


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
    with run.devices.scope(), peer_errors():
        rate = np.array(learning_rate(run.recipe, run.step), np.float32)
        run.task.loss_model.optimizer.learning_rate = run.devices.spread(rate)
        inputs = run.devices.own_rows(batch.trainer_inputs)
        loss = run.task.loss_model.train_on_batch(inputs, np.zeros(len(inputs[0]), np.float32))
    run.step += 1
    share = max(1 - run.recipe.averaging, 1 / (run.step + 1))
    for average, value in zip(run.averaged_weights, copy_values(run.task.model.weights), strict=True):
        np.add(average, share * (value - average), out=average, casting="same_kind")
    return float(np.asarray(loss if not isinstance(loss, list) else loss[0]))


def gradient_norm(run: TrainingRun) -> float:
    """Return the norm of the last step's gradient before it was clipped."""
    return float(np.asarray(run.task.loss_model.optimizer.gradient_norm))


class AveragedWeights:
    """Context manager: the network has the averaged weights inside the `with` block, the trained ones outside."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        self._trained = copy_values(run.task.model.weights)

    def __enter__(self) -> None:
        assign_values(self._run.task.model.weights, self._run.averaged_weights, self._run.devices)

    def __exit__(self, *_: object) -> None:
        assign_values(self._run.task.model.weights, self._trained, self._run.devices)
