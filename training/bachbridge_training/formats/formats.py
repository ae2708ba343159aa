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
from bachbridge.inference.runtime.onnx_nets import Opened
from bachbridge_training import onnx_export
from bachbridge_training.formats import calibration, litert, parity, quantize
from bachbridge_training.onnx_export import Form

ONNX = "onnx"
_FIXED = "litert-int8-fixed"
LEAST = {"onnx-fp16": 0.98, "onnx-int8": 0.9, "litert": 0.999, "litert-int8": 0.9, _FIXED: 0.9}
"""Of each format, in which share of the cells the likeliest id must be the original's."""
PRECISION = {
    "onnx-fp16": "matrices kept as 16-bit floats, sums in 32 bits",
    "onnx-int8": "products of matrices in 8-bit integers, scaled at each step; tables kept as 16-bit floats",
    "litert": "32-bit floats",
    "litert-int8": "products of matrices in 8-bit integers, scaled at each step; everything else in 32-bit floats",
    _FIXED: "products of matrices, and tables, in 8-bit integers, their ranges fixed by training music; "
    "everything else in 32-bit floats",
}
FORMATS = (ONNX, *LEAST)


@dataclass(frozen=True, slots=True)
class Original:
    """The model in ONNX files; `form`: what its run makes them of, None where there is no run at hand.

    `heard`: pieces that the run was trained on.
    """

    card: Card
    form: Form | None = None
    heard: Sequence[Any] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """Into what it can be converted."""
        return tuple(name for name in LEAST if (self.form or not _is_litert(name)) and (self.heard or name != _FIXED))


def _is_litert(name: str) -> bool:
    return name.startswith("litert")


def opener(card: Card) -> Opened | None:
    """What opens the files of a card; None: onnxruntime."""
    return litert.opener(card.facts["outputs"]) if _is_litert(card.facts.get("format", ONNX)) else None


def convert(
    original: Original, name: str, target: Path, pieces: Sequence[Any], *, least: Mapping[str, float] | None = None
) -> None:
    """Write the model in the format of that name into the folder `target`, or raise and change nothing.

    `least`: in place of `LEAST`; what is not in it may choose as it likes.
    """
    least = LEAST if least is None else least
    if _is_litert(name) and original.form is None:
        raise ConfigError(
            f"LiteRT files are made of the run that {original.card.name} came from, and an installed model has none: "
            "name the run with --run."
        )
    with onnx_export.whole_folder(target) as folder:
        _write(original, name, folder)
        facts = _facts(original.card, name, folder)
        onnx_export.write_card(facts, folder)
        found = _agreement(original.card, library.read(folder), pieces)
        if not found.same_choice >= least.get(name, 0.0):
            raise ModelError(
                f"as {name}, {original.card.name} would choose otherwise in {1 - found.same_choice:.1%} of the cells "
                f"of {pieces[0].name}: it is not written; keep to the original."
            )
        facts["metrics"] = {"against_original": {"pieces": [piece.name for piece in pieces], **asdict(found)}}
        onnx_export.write_card(facts, folder)


def _write(original: Original, name: str, folder: Path) -> None:
    card = original.card
    match name:
        case "onnx-fp16" | "onnx-int8":
            make = quantize.halved if name == "onnx-fp16" else quantize.quantized
            for file in card.files:
                make(card.folder / file, folder / file)
        case _:
            assert original.form
            heard = calibration.gathered(card, original.heard) if name == _FIXED else None
            original.form.write(folder, partial(litert.convert, small=name == "litert-int8", heard=heard))


def _agreement(original: Card, made: Card, pieces: Sequence[Any]) -> parity.Agreement:
    ours, theirs = (parity.read(card, parity.load(card, opener(card)), pieces) for card in (made, original))
    return parity.agreement(ours, theirs)


def _facts(card: Card, name: str, folder: Path) -> dict[str, Any]:
    """The original's card, with what is new."""
    facts = card.facts
    renamed = litert.named if _is_litert(name) else str
    files = [renamed(file) for file in card.files]
    return {
        **facts,
        "format": name,
        "precision": PRECISION[name],
        "original": {key: facts[key] for key in ("name", "files", "metrics", "commit") if key in facts},
        "inputs": {renamed(file): its for file, its in facts["inputs"].items()},
        "outputs": {renamed(file): its for file, its in facts["outputs"].items()},
        "bytes": {file: (folder / file).stat().st_size for file in files},
        "files": {file: library.sha256(folder / file) for file in files},
    }
