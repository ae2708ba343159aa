"""Tiny networks of each kind, and what their first step gives; as a program, under the backend of the environment.

    KERAS_BACKEND=jax python backend_losses.py WEIGHTS.npz [NAME...] [--devices 2]

The weights come from a file, since the backends draw other ones from the same seed.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge_training import recipe
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.nets.motions import pitch_motions
from bachbridge_training.phrasing.melodies import phrased_melodies
from bachbridge_training.recipe import AnyRecipe, SymbolRecipe
from bachbridge_training.runs import devices as run_devices
from bachbridge_training.runs.devices import DevicePlan
from bachbridge_training.runs.tasks import TrainingTask
from bachbridge_training.symbols.alphabet import Alphabet
from bachbridge_training.symbols.batches import SymbolPiece

_PITCHES = np.array([-1, 0, 1, 2, 3, 4, 5, 6, 7, 4, -1])
ALPHABETS = {
    "keys88": Alphabet((7,)),
    "play-bach-heads": Alphabet(
        (11, 5, 4),
        np.vstack([np.zeros((1, 9)), np.eye(8, 9), np.eye(8, 9)[:1] + np.eye(8, 9)[4:5], np.eye(9)[8:]]),
        _PITCHES,
        8,
        pitch_motions(_PITCHES, 8),
    ),
}
_RECURRENT: dict[str, Any] = {"units": 12, "layers": 1, "embedding": 8, "head": 8, "window": 16, "weight_drop": 0.0}
_SIZES: dict[str, dict[str, Any]] = {
    "chorale-lstm": _RECURRENT,
    "pointer": {**_RECURRENT, "pointer": True, "window": 8},
    "coconet": {"units": 16, "blocks": 1, "heads": 2, "wide": 16, "head": 8, "window": 16},
    "keys88": _RECURRENT,
    "play-bach-heads": _RECURRENT,
    "phrase-ends": {"units": 8},
}
NAMES = tuple(_SIZES)


def toy_recipe(name: str) -> AnyRecipe:
    """Return the recipe `name` with a network of toy size and without anything that a backend draws at random."""
    shipped = recipe.read_stages("chorale-lstm" if name == "pointer" else name)[0].recipe
    changes = {**_SIZES[name], "batch": 4, "dropout": 0.0, "steps": 9, "warmup": 1, "decay": 0.0}
    return replace(shipped, **changes)


def toy_pieces(name: str) -> list[Any]:
    """Return two pieces of random music as the network `name` takes them."""
    rng = np.random.default_rng(1)
    if name in ALPHABETS:
        symbols = np.stack([rng.integers(1, size, 40) for size in ALPHABETS[name].vocab_sizes], axis=1)
        return [SymbolPiece(str(number), {0: np.roll(symbols, number, axis=0).astype(np.int32)}) for number in range(2)]
    pieces = [_four_voices(rng, str(number)) for number in range(2)]
    return phrased_melodies(pieces) if name == "phrase-ends" else pieces


def _four_voices(rng: np.random.Generator, name: str) -> FourPartPiece:
    """Return six bars in quarters, of which the last three are the first three again."""
    quarters = rng.integers(0, 12, (12, 4)) + np.array([64, 57, 52, 45])
    pitches = np.repeat(np.concatenate([quarters, quarters]), 4, axis=0).astype(np.int16)
    onsets = np.zeros(pitches.shape, bool)
    onsets[::4] = True
    bars = np.arange(len(pitches))
    fermatas = np.array([(12, 4), (44, 4), (92, 4)], np.int32)
    return FourPartPiece(
        name, pitches, onsets, (bars % 16).astype(np.int16), np.full(len(bars), 16, np.int16), fermatas
    )


def build_task(name: str) -> Callable[[AnyRecipe], TrainingTask]:
    """Return the function that builds the network `name` with its training."""
    from bachbridge_training.runs import step
    from bachbridge_training.symbols.task import SymbolTask

    def build(wanted: AnyRecipe) -> TrainingTask:
        if isinstance(wanted, SymbolRecipe):
            return SymbolTask(wanted, ALPHABETS[name], {})
        return step.build_task(wanted)

    return build


def first_step(name: str, weights: dict[str, np.ndarray], devices: run_devices.Devices | None = None) -> list[float]:
    """Return the loss of the first step and the norm of its gradient.

    The network begins with the `weights` of that name; if there are none, its own are put there.
    """
    from bachbridge_training.runs import step

    run = step.start_run(toy_recipe(name), build_task(name), devices)
    variables = [*run.task.initial_model.weights, *run.task.loss_model.trainable_variables]
    for number, variable in enumerate(variables):
        variable.assign(weights.setdefault(f"{name}{number}", np.asarray(variable.value).copy()))
    _sum_embedding_rows(run.task.loss_model.optimizer)
    batch = run.task.make_batches(toy_pieces(name)).batch(0)
    return [step.train_step(run, batch), step.gradient_norm(run)]


def _sum_embedding_rows(optimizer: Any) -> None:
    """Make the optimizer sum the gradient's parts for each row of an embedding, which TensorFlow gives one by one."""
    from keras import ops

    clip = optimizer._clip_gradients
    optimizer._clip_gradients = lambda grads: clip([ops.add(grad, ops.zeros(grad.shape)) for grad in grads])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    devices = run_devices.connect(DevicePlan(options.devices))
    with np.load(options.weights) as arrays:
        weights = dict(arrays)
    print(json.dumps({name: first_step(name, weights, devices) for name in options.names}))


if __name__ == "__main__":
    main()
