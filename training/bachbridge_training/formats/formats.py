"""A model in another format: lighter ONNX files (`lighter`) or LiteRT files (`litert`), with a card of their own.

An *original* is a model in ONNX files with its card; it is installed, or was made of a run a moment ago. Lighter ONNX
files are made of its files, and play as the original does: the same names, the same card. LiteRT files are made of the
Keras functions, which only a run has; programs of others play them.

Nothing is written unless the new files, in the run-time that plays them, choose on held-out music what the original
chooses, nearly everywhere.
"""

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
from bachbridge_training.formats import calibration, litert, parity, quantize
from bachbridge_training.onnx_export import ModelExport

ONNX = "onnx"
_LITERT_FIXED = "litert-int8-fixed"
MIN_AGREEMENT = {"onnx-fp16": 0.98, "onnx-int8": 0.9, "litert": 0.999, "litert-int8": 0.9, _LITERT_FIXED: 0.9}
"""Of each format, in which share of the cells the likeliest id must be the original's."""
PRECISION = {
    "onnx-fp16": "matrices kept as 16-bit floats, sums in 32 bits",
    "onnx-int8": "products of matrices in 8-bit integers, scaled at each step; tables kept as 16-bit floats",
    "litert": "32-bit floats",
    "litert-int8": "products of matrices in 8-bit integers, scaled at each step; everything else in 32-bit floats",
    _LITERT_FIXED: "products of matrices, and tables, in 8-bit integers, their ranges fixed by training music; "
    "everything else in 32-bit floats",
}
FORMATS = (ONNX, *MIN_AGREEMENT)


@dataclass(frozen=True, slots=True)
class OriginalModel:
    """The model in ONNX files; `form`: what its run makes them of, None where there is no run at hand.

    `heard`: pieces that the run was trained on.
    """

    card: Card
    model_export: ModelExport | None = None
    training_pieces: Sequence[Any] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """Into what it can be converted."""
        return tuple(
            name
            for name in MIN_AGREEMENT
            if (self.model_export or not _is_litert(name)) and (self.training_pieces or name != _LITERT_FIXED)
        )


def _is_litert(format_name: str) -> bool:
    return format_name.startswith("litert")


def runtime_opener(card: Card) -> SessionFactory | None:
    """What opens the files of a card; None: onnxruntime."""
    return litert.session_opener(card.facts["outputs"]) if _is_litert(card.facts.get("format", ONNX)) else None


def convert_model(
    original: OriginalModel,
    format_name: str,
    target: Path,
    pieces: Sequence[Any],
    *,
    min_agreement: Mapping[str, float] | None = None,
) -> None:
    """Write the model in the format of that name into the folder `target`, or raise and change nothing.

    `least`: in place of `LEAST`; what is not in it may choose as it likes.
    """
    min_agreement = MIN_AGREEMENT if min_agreement is None else min_agreement
    if _is_litert(format_name) and original.model_export is None:
        raise ConfigError(
            f"LiteRT files are made of the run that {original.card.name} came from, and an installed model has none: "
            "name the run with --run."
        )
    with onnx_export.atomic_folder(target) as folder:
        _write_files(original, format_name, folder)
        facts = _card_facts(original.card, format_name, folder)
        onnx_export.write_card(facts, folder)
        found = _measure_agreement(original.card, library.read_card(folder), pieces)
        if not found.same_choice >= min_agreement.get(format_name, 0.0):
            raise ModelError(
                f"as {format_name}, {original.card.name} would choose otherwise in {1 - found.same_choice:.1%} of the "
                f"cells of {pieces[0].name}: it is not written; keep to the original."
            )
        facts["metrics"] = {"against_original": {"pieces": [piece.name for piece in pieces], **asdict(found)}}
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
            heard = calibration.collect_inputs(card, original.training_pieces) if format_name == _LITERT_FIXED else None
            original.model_export.write(
                folder,
                partial(litert.convert_to_litert, int8=format_name == "litert-int8", representative_inputs=heard),
            )


def _measure_agreement(original: Card, made: Card, pieces: Sequence[Any]) -> parity.Agreement:
    ours, theirs = (
        parity.held_out_logits(card, parity.load_runtime(card, runtime_opener(card)), pieces)
        for card in (made, original)
    )
    return parity.compare_logits(ours, theirs)


def _card_facts(card: Card, format_name: str, folder: Path) -> dict[str, Any]:
    """The original's card, with what is new."""
    facts = card.facts
    renamed = litert.litert_name if _is_litert(format_name) else str
    files = [renamed(file) for file in card.files]
    return {
        **facts,
        "format": format_name,
        "precision": PRECISION[format_name],
        "original": {key: facts[key] for key in ("name", "files", "metrics", "commit") if key in facts},
        "inputs": {renamed(file): its for file, its in facts["inputs"].items()},
        "outputs": {renamed(file): its for file, its in facts["outputs"].items()},
        "bytes": {file: (folder / file).stat().st_size for file in files},
        "files": {file: library.sha256(folder / file) for file in files},
    }
