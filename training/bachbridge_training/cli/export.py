"""`bachbridge export MODEL`: turn a training run into a model that plays, or a model into another format.

A run (`--run`) is exported as ONNX files, which play here. The formats `onnx-int8` and `onnx-fp16` are made from such
files, so an installed model will do; they are named MODEL-int8 and MODEL-fp16 and play like any other. LiteRT files
(`litert`, `litert-int8`, `litert-int8-fixed`) are made from a run; they are for other programs and are written into the
current folder.
"""

import json as json_format
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from bachbridge.console import make_console
from bachbridge.errors import ConfigError
from bachbridge.inference.runtime import library
from bachbridge_training import onnx_export
from bachbridge_training import recipe as recipes
from bachbridge_training.datasets.splits import ALL_PARTS
from bachbridge_training.datasets.symbol_sources import NoMusicError
from bachbridge_training.formats import formats as model_formats
from bachbridge_training.formats.formats import OriginalModel
from bachbridge_training.onnx_export import ModelExport
from bachbridge_training.runs import checkpoints, run_data
from bachbridge_training.runs import history as run_history
from bachbridge_training.runs import stages as run_stages
from bachbridge_training.runs import step as training_step
from bachbridge_training.runs.families import family_of
from bachbridge_training.runs.run_data import RunData
from bachbridge_training.symbols import family as symbols_family

PARITY_PIECES = 2
"""Number of held-out pieces on which a new format has to agree with the original."""


def export_model(
    model: str,
    *,
    run: Path | None,
    output: Path | None,
    data: Path | None = None,
    format_: str = model_formats.ONNX,
    jobs: int = 1,
    force: bool = False,
) -> None:
    """Write the model's folder into `output`, with its scores on the validation pieces or its agreement on some.

    `output` is by default the folder of the user's models, or the current folder for formats that do not play here.
    `data`: where the model's own music is now, if it was moved. `jobs`: processes for the scores of an infilling model.
    `force`: replace a model that is there. Raises `ConfigError` or `ModelError`; then nothing is written.
    """
    if format_ not in model_formats.FORMATS:
        raise ConfigError(f"there is no format {format_!r}: choose from {', '.join(model_formats.FORMATS)}.")
    if Path(model).name != model or model in ("", "..") or not _is_utf8(model):
        raise ConfigError(f"a model cannot be named {model!r}: choose a name in UTF-8 that a folder can have.")
    user_models, (kind, _, detail) = library.search_paths()[0], format_.partition("-")
    if format_ == model_formats.ONNX:
        if run is None:
            raise ConfigError(f"{model} is made from a training run: name it with --run, or choose another --format.")
        if output is None and model in library.shipped_names():
            raise ConfigError(
                f"the name {model} belongs to a model that comes with BachBridge: choose another, such as my-{model}, "
                "or another folder with -o."
            )
        target = (output or user_models) / model
        _check_new(target, force=force)
        _export_run(run, target, data, jobs=jobs)
    else:
        plays_here = kind == model_formats.ONNX
        folder = output or (user_models if plays_here else Path.cwd())
        target = folder / f"{model}-{detail if plays_here else format_}"
        _check_new(target, force=force)
        with _original_model(model, run, data) as (original, pieces):
            model_formats.convert_model(original, format_, target, pieces[:PARITY_PIECES])
    if kind == model_formats.ONNX:
        library.trust_model(target)
    print(f"wrote {target}")


def _is_utf8(name: str) -> bool:
    """Return True if the name can be sent to a model process."""
    return name.encode(errors="replace").decode() == name


def _check_new(target: Path, *, force: bool) -> None:
    """Raise `ConfigError` if a model is there that is not to be replaced."""
    if (target / library.CARD_FILE).exists() and not force:
        raise ConfigError(f"{target} exists already: choose another name, or replace it with --force.")


