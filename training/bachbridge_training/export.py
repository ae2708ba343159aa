"""From a run's best weights to a model's folder: two ONNX files and a card.

The recurrent core is exported as one step whose state is a value that goes in and comes out; the chain of heads is a
file of its own, because it is run several times for each step. Nothing is written unless onnxruntime gives what Keras
gives on held-out music, and the folder appears whole or not at all.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf2onnx

from bachbridge import nets
from bachbridge.codecs import satb
from bachbridge.errors import ModelError
from bachbridge.library import CARD, sha256
from bachbridge.music import VOICES
from bachbridge_training import batches, network
from bachbridge_training.network import Network
from bachbridge_training.recipe import Recipe
from bachbridge_training.scores import Piece

OPSET = 17
TOLERANCE = 1e-4
"""The largest difference of a logit between Keras and onnxruntime."""


def write_nets(net: Network, folder: Path) -> None:
    """`model.onnx` and `heads.onnx`; TensorFlow must be the backend, because tf2onnx reads its graphs."""
    units, layers = net.recipe.units, net.recipe.layers
    _convert(
        lambda ids, state: _named(("hidden", "state_out"), network.core(net, ids, state)),
        {"ids": ((None, satb.FIELDS), tf.int32), "state": ((2 * layers, None, units), tf.float32)},
        folder / nets.CORE,
    )
    _convert(
        lambda hidden, known: _named(("pitch_logits", "strike_logits"), network.heads(net, hidden, known)),
        {
            "hidden": ((None, (len(VOICES) + 1) * net.recipe.head + len(VOICES)), tf.float32),
            "known": ((None, len(VOICES)), tf.int32),
        },
        folder / nets.HEADS,
    )


def _named(names: tuple[str, str], tensors: tuple[Any, Any]) -> tuple[Any, Any]:
    return tf.identity(tensors[0], name=names[0]), tf.identity(tensors[1], name=names[1])


def _convert(function: Any, inputs: dict[str, tuple[Any, Any]], path: Path) -> None:
    signature = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]
    tf2onnx.convert.from_function(tf.function(function), signature, opset=OPSET, output_path=str(path))


def disagreement(net: Network, folder: Path, piece: Piece, steps: int = 64) -> float:
    """The largest difference between Keras and onnxruntime over the first steps of a piece, walked through."""
    runtime = nets.Nets(folder, layers=net.recipe.layers, units=net.recipe.units)
    item = batches.whole(piece, struck=True, position=True)
    state = runtime.initial_state()
    keras_state: Any = tf.constant(state)
    worst = 0.0
    for step in range(min(steps, len(item.ids))):
        ids, known = item.ids[step : step + 1], item.classes[step : step + 1]
        hidden, state = runtime.core(ids, state)
        keras_hidden, keras_state = network.core(net, ids, keras_state)
        ours = runtime.heads(hidden, known)
        theirs = network.heads(net, keras_hidden, known)
        worst = max(worst, *(float(np.abs(a - np.asarray(b)).max()) for a, b in zip(ours, theirs, strict=True)))
    return worst


def export(
    net: Network, target: Path, *, held_out: Piece, score: Callable[[nets.Nets], dict[str, Any]] | None = None
) -> None:
    """Write the model's folder, with what `score` says of the networks; or raise `ModelError` and change nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        folder = Path(scratch) / target.name
        folder.mkdir()
        write_nets(net, folder)
        worst = disagreement(net, folder, held_out)
        if not worst <= TOLERANCE:
            raise ModelError(f"ONNX and Keras differ by {worst:.2g} on {held_out.name}; the model is not exported")
        runtime = nets.Nets(folder, layers=net.recipe.layers, units=net.recipe.units)
        facts = card(net.recipe, folder, {"onnx_against_keras": worst, **(score(runtime) if score else {})})
        (folder / CARD).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        if target.exists():
            target.rename(Path(scratch) / "before")
        folder.rename(target)


def card(recipe: Recipe, folder: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    """What a person and the run-time need to know about the model."""
    return {
        "name": recipe.name,
        "tasks": ["continue", "harmonize"],
        "codec": "satb",
        "chain": [VOICES[voice] for voice in batches.CHAIN],
        "layers": recipe.layers,
        "units": recipe.units,
        "classes": satb.CLASSES,
        "fields": satb.FIELDS,
        "inputs": {nets.CORE: ["ids", "state"], nets.HEADS: ["hidden", "known"]},
        "outputs": {nets.CORE: ["hidden", "state_out"], nets.HEADS: ["pitch_logits", "strike_logits"]},
        "sampler": {"temperature": recipe.temperature, "top_p": recipe.top_p},
        "data": "J. S. Bach's four-part chorales as bundled with music21",
        "split": "bachbridge_training/data/chorale_split.json",
        "recipe": asdict(recipe),
        "metrics": metrics,
        "commit": _commit(),
        "files": {name: sha256(folder / name) for name in (nets.CORE, nets.HEADS)},
    }


def _commit() -> str:
    """The commit of the sources that did it, or "unknown" outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
