"""`bachbridge export MODEL`: a training run becomes a model that plays, or a model gets a form for small devices.

A run (`--run`) is exported as ONNX files, which play here. The formats `onnx-int8` and `onnx-fp16` are made of such
files, so that an installed model will do; they are named MODEL-int8 and MODEL-fp16 and play as any other. LiteRT files
(`litert`, `litert-int8`, `litert-int8-fixed`) are made of a run; they are for other programs and lie where the command
was given.
"""

import json as json_format
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from bachbridge.errors import ConfigError
from bachbridge.inference import codec_registry
from bachbridge.inference.runtime import library, onnx_nets
from bachbridge_training import onnx_export as exporting
from bachbridge_training import recipe as recipes
from bachbridge_training.chorale import nll as chorale_nll
from bachbridge_training.datasets import chorales, four_part_files
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.four_part_windows import VOICE_ORDER
from bachbridge_training.formats import formats as model_formats
from bachbridge_training.formats.formats import OriginalModel
from bachbridge_training.infill import tables as filled
from bachbridge_training.runs import run_data
from bachbridge_training.runs import train as training_run
from bachbridge_training.symbols import nll as symbols_nll
from bachbridge_training.symbols import vocabulary as symbol_vocabulary
from bachbridge_training.symbols.batches import SymbolPiece

PARITY_PIECES = 2
"""So many held-out pieces a new format has to agree on with the original."""


def export_model(
    model: str,
    *,
    run: Path | None,
    output: Path | None,
    data: Path | None = None,
    format_: str = model_formats.ONNX,
    jobs: int = 1,
) -> None:
    """Write the model's folder into `output`, scored on the validation pieces or compared with the original on them.

    `output`: by default the user's models, or, of what does not play here, the current folder. `data`: where the
    model's own music lies now, if it is no longer where it was. `jobs`: processes for the scores of one that fills in.
    """
    if format_ not in model_formats.FORMATS:
        raise ConfigError(f"there is no format {format_!r}: choose from {', '.join(model_formats.FORMATS)}.")
    if Path(model).name != model or model in ("", ".."):
        raise ConfigError(f"a model cannot be named {model!r}: choose a name that a folder can have.")
    here, (kind, _, detail) = library.search_paths()[0], format_.partition("-")
    if format_ == model_formats.ONNX:
        if run is None:
            raise ConfigError(f"name the run that {model} is to be made of with --run, or another --format.")
        target = (output or here) / model
        _export_run(run, target, data, jobs=jobs)
    else:
        ending = detail if kind == model_formats.ONNX else format_
        target = (output or (here if kind == model_formats.ONNX else Path.cwd())) / f"{model}-{ending}"
        with _original_model(model, run, data) as (original, pieces):
            model_formats.convert_model(original, format_, target, pieces[:PARITY_PIECES])
    print(f"wrote {target}")


def compare_formats(model: str, *, run: Path | None, data: Path | None, pieces: int, json: bool) -> None:
    """Print what each format of the model costs and keeps, on so many validation pieces; no model is written."""
    from bachbridge_training.formats import size_report

    with _original_model(model, run, data) as (original, music):
        found = size_report.measure_formats(original, music[:pieces])
        count = len(music[:pieces])
    if json:
        print(json_format.dumps({"model": model, "pieces": count, "formats": found}, indent=2))
        return
    Console().print(_format_table(f"{model} on {count} validation pieces", found))
    for name, row in found.items():
        if row["same_choice"] < model_formats.MIN_AGREEMENT.get(name, 0.0):
            print(f"{name} chooses otherwise too often: `--format {name}` would not write it.", file=sys.stderr)
    if original.model_export is None:
        print("LiteRT files are made of a training run: name it with --run to see them too.", file=sys.stderr)


def _format_table(title: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    keys = next(iter(rows.values()))
    found = Table("", *(Column(key.replace("_", " "), justify="right") for key in keys), title=title)
    for name, row in rows.items():
        found.add_row(name, *(f"{row[key]:.3f}" for key in keys))
    return found


@contextmanager
def _original_model(model: str, run: Path | None, data: Path | None) -> Generator[tuple[OriginalModel, Sequence[Any]]]:
    """The model in ONNX files, for a while, and its validation pieces."""
    if run is None:
        card = library.find_checked_card(model)
        if card.facts.get("format", model_formats.ONNX) != model_formats.ONNX:
            raise ConfigError(f"{model} is a converted model: name the one that it was made of.")
        yield OriginalModel(card), _validation_pieces(card, data)
        return
    with tempfile.TemporaryDirectory() as scratch:
        form, found = _export_run(run, Path(scratch) / model, data, scored=False)
        yield OriginalModel(library.read_card(Path(scratch) / model), form, found.train), found.valid


def _validation_pieces(card: library.Card, data: Path | None) -> Sequence[Any]:
    """The validation pieces of an installed model, as its codec has them."""
    if card.family != "symbols":
        return four_part_files.read_pieces(data, "valid") if data else chorales.load_chorales("valid")
    from bachbridge_training.symbols import tables as symbols_tables

    return symbol_vocabulary.encode_pieces(
        codec_registry.make_codec(card.codec, card.facts["vocabulary"]),
        symbols_tables.load_card_sources(card, data, "valid"),
    )


def _export_run(
    run: Path, target: Path, data: Path | None, *, scored: bool = True, jobs: int = 1
) -> tuple[exporting.ModelExport, run_data.RunData]:
    """Write the run's model as ONNX files; what it is made of, and its music."""
    if not (run / training_run.BEST_WEIGHTS_FILE).is_file():
        raise ConfigError(f"{run} holds no training run: give the folder that `bachbridge train` named.")
    recipe = recipes.read_recipe(str(run / "recipe.toml"))
    found = run_data.reload_run_data(recipe, run, data=data)
    state = training_run.start_run(recipe, found.build_task)
    training_run.load_best_weights(state, run)
    form = state.task.make_export()
    score = _card_metrics(form, found.valid, jobs) if scored else None
    exporting.export_model(form, target, held_out_piece=found.valid[0], score=score, card_text=found.card_text)
    return form, found


def _card_metrics(form: exporting.ModelExport, pieces: Sequence[Any], jobs: int) -> Callable[[Path], dict[str, Any]]:
    """What the card says of the files in a folder: how surprised the networks are by the pieces as they will play."""
    match form.recipe:
        case recipes.ChoraleRecipe():
            return lambda folder: _chorale_metrics(form.load_runtime(folder), pieces)
        case recipes.SymbolRecipe():
            return lambda folder: _symbol_metrics(form.load_runtime(folder), pieces)
        case _:
            return lambda folder: {"valid": filled.nll_column(partial(onnx_nets.InfillNet, folder), pieces, jobs=jobs)}


def _chorale_metrics(runtime: chorale_nll.ScoredChoraleNet, pieces: Sequence[FourPartPiece]) -> dict[str, Any]:
    blind, told = (chorale_nll.evaluate(runtime, VOICE_ORDER, pieces, timing_given=told) for told in (False, True))
    return {"valid": chorale_nll.summary(blind), "valid_told": chorale_nll.summary(told)}


def _symbol_metrics(runtime: onnx_nets.SymbolNet, pieces: Sequence[SymbolPiece]) -> dict[str, Any]:
    found = symbols_nll.summary(symbols_nll.evaluate(runtime, pieces))
    return {"valid": found["all"], "valid_fresh": found["fresh"]}
