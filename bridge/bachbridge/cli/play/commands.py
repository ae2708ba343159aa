"""The options of the commands that play live, and of those about ports, models and recorded sessions."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bachbridge.cli.command_group import MODELS, PLAY, TOOLS, example
from bachbridge.cli.options import apply_options, with_settings
from bachbridge.cli.output_paths import check_outputs
from bachbridge.cli.parameters import (
    DEFAULT_SETTINGS,
    ForceOption,
    JsonOption,
    ModelOption,
    SeedOption,
    TemperatureOption,
    number,
)
from bachbridge.errors import ConfigError
from bachbridge.settings import Settings

InputOption = Annotated[
    str | None, typer.Option("--in", metavar="NAME", help="Listen to the MIDI port whose name contains NAME.")
]
OutputOption = Annotated[
    str | None, typer.Option("--out", metavar="NAME", help="Play to the MIDI port whose name contains NAME.")
]
MIN_WAIT_S, MAX_WAIT_S = 1, 600

commands = typer.Typer()


@commands.command("play", rich_help_panel=PLAY, epilog=example("bachbridge play --mode harmonize --bpm 96"))
@with_settings
def play(
    *,
    input_name: InputOption = None,
    output_name: OutputOption = None,
    headless: Annotated[bool, typer.Option("--headless", help="Run in the terminal, without a window.")] = False,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Write all events of the session to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the log if it exists.")] = False,
    **values: Any,
) -> None:
    """Play live: BachBridge answers what comes from your DAW.

    The name of this command may be left out. It opens two ports of its own, "BachBridge In" and "BachBridge Out",
    unless --in or --out names a port to connect to. The settings below override the saved ones for this run.
    """
    from bachbridge.cli.play.startup_settings import load_startup_settings

    check_outputs([log], force=force)
    settings, warning = load_startup_settings(values)
    _run_app(settings, warning, input_name=input_name, output_name=output_name, headless=headless, log=log)


def _run_app(
    settings: Settings,
    settings_warning: str,
    *,
    input_name: str | None,
    output_name: str | None,
    headless: bool,
    log: Path | None,
) -> None:
    if not headless:
        from bachbridge.cli.play.window import run_with_window

        code = run_with_window(
            settings, input_name=input_name, output_name=output_name, log=log, settings_warning=settings_warning
        )
        if code is not None:
            sys.exit(code)
    from bachbridge.cli.play.terminal import run_in_terminal

    run_in_terminal(settings, input_name=input_name, output_name=output_name, log=log)


@commands.command("start", hidden=True)
def start() -> None:
    """Start the app, or the demo on a machine without a display or MIDI; `make run` does this."""
    from bachbridge.cli.play.start import start_app_or_demo

    start_app_or_demo()


@commands.command("demo", rich_help_panel=PLAY, epilog=example("bachbridge demo -o FOLDER"))
def demo(
    directory: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write to.")] = Path(),
    *,
    model: ModelOption = DEFAULT_SETTINGS.model,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    seed: SeedOption = 0,
    force: ForceOption = False,
) -> None:
    """Play a bundled phrase to the live engine and save its answer.

    Writes demo.mid, its sound demo.wav and a picture of it demo.png, or demo-2.mid and so on if they exist. No DAW,
    display or sound card is needed.
    """
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.play.demo import run_demo

    run_demo(directory, model=model, temperature=temperature, seed=seed, force=force)


@commands.command("ports", rich_help_panel=PLAY, epilog=example("bachbridge ports"))
def ports(*, json: JsonOption = False) -> None:
    """List the MIDI ports of this machine."""
    from bachbridge.cli.play.ports import print_ports

    print_ports(json=json)


@commands.command("calibrate", rich_help_panel=PLAY, epilog=example("bachbridge calibrate --save"))
def calibrate(
    *,
    input_name: InputOption = None,
    output_name: OutputOption = None,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="S", parser=number, help="Seconds to wait for the first note, 1 to 600.")
    ] = 30,
    save: Annotated[bool, typer.Option("--save", help="Write the proposal to the settings file.")] = False,
    json: JsonOption = False,
) -> None:
    """Measure the way through your DAW and back, and propose the setting latency-ms.

    Connect the output to a track of your DAW, and the MIDI output of this track to the input. Short, quiet notes on
    channel 16 go through it. An answer follows a beat that comes late by the DAW's output, and has its own way through
    the DAW's input: the time of both together is what answers are to be sent earlier by. Neither the sound card, which
    delays the DAW's own tracks as much, nor an instrument that responds slowly is measured.
    """
    if not MIN_WAIT_S <= wait_s <= MAX_WAIT_S:
        raise ConfigError(f"cannot wait for {wait_s:g} s: give --wait a number from {MIN_WAIT_S} to {MAX_WAIT_S}.")
    from bachbridge.cli.play.calibrate import calibrate as run

    run(input_name, output_name, wait_s=wait_s, save=save, json=json)


@commands.command("models", rich_help_panel=MODELS, epilog=example("bachbridge models --json"))
def models(*, json: JsonOption = False) -> None:
    """List the models that can answer."""
    from bachbridge.cli.play.models import print_models

    print_models(json=json)


@commands.command("trust", rich_help_panel=MODELS, epilog=example("bachbridge trust hymns"))
def trust(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or its folder.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Trust the model no longer.")] = False,
) -> None:
    """Let a model that comes from elsewhere play here.

    Models that come with BachBridge, or that were exported on this computer, need no trust. Prints what is known of the
    model.
    """
    from bachbridge.cli.play.trust import trust_model

    trust_model(model, remove=remove)


@commands.command("replay", rich_help_panel=TOOLS, epilog=example("bachbridge replay session.log --midi played.mid"))
def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A session log that --log wrote.")],
    *,
    midi: Annotated[
        Path | None, typer.Option("--midi", metavar="OUT.mid", help="Also write what was played as a MIDI file.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Run a recorded session again, without ports or model.

    Reports where the new session differs from the recorded one.
    """
    check_outputs([midi], inputs=[log], force=force)
    from bachbridge.cli.play.replay import replay_session

    replay_session(log, midi_path=midi)


@commands.command(
    "completion", rich_help_panel=TOOLS, epilog=example("bachbridge completion bash >> ~/.bash_completion")
)
def completion(
    context: typer.Context,
    shell: Annotated[
        Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="The shell: bash, zsh or fish.")
    ],
) -> None:
    """Print the script that lets a shell complete commands, options and their values.

    Put it where your shell looks: for bash into ~/.bash_completion; for zsh into a file _bachbridge in a folder of
    $fpath; for fish into ~/.config/fish/completions/bachbridge.fish.
    """
    from bachbridge.cli.completion import print_completion_script

    print_completion_script(context, shell)