def compare_formats(model: str, *, run: Path | None, data: Path | None, pieces: int, json: bool) -> None:
    """Print size, speed and accuracy of each format on the first `pieces` validation pieces; write no model."""
    from bachbridge_training.formats import size_report

    with _original_model(model, run, data) as (original, validation_pieces):
        rows = size_report.measure_formats(original, validation_pieces[:pieces])
        count = len(validation_pieces[:pieces])
    if json:
        print(json_format.dumps({"model": model, "pieces": count, "formats": rows}, indent=2))
        return
    make_console().print(_format_table(f"{model} on {count} validation pieces", rows))
    for name, row in rows.items():
        if row["same_choice"] < model_formats.MIN_AGREEMENT.get(name, 0.0):
            print(f"{name} agrees too seldom with the original: `--format {name}` would not write it.", file=sys.stderr)
    if original.model_export is None:
        print("LiteRT files are made from a training run: name it with --run to see them too.", file=sys.stderr)


def _format_table(title: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    keys = next(iter(rows.values()))
    table = Table("", *(Column(key.replace("_", " "), justify="right") for key in keys), title=title)
    for name, row in rows.items():
        table.add_row(name, *(f"{row[key]:.3f}" for key in keys))
    return table


@contextmanager
def _original_model(model: str, run: Path | None, data: Path | None) -> Generator[tuple[OriginalModel, Sequence[Any]]]:
    """Yield the model as (possibly temporary) ONNX files, with its validation pieces."""
    if run is None:
        card = library.find_checked_card(model)
        if card.facts.get("format", model_formats.ONNX) != model_formats.ONNX:
            raise ConfigError(
                f"{model} is a converted model: name its training run with --run, or the model that it was made from."
            )
        yield OriginalModel(card), _validation_pieces(card, data)
        return
    with tempfile.TemporaryDirectory() as scratch:
        model_export, its_data = _export_run(run, Path(scratch) / model, data, scored=False)
        card = library.read_card(Path(scratch) / model)
        assert isinstance(its_data.train, list)  # `reload_run_data` leaves nothing in shards
        yield OriginalModel(card, model_export, its_data.train), its_data.valid


def _validation_pieces(card: library.Card, data: Path | None) -> Sequence[Any]:
    """Return the music on which formats are compared: all of `data`, bundled music, or else the model's own."""
    try:
        return family_of(card.codec).load_pieces(card, data, "valid" if data is None else ALL_PARTS)
    except NoMusicError:
        return symbols_family.generated_pieces(card, PARITY_PIECES)


def _export_run(
    run: Path, target: Path, data: Path | None, *, scored: bool = True, jobs: int = 1
) -> tuple[ModelExport, RunData]:
    """Write the run's model as ONNX files; return what it was made from, and the run's data."""
    whole, run = run, run_stages.finished_run(run)
    if not (run / run_stages.BEST_WEIGHTS_FILE).is_file():
        raise ConfigError(f"{whole} holds no training run: give the folder that `bachbridge train` named.")
    last = run_stages.stage_runs(recipes.read_stages(str(whole / recipes.RECIPE_FILE)), whole)[-1]
    if last.folder != run:
        print(f"the stage {last.name} of {whole} gives no weights yet: those of {run.name} are taken", file=sys.stderr)
    recipe = recipes.read_recipe(str(run / recipes.RECIPE_FILE))
    its_data = run_data.reload_run_data(recipe, run, data=data)
    trained = training_step.start_run(recipe, its_data.build_task)
    checkpoints.load_best_weights(trained, run)
    model_export = trained.task.make_export()
    onnx_export.export_model(
        model_export,
        target,
        held_out_piece=its_data.valid[0],
        score=_card_metrics(model_export, its_data.valid, jobs) if scored else None,
        card_text=its_data.card_text,
        recipe_file=whole / recipes.RECIPE_FILE,
        history=run_history.summarize_history(whole),
    )
    return model_export, its_data


def _card_metrics(model_export: ModelExport, pieces: Sequence[Any], jobs: int) -> Callable[[Path], dict[str, Any]]:
    family = family_of(model_export.recipe.codec)
    return lambda folder: family.card_metrics(model_export, folder, pieces, jobs)
