"""The command line: the program `bachbridge` itself and the commands that play.

The other commands are declared in `transform/commands`, in `bench/commands` and by packages that register theirs as an
entry point. A declaration says what a command accepts; the module that does the work is imported when the command is
called, so that `bachbridge --help` answers at once.

`main` turns every error into one sentence: our own errors carry it, and a missing package is named with the line that
installs it.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge import __version__
from bachbridge.cli import new_music_commands
from bachbridge.cli.bench import commands as bench_commands
from bachbridge.cli.options import apply_options, with_settings
from bachbridge.cli.output_paths import check_outputs
from bachbridge.cli.parameters import (
    DEFAULT_SETTINGS,
    ForceOption,
    JsonOption,
    ModelOption,
    SeedOption,
    TemperatureOption,
)
from bachbridge.cli.transform import commands as transform_commands
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.process.entry_points import COMMAND_GROUP, entry_points_in
from bachbridge.settings import Settings
from bachbridge.settings_file import load_or_recover_settings, load_settings, settings_path

InputOption = Annotated[
    str | None, typer.Option("--in", metavar="NAME", help="Listen to the MIDI port whose name contains NAME.")
]
OutputOption = Annotated[
    str | None, typer.Option("--out", metavar="NAME", help="Play to the MIDI port whose name contains NAME.")
]

EXTRA_BY_MODULE = {
    "PyQt6": "gui",
    **dict.fromkeys(("resvg_py", "verovio"), "score"),
    **dict.fromkeys(("keras", "matplotlib", "music21", "onnx", "tensorflow", "tf2onnx"), "train"),
}
"""Optional top-level modules, each with the extra that installs it."""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(transform_commands.commands)
app.add_typer(new_music_commands.commands)
app.add_typer(bench_commands.commands)


@app.callback(invoke_without_command=True)
@with_settings
def bachbridge(
    context: typer.Context,
    *,
    input_name: InputOption = None,
    output_name: OutputOption = None,
    headless: Annotated[bool, typer.Option("--headless", help="Run in the terminal, without a window.")] = False,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Write all events of the session to this file.")
    ] = None,
    force: ForceOption = False,
    version: Annotated[bool, typer.Option("-V", "--version", help="Print the version and exit.")] = False,
    **values: Any,
) -> None:
    """Answers what you play, in the manner of Bach, live over MIDI.

    Without a command, BachBridge starts. It opens two ports of its own, "BachBridge In" and "BachBridge Out", unless
    --in or --out names a port to connect to. The options below override the saved settings for this run.
    """
    if version:
        typer.echo(f"bachbridge {__version__}")
    elif context.invoked_subcommand is None:
        path = settings_path()
        saved, warning = (load_settings(path), "") if headless else load_or_recover_settings(path)
        settings = apply_options(saved, values)
        check_outputs([log], force=force)
        if warning:
            print(f"bachbridge: {warning}", file=sys.stderr)
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


@app.command("start", hidden=True)
def start() -> None:
    """Start the app, or the demo on a machine without a display or MIDI; `make run` does this."""
    from bachbridge.cli.play.start import start_app_or_demo

    start_app_or_demo()


@app.command("ports")
def ports() -> None:
    """List the MIDI ports of this machine."""
    from bachbridge.cli.play.ports import print_ports

    print_ports()


@app.command("models")
def models() -> None:
    """List the models that can answer."""
    from bachbridge.cli.play.models import print_models

    print_models()


@app.command("calibrate")
def calibrate(
    *,
    input_name: InputOption = None,
    output_name: OutputOption = None,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="S", min=1, max=600, help="Seconds to wait for the first note.")
    ] = 30,
    save: Annotated[bool, typer.Option("--save", help="Write the proposal to the settings file.")] = False,
    json: JsonOption = False,
) -> None:
    """Measure the way through your DAW and back, and propose --latency-ms.

    Connect the output to a track of your DAW, and the MIDI output of this track to the input. Short, quiet notes on
    channel 16 go through it. An answer follows a beat that comes late by the DAW's output, and has its own way through
    the DAW's input: the time of both together is what answers are to be sent earlier by. Neither the sound card, which
    delays the DAW's own tracks as much, nor an instrument that responds slowly is measured.
    """
    from bachbridge.cli.play.calibrate import calibrate as run

    run(input_name, output_name, wait_s=wait_s, save=save, json=json)


@app.command("demo")
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


@app.command("replay")
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


def command_line() -> typer.Typer:
    """Return `app` with the commands of other packages; says on stderr if none are registered."""
    registered = entry_points_in(COMMAND_GROUP)
    if not registered:
        print('bachbridge: Some commands are not installed: run "pip install -e ." in its folder.', file=sys.stderr)
    for entry_point in registered.values():
        app.add_typer(entry_point.load())
    return app


def run_child_process(role: str) -> None:
    """Run a child process: a frozen program has no `python -m`, so it starts itself with `--child ROLE`."""
    from importlib import import_module

    from bachbridge.process.ipc import process_module, process_roles

    if role not in process_roles():
        raise ConfigError(f'There is no child process "{role}": there are {", ".join(process_roles())}.')
    sys.exit(import_module(process_module(role)).main())


def _exit_with_error(message: str) -> None:
    """Print the message on one line of stderr and exit with code 1."""
    print(f"bachbridge: {' '.join(message.split()).rstrip('.')}.", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """Run the console script."""
    try:
        if sys.argv[1:2] == ["--child"]:
            run_child_process(" ".join(sys.argv[2:]))
        else:
            command_line()(prog_name="bachbridge")
    except BachBridgeError as error:
        _exit_with_error(str(error))
    except ModuleNotFoundError as error:
        extra = EXTRA_BY_MODULE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _exit_with_error(f'This command needs the package {error.name}: pip install "bachbridge[{extra}]".')


if __name__ == "__main__":
    main()
