"""The commands `train`, `evaluate` and `export`: what they accept."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge.cli.parameters import JobsOption, JsonOption

commands = typer.Typer()


@commands.command("train")
def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe: a name such as chorale-lstm, or a .toml file.")
    ],
    *,
    epochs: Annotated[int | None, typer.Option(min=1, help="Number of epochs, instead of the recipe's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only this many pieces, for a quick run.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed, instead of the recipe's.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder of the run (default: runs/RECIPE).")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in that folder.")] = False,
    start: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Begin with the best weights of another run.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Your own music: a folder of MIDI, MusicXML or ABC files.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N epochs without a better score.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only report on that music; do not train.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Also print that report as JSON.")] = False,
) -> None:
    """Train a model from its recipe."""
    from bachbridge_training.cli.train import train_recipe as train_model

    settled: dict[str, Any] = {"epochs": epochs, "limit": limit, "seed": seed, "output": output, "resume": resume}
    train_model(recipe, **settled, start_run=start, data=data, patience=patience, check_only=check, json=json)


@commands.command("evaluate")
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model; `bachbridge models` lists them.")],
    *,
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Other music: a MIDI or JSON file, or a folder.")
    ] = None,
    part: Annotated[str, typer.Option(metavar="PART", help="Part of the music: train, valid or test.")] = "valid",
    outputs: Annotated[
        int, typer.Option(metavar="N", min=0, help="Pieces to generate and measure by each method; 0: none.")
    ] = 256,
    pieces: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Score only the first pieces, for a quick look.")
    ] = None,
    told: Annotated[bool, typer.Option(help="Also score with attacks and bar lines given.")] = True,
    jobs: JobsOption = 1,
    json: JsonOption = False,
) -> None:
    """Score a model on pieces that it was not trained on."""
    from bachbridge_training.cli.evaluate import evaluate_model as score

    score(model, data=data, part=part, json=json, outputs=outputs, pieces=pieces, with_timing=told, jobs=jobs)


@commands.command("export")
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model; with --run, the name of the new model.")],
    *,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Training run to export; without it, an installed model is converted."),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="onnx, onnx-int8, onnx-fp16, litert, litert-int8 or litert-int8-fixed.",
        ),
    ] = "onnx",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder for the model.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the model's own music is now, if it was moved.")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Write no model; print what each format costs and keeps.")
    ] = False,
    pieces: Annotated[int, typer.Option(min=1, help="Number of held-out pieces for the table.")] = 8,
    jobs: JobsOption = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Turn a training run into a model that plays, or a model into another format."""
    from bachbridge_training.cli import export as exporting

    if table:
        exporting.compare_formats(model, run=run, data=data, pieces=pieces, json=json)
    else:
        exporting.export_model(model, run=run, output=output, data=data, format_=format_, jobs=jobs)
