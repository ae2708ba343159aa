"""The export of a run's best weights as a model: a folder with ONNX files and a card.

A `ModelExport` knows into which files a family's networks are converted (see the families' modules `export`). Nothing
is written unless onnxruntime and Keras agree on held-out music, and the folder appears whole or not at all.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf
import tf2onnx

from bachbridge.atomic_files import remove_abandoned_outputs, scratch_prefix
from bachbridge.errors import ModelError
from bachbridge.inference.runtime.library import CARD_FILE, sha256
from bachbridge.inference.runtime.onnx_nets import SessionFactory
from bachbridge_training.datasets.chorales import CHORALE_SPLIT_TEXT, CHORALES_TEXT
from bachbridge_training.recipe import RECIPE_FILE, AnyRecipe

OPSET = 17
TOLERANCE = 1e-3
"""The largest accepted difference between a logit of Keras and of onnxruntime, in nats.

The rounding errors of hundreds of steps add up, and the sharper a network is, the more they show."""

ConvertFunction = Callable[[Callable[..., Any], dict[str, tuple[Any, Any]], Sequence[str], Path], None]
"""Writes a function as a file (see `convert_to_onnx`)."""


class ModelExport(Protocol):
    """The export of a trained network; `recipe` is the recipe that it was trained with."""

    recipe: AnyRecipe

    def write(self, folder: Path, convert: ConvertFunction = ...) -> None: ...

    def max_difference(self, runtime: Any, piece: Any) -> float:
        """Return the largest difference between the logits of Keras and of a run-time on a piece."""
        ...

    def load_runtime(self, folder: Path, open_session: SessionFactory | None = None) -> Any:
        """Load the files in `folder` as for live play; `open_session` takes the place of onnxruntime's."""
        ...

    def card_facts(self) -> dict[str, Any]:
        """Return the card's facts about this network; `inputs` names the files and the inputs of each.

        It holds `data` and `split` where the music is not the chorales.
        """
        ...


def convert_to_onnx(
    function: Callable[..., Any], inputs: dict[str, tuple[Any, Any]], outputs: Sequence[str], path: Path
) -> None:
    """Write `function` as ONNX; `inputs` maps names to (shape, type). TensorFlow must be Keras's backend."""
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
    recipe_file: Path | None = None,
    history: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the model's folder with the metrics that `score` returns for it, or raise `ModelError` and change nothing.

    `held_out_piece` is the piece on which ONNX and Keras are compared. `card_text`: the card's texts about the music.
    `recipe_file`: the recipe with all of its stages, which is copied beside the card. `history`: what the stages were.
    """
    with atomic_folder(target) as folder:
        model_export.write(folder)
        difference = model_export.max_difference(model_export.load_runtime(folder), held_out_piece)
        if not difference <= TOLERANCE:
            raise ModelError(
                f"ONNX and Keras differ by {difference:.2g} on {held_out_piece.name}, so the model was not exported: "
                "report this as a bug."
            )
        if recipe_file:
            shutil.copyfile(recipe_file, folder / RECIPE_FILE)
        metrics = {"onnx_against_keras": difference, **(score(folder) if score else {})}
        text = {**(card_text or {}), **({"history": list(history)} if history else {})}
        write_card(make_card(model_export, folder, metrics, text), folder)


@contextmanager
def atomic_folder(target: Path) -> Generator[Path]:
    """Yield a folder to fill, which becomes `target` if nothing fails: it appears whole or not at all."""
    _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned_outputs(target.parent)
        scratch_folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=scratch_prefix(target.name))
    except OSError as error:
        raise ModelError(f"cannot write {target} ({error.strerror}): choose another folder with -o.") from error
    with scratch_folder as scratch:
        folder = Path(scratch) / target.name
        folder.mkdir()
        yield folder
        if target.exists():
            target.rename(Path(scratch) / "before")
        folder.rename(target)


def write_card(facts: Mapping[str, Any], folder: Path) -> None:
    """Write the card into a folder from `atomic_folder`."""
    (folder / CARD_FILE).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")


def _check_replaceable(target: Path) -> None:
    """Raise `ModelError` if `target` exists and is not a model: it may be the run that is being exported."""
    if target.exists() and not (target / CARD_FILE).is_file():
        raise ModelError(f"{target} already exists and is not a model: choose another folder with -o.")


def make_card(
    model_export: ModelExport, folder: Path, metrics: dict[str, Any], card_text: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the card: the facts about the model for people and for the run-time."""
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
    """Return the commit of these sources, or "unknown" outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
