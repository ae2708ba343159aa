"""The commands `train`, `evaluate` and `export`: what they accept."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge.cli.command_group import MODELS, example
from bachbridge.cli.parameters import JobsOption, JsonOption
from bachbridge.music.notes import SEED_COUNT

commands = typer.Typer()

CheckpointOption = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Write a checkpoint so often within an epoch.")
]
CoordinatorOption = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Train in several processes; the first one listens at this address."),
]
SeedOption = Annotated[int | None, typer.Option(min=0, max=SEED_COUNT - 1, help="The seed, instead of the recipe's.")]
ProcessOption = Annotated[
    str | None, typer.Option(metavar="N/M", help="Which of the processes this is, counted from 1, such as 2/4.")
]


@commands.command(
    "train", rich_help_panel=MODELS, epilog=example("bachbridge train chorale-lstm --data FOLDER -o runs/mine")
)
def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="The name of a recipe, such as chorale-lstm.")],
    *,
    epochs: Annotated[int | None, typer.Option(min=1, help="The number of epochs, instead of the recipe's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only this many pieces, for a quick run.")] = None,
    seed: SeedOption = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="The folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in that folder.")] = False,
    start: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Start from the best weights of another run.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Train on your own music: a folder of MIDI, MusicXML or ABC files."),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N epochs without a better score.")
    ] = None,
    checkpoint: CheckpointOption = 300,
    check: Annotated[
        bool, typer.Option("--check", help="Only report on the music in --data, without training.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print that report as JSON as well.")] = False,
    overfit: Annotated[
        bool, typer.Option("--overfit", help="Only check that the network can learn one small batch by heart.")
    ] = False,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="Train under tensorflow or jax [default: KERAS_BACKEND].")
    ] = None,
    devices: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Share out each batch to N devices of this machine.")
    ] = None,
    coordinator: CoordinatorOption = None,
    process: ProcessOption = None,
) -> None:
    """Train a model from its recipe."""
    from bachbridge_training.cli.train import train_recipe as train_model
    from bachbridge_training.runs.devices import choose_backend, plan_devices
    from bachbridge_training.runs.training_child import run_in_child

    plan = plan_devices(devices, coordinator, process)
    settled: dict[str, Any] = {"epochs": epochs, "limit": limit, "seed": seed, "output": output, "resume": resume}
    settled |= {"from_run": start, "data": data, "patience": patience, "check_only": check, "json": json}
    settled |= {"checkpoint_interval_s": checkpoint, "backend": backend, "plan": plan, "overfit": overfit}
    if plan.processes > 1 and not (check or overfit):
        choose_backend(backend, plan)
        run_in_child(train_model, recipe=recipe, **settled)
    else:
        train_model(recipe, **settled)


@commands.command(
    "prepare", rich_help_panel=MODELS, epilog=example("bachbridge prepare FOLDER --recipe coconet -o shards")
)
def prepare(
    music: Annotated[
        Path, typer.Argument(metavar="MUSIC", help="A folder of music, or a text file with a path on each line.")
    ],
    *,
    recipe: Annotated[str, typer.Option(metavar="RECIPE", help="The recipe that the music is prepared for.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="The folder of the shards; all workers need it under this path."
        ),
    ],
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler, such as tcp://head:8786."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The number of processes [default: one for each core]."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Refuse a file that takes longer to read.")
    ] = 20,
    keep_near: Annotated[
        bool,
        typer.Option("--keep-near-duplicates", help="Leave out exact copies alone; near ones stay in one part."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON as well.")] = False,
) -> None:
    """Prepare a large collection of music for training: shards without duplicates, by part."""
    from bachbridge_training.cli.prepare import prepare_music

    prepare_music(
        music,
        recipe=recipe,
        output=output,
        scheduler=scheduler,
        jobs=jobs,
        seconds=time_limit,
        keep_near=keep_near,
        json=json,
    )


@commands.command("evaluate", rich_help_panel=MODELS, epilog=example("bachbridge evaluate chorale-lstm --data FOLDER"))
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model; `bachbridge models` lists them.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Score it on all of this music: a file, or a folder with sub-folders."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="PART",
            help="Use only this part of our split of the music: train, valid or test [default: valid without --data].",
        ),
    ] = None,
    outputs: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="The number of outputs to generate and measure for each decoding method; 0: none."
        ),
    ] = 256,
    pieces: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Score only the first N pieces, for a quick look.")
    ] = None,
    with_timing: Annotated[
        bool, typer.Option("--told/--no-told", help="Also score with onsets and bar lines given.")
    ] = True,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:
    """Score a model on music that it was not trained on."""
    from bachbridge_training.cli.evaluate import evaluate_model as score

    score(
        model,
        data=data,
        part=part,
        json=json,
        outputs=outputs,
        pieces=pieces,
        with_timing=with_timing,
        jobs=_process_count(jobs),
    )


@commands.command("export", rich_help_panel=MODELS, epilog=example("bachbridge export coconet --format onnx-int8"))
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model, or with --run the name of the new model.")],
    *,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The training run to export, instead of an installed model.")
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="The format: onnx, onnx-int8, onnx-fp16, litert, litert-int8 or litert-int8-fixed.",
        ),
    ] = "onnx",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="The folder of the new model.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="The present folder of the music that the model was trained on, if it was moved."
        ),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Write no model; print the size, speed and accuracy of each format.")
    ] = False,
    pieces: Annotated[
        int, typer.Option(min=1, help="The number of held-out pieces to compare formats on, with --table.")
    ] = 8,
    jobs: JobsOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a model of that name.")] = False,
) -> None:
    """Export a training run as a model, or a model to another format."""
    from bachbridge_training.runs.devices import choose_backend

    choose_backend("tensorflow")  # whatever the run was trained under
    from bachbridge_training.cli import export as exporting

    if table:
        exporting.compare_formats(model, run=run, data=data, pieces=pieces, json=json)
    else:
        jobs = _process_count(jobs)
        exporting.export_model(model, run=run, output=output, data=data, format_=format_, jobs=jobs, force=force)


def _process_count(jobs: int | None) -> int:
    """Return the number of processes that the option `--jobs` asks for: one for each core if it is not given."""
    return jobs or os.cpu_count() or 1
