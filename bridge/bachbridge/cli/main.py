"""The command line: what `bachbridge` and its sub-commands take. What they do is in the modules beside this one.

Here are the program itself and the commands that play; `filecommands` and `modelcommands` have the others.

Nothing heavy is imported before a command asks for it, so that `bachbridge --help` answers at once. `main` turns what
goes wrong into one sentence: errors of ours carry it, a missing extra is named with the line that installs it.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge import __version__
from bachbridge.cli.options import apply_options, with_settings
from bachbridge.cli.parameters import DEFAULT_SETTINGS, ModelOption, SeedOption, TemperatureOption
from bachbridge.cli.transform import commands as transform_commands
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.settings import Settings
from bachbridge.settings_file import load_or_recover_settings, load_settings, settings_path
from bachbridge_training.cli import commands as training_commands

EXTRA_BY_MODULE = {
    "PyQt6": "gui",
    **dict.fromkeys(("resvg_py", "verovio"), "score"),
    **dict.fromkeys(("keras", "matplotlib", "music21", "onnx", "tensorflow", "tf2onnx"), "train"),
}
"""Top-level modules that an extra brings, by the extra's name."""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(transform_commands.commands)
app.add_typer(training_commands.commands)


@app.callback(invoke_without_command=True)
@with_settings
def bachbridge(
    context: typer.Context,
    *,
    input_name: Annotated[str | None, typer.Option("--in", metavar="NAME", help="The port to listen to.")] = None,
    output_name: Annotated[str | None, typer.Option("--out", metavar="NAME", help="The port to play to.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Open no window.")] = False,
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="Write all events to this file.")] = None,
    version: Annotated[bool, typer.Option("-V", "--version", help="Print the version.")] = False,
    **values: Any,
) -> None:
    """Answers what you play, in the manner of Bach, live over MIDI.

    Without a command it starts: it listens to the port whose name contains the NAME of --in and plays to that of --out;
    without them it opens ports of its own, "BachBridge In" and "BachBridge Out". Settings come from the file of
    settings, then from the options.
    """
    if version:
        typer.echo(f"bachbridge {__version__}")
    elif context.invoked_subcommand is None:
        found, complaint = (
            (load_settings(settings_path()), "") if headless else load_or_recover_settings(settings_path())
        )
        settings = apply_options(found, values)
        if complaint:
            print(f"bachbridge: {complaint}", file=sys.stderr)
        _run_app(settings, complaint, input_name=input_name, output_name=output_name, headless=headless, log=log)


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
    """What `make run` does: the app where there are a display and MIDI, otherwise the demo."""
    from bachbridge.cli.play.start import start_app_or_demo as start_here

    start_here()


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


@app.command("demo")
def demo(
    directory: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write to.")] = Path(),
    *,
    model: ModelOption = DEFAULT_SETTINGS.model,
    temperature: TemperatureOption = DEFAULT_SETTINGS.temperature,
    seed: SeedOption = 0,
) -> None:
    """Let a bundled phrase be answered live; write it as demo.mid.

    Beside it demo.wav is the sound and demo.png the picture. No DAW, display or sound card is needed.
    """
    apply_options(DEFAULT_SETTINGS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.play.demo import run_demo as play_demo

    play_demo(directory, model=model, temperature=temperature, seed=seed)


@app.command("replay")
def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A file that --log wrote.")],
    *,
    midi: Annotated[Path | None, typer.Option("--midi", metavar="OUT.mid", help="Write what was played here.")] = None,
) -> None:
    """Run a recorded session again, without ports or model."""
    from bachbridge.cli.play.replay import replay_session as replay_log

    replay_log(log, midi_path=midi)


def run_child_process(role: str) -> None:
    """Runs one of our own processes: a frozen program has no `python -m`, it starts itself with `--child ROLE`."""
    from importlib import import_module

    from bachbridge.process.ipc import PROCESS_MODULES

    if role not in PROCESS_MODULES:
        raise ConfigError(f'There is no child process "{role}": there are {", ".join(PROCESS_MODULES)}.')
    sys.exit(import_module(PROCESS_MODULES[role]).main())


def _exit_with_error(message: str) -> None:
    """Says what went wrong on one line and leaves with exit code 1."""
    print(f"bachbridge: {' '.join(message.split()).rstrip('.')}.", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """The console script."""
    try:
        if sys.argv[1:2] == ["--child"]:
            run_child_process(" ".join(sys.argv[2:]))
        else:
            app(prog_name="bachbridge")
    except BachBridgeError as error:
        _exit_with_error(str(error))
    except ModuleNotFoundError as error:
        extra = EXTRA_BY_MODULE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _exit_with_error(f'This command needs the package {error.name}: pip install "bachbridge[{extra}]".')


if __name__ == "__main__":
    main()
