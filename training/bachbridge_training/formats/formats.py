"""A model in another format: lighter ONNX files (`quantize`) or LiteRT files (`litert`), with a card of their own.

An *original* is a model in ONNX files with its card; it is installed, or has just been made from a run. Lighter ONNX
files are made from its files and play as the original does, with the same names and the same card. LiteRT files are
made from the Keras functions, which only a run has; other programs play them.

Nothing is written unless the new files, in the run-time that plays them, choose the same ids as the original on
held-out music, nearly everywhere.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bachbridge.errors import ConfigError, ModelError
from bachbridge.inference.runtime import library
from bachbridge.inference.runtime.library import Card
from bachbridge.inference.runtime.onnx_nets import SessionFactory
from bachbridge_training import onnx_export
from bachbridge_training.evaluation import held_out
from bachbridge_training.formats import calibration, litert, quantize
from bachbridge_training.onnx_export import ModelExport
from bachbridge_training.recipe import RECIPE_FILE
from bachbridge_training.runs.families import family_of

ONNX = "onnx"
_LITERT_FIXED = "litert-int8-fixed"
MIN_AGREEMENT = {"onnx-fp16": 0.98, "onnx-int8": 0.9, "litert": 0.999, "litert-int8": 0.9, _LITERT_FIXED: 0.9}
"""Share of the cells, by format, in which the likeliest id must be the original's."""
PRECISION = {
    "onnx-fp16": "matrices kept as 16-bit floats, sums in 32 bits",
    "onnx-int8": "matrix products in 8-bit integers, scaled at each step; tables kept as 16-bit floats",
    "litert": "32-bit floats",
    "litert-int8": "matrix products in 8-bit integers, scaled at each step; everything else in 32-bit floats",
    _LITERT_FIXED: "matrix products and tables in 8-bit integers, their ranges fixed by training music; "
    "everything else in 32-bit floats",
}
FORMATS = (ONNX, *MIN_AGREEMENT)


@dataclass(frozen=True, slots=True)
class OriginalModel:
    """A model in ONNX files; if its training run is at hand, also with its networks and training pieces.

    `model_export`: the networks from which the files are made; None without a run. `training_pieces`: pieces that the
    run was trained on.
    """

    card: Card
    model_export: ModelExport | None = None
    training_pieces: Sequence[Any] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that it can be converted to."""
        return tuple(
            name
            for name in MIN_AGREEMENT
            if (self.model_export or not _is_litert(name)) and (self.training_pieces or name != _LITERT_FIXED)
        )


def _is_litert(format_name: str) -> bool:
    return format_name.startswith("litert")


def runtime_opener(card: Card) -> SessionFactory | None:
    """Return the function that opens the files of a card, or None if onnxruntime opens them."""
    return litert.session_opener(card.facts["outputs"]) if _is_litert(card.facts.get("format", ONNX)) else None


def convert_model(
    original: OriginalModel,
    format_name: str,
    target: Path,
    pieces: Sequence[Any],
    *,
    min_agreement: Mapping[str, float] | None = None,
) -> None:
    """Write the model in the format `format_name` into the folder `target`, or raise and change nothing.

    `min_agreement` replaces `MIN_AGREEMENT`; formats that are not in it need not agree. Raises `ConfigError` if the
    format needs a run, `ModelError` if the result agrees too seldom with the original.
    """
    min_agreement = MIN_AGREEMENT if min_agreement is None else min_agreement
    if _is_litert(format_name) and original.model_export is None:
        raise ConfigError(
            f"LiteRT files are made from the training run of {original.card.name}, which an installed model does not "
            "have: name the run with --run."
        )
    with onnx_export.atomic_folder(target) as folder:
        _write_files(original, format_name, folder)
        recipe_file = original.card.folder / RECIPE_FILE
        if recipe_file.is_file():
            shutil.copyfile(recipe_file, folder / RECIPE_FILE)
        facts = _card_facts(original.card, format_name, folder)
        onnx_export.write_card(facts, folder)
        agreement = _measure_agreement(original.card, library.read_card(folder), pieces)
        if not agreement.same_choice >= min_agreement.get(format_name, 0.0):
            raise ModelError(
                f"as {format_name}, {original.card.name} would choose otherwise in {1 - agreement.same_choice:.1%} of "
                f"the cells of {pieces[0].name}, so it was not written: use the original."
            )
        facts["metrics"] = {"against_original": {"pieces": [piece.name for piece in pieces], **asdict(agreement)}}
        onnx_export.write_card(facts, folder)


def _write_files(original: OriginalModel, format_name: str, folder: Path) -> None:
    card = original.card
    match format_name:
        case "onnx-fp16" | "onnx-int8":
            make = quantize.write_half_floats if format_name == "onnx-fp16" else quantize.write_int8
            for file in card.files:
                make(card.folder / file, folder / file)
        case _:
            assert original.model_export
            is_fixed = format_name == _LITERT_FIXED
            inputs = calibration.collect_inputs(card, original.training_pieces) if is_fixed else None
            original.model_export.write(
                folder,
                partial(litert.convert_to_litert, int8=format_name == "litert-int8", representative_inputs=inputs),
            )


def _measure_agreement(original: Card, converted: Card, pieces: Sequence[Any]) -> held_out.Agreement:
    family = family_of(original.codec)
    first, second = (
        family.held_out_logits(card, family.load_runtime(card, runtime_opener(card)), pieces)
        for card in (converted, original)
    )
    return held_out.compare_logits(first, second)


def _card_facts(card: Card, format_name: str, folder: Path) -> dict[str, Any]:
    """Return the original's card with the facts of the new files."""
    facts = card.facts
    renamed = litert.litert_name if _is_litert(format_name) else str
    files = [renamed(file) for file in card.files]
    return {
        **facts,
        "format": format_name,
        "precision": PRECISION[format_name],
        "original": {key: facts[key] for key in ("name", "files", "metrics", "commit") if key in facts},
        "inputs": {renamed(file): names for file, names in facts["inputs"].items()},
        "outputs": {renamed(file): names for file, names in facts["outputs"].items()},
        "bytes": {file: (folder / file).stat().st_size for file in files},
        "files": {file: library.sha256(folder / file) for file in files},
    }
