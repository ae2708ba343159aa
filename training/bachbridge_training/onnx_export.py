"""From a run's best weights to a model's folder: ONNX files and a card.

What the files are is the business of a `Form` (`causal_form`, `fill_form`). Nothing is written unless onnxruntime gives
what Keras gives on held-out music, and the folder appears whole or not at all.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf
import tf2onnx

from bachbridge.errors import ModelError
from bachbridge.inference.runtime.library import CARD_FILE, sha256
from bachbridge.inference.runtime.onnx_nets import SessionFactory
from bachbridge_training.datasets.chorales import CHORALE_SPLIT_TEXT, CHORALES_TEXT
from bachbridge_training.recipe import AnyRecipe

OPSET = 17
TOLERANCE = 1e-3
"""The largest difference of a logit between Keras and onnxruntime, in nats: hundreds of steps add up their roundings,
and the sharper a network, the more they show."""

ConvertFunction = Callable[[Callable[..., Any], dict[str, tuple[Any, Any]], Sequence[str], Path], None]
"""What makes a file of a function (see `convert`)."""


class ModelExport(Protocol):
    """The files of a kind of network; `recipe` is what made it."""

    recipe: AnyRecipe

    def write(self, folder: Path, convert: ConvertFunction = ...) -> None: ...

    def max_difference(self, runtime: Any, piece: Any) -> float:
        """The largest difference between Keras and a run-time on a piece."""
        ...

    def load_runtime(self, folder: Path, open_session: SessionFactory | None = None) -> Any:
        """The networks as they play; `opened`: by another run-time than onnxruntime."""
        ...

    def card_facts(self) -> dict[str, Any]:
        """What the card says of this kind; `inputs` names the files, and each one's inputs.

        `data` and `split`, where the music is not the chorales.
        """
        ...


def convert_to_onnx(
    function: Callable[..., Any], inputs: dict[str, tuple[Any, Any]], outputs: Sequence[str], path: Path
) -> None:
    """Write `function` as ONNX; `inputs` gives each one's shape and type. TensorFlow must be Keras's backend."""
    signature = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]

    def named(*values: Any) -> tuple[Any, ...]:
        return tuple(tf.identity(value, name=name) for value, name in zip(function(*values), outputs, strict=True))

    tf2onnx.convert.from_function(tf.function(named), signature, opset=OPSET, output_path=str(path))


def export_model(
    model_export: ModelExport,
    target: Path,
    *,
    held_out_piece: Any,
    score: Callable[[Path], dict[str, Any]] | None = None,
    card_text: Mapping[str, str] | None = None,
) -> None:
    """Write the model's folder, with what `score` says of its files; or raise `ModelError` and change nothing.

    `said`: what the card says of music that is not the chorales.
    """
    with atomic_folder(target) as folder:
        model_export.write(folder)
        worst = model_export.max_difference(model_export.load_runtime(folder), held_out_piece)
        if not worst <= TOLERANCE:
            raise ModelError(
                f"ONNX and Keras differ by {worst:.2g} on {held_out_piece.name}; the model is not exported"
            )
        metrics = {"onnx_against_keras": worst, **(score(folder) if score else {})}
        write_card(make_card(model_export, folder, metrics, card_text), folder)


@contextmanager
def atomic_folder(target: Path) -> Generator[Path]:
    """A folder to fill, which becomes the model's if nothing fails: it appears whole or not at all."""
    _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-")
    except OSError as error:
        raise ModelError(f"cannot write {target} ({error.strerror}): choose another folder with -o.") from error
    with beside as scratch:
        folder = Path(scratch) / target.name
        folder.mkdir()
        yield folder
        if target.exists():
            target.rename(Path(scratch) / "before")
        folder.rename(target)


def write_card(facts: Mapping[str, Any], folder: Path) -> None:
    """Write the card into a folder that is not yet anybody's."""
    (folder / CARD_FILE).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


def _check_replaceable(target: Path) -> None:
    """A model is replaced, nothing else: the folder may be the very run that is to be exported."""
    if target.exists() and not (target / CARD_FILE).is_file():
        raise ModelError(f"{target} is there already and is no model: choose another folder with -o.")


def make_card(
    model_export: ModelExport, folder: Path, metrics: dict[str, Any], card_text: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a person and the run-time need to know about the model."""
    recipe, facts = model_export.recipe, model_export.card_facts()
    return {
        "name": recipe.name,
        "data": CHORALES_TEXT,
        "split": CHORALE_SPLIT_TEXT,
        **facts,
        **(card_text or {}),
        "sampler": {"temperature": recipe.temperature, "top_p": recipe.top_p},
        "recipe": asdict(recipe),
        "metrics": metrics,
        "commit": _source_commit(),
        "files": {name: sha256(folder / name) for name in facts["inputs"]},
    }


def _source_commit() -> str:
    """The commit of the sources that did it, or "unknown" outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
