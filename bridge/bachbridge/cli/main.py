"""The command line: the program `bachbridge` itself.

Commands are declared in `play/commands`, `transform/commands`, `new_music_commands`, `listen/commands`,
`doctor/commands` and `bench/commands`, and by packages that register theirs as an entry point. A declaration says what
a command accepts; the module that does the work is imported when the command is called, so that `bachbridge --help`
answers at once.

`main` turns every error into one sentence: our own errors carry it, and a missing package is named with the line that
installs it.
"""

import errno
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from bachbridge import __version__
from bachbridge.cli import new_music_commands
from bachbridge.cli.bench import commands as bench_commands
from bachbridge.cli.command_group import EXIT_CODES, CommandGroup
from bachbridge.cli.completion import prepare_completion
from bachbridge.cli.doctor import commands as doctor_commands
from bachbridge.cli.error_messages import FAILED, INTERRUPTED, usage_problem
from bachbridge.cli.listen import commands as listen_commands
from bachbridge.cli.play import commands as play_commands
from bachbridge.cli.transform import commands as transform_commands
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.process.entry_points import COMMAND_GROUP, entry_points_in
from bachbridge.process.standard_streams import (
    discard_standard_output,
    open_standard_streams,
    raise_file_limit,
    report_on_stderr,
)

EXTRA_BY_MODULE = {
    "PyQt6": "gui",
    **dict.fromkeys(("resvg_py", "verovio"), "score"),
    "soundfile": "listen",
    **dict.fromkeys(
        ("distributed", "filelock", "keras", "matplotlib", "music21", "onnx", "tensorflow", "tf2onnx"), "train"
    ),
    "jax": "jax",
}
"""Optional top-level modules, each with the extra that installs it."""

app = typer.Typer(
    cls=CommandGroup,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(play_commands.commands)
app.add_typer(transform_commands.commands)
app.add_typer(new_music_commands.commands)
app.add_typer(listen_commands.commands)
app.add_typer(doctor_commands.commands)
app.add_typer(bench_commands.commands)


@app.callback(invoke_without_command=True, epilog=EXIT_CODES)
def bachbridge(
    *, version: Annotated[bool, typer.Option("-V", "--version", help="Print the version and exit.")] = False
) -> None:
    """BachBridge answers what you play, in the manner of Bach, live over MIDI, and works on files.

    Without a command it plays: "bachbridge" is "bachbridge play", and "bachbridge play --help" lists the live settings.
    "bachbridge COMMAND --help" explains a command.
    """
    if version:
        typer.echo(f"bachbridge {__version__}")


def command_line() -> typer.Typer:
    """Return `app` with the commands of other packages; says on stderr if none are registered."""
    registered = entry_points_in(COMMAND_GROUP)
    if not registered:
        from bachbridge.install_advice import reinstall_advice

        print(f"bachbridge: Some commands are not installed: {reinstall_advice()}.", file=sys.stderr)
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


def _exit_with_error(message: str, code: int = FAILED, usage: str = "") -> NoReturn:
    """Print the message on one line of stderr, after the usage if there is one, and exit."""
    report_on_stderr(f"{' '.join(message.split()).rstrip('.')}.".replace("?.", "?"), usage)
    sys.exit(code)


def _exit_after_system_error(error: OSError) -> NoReturn:
    """End after an error of the system: quietly if whoever read the output has ended, as after `| head`."""
    if isinstance(error, BrokenPipeError) and error.filename is None:
        discard_standard_output()
        sys.exit(FAILED)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        _exit_with_error('this program may not open enough files: allow it more, as with "ulimit -n 256".')
    if error.filename is None:
        discard_standard_output()
        _exit_with_error(f"the output cannot be written ({error.strerror}): make room, or write it to another place.")
    _exit_with_error(f"{error.filename} cannot be used ({error.strerror}): check the path and its permissions.")


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command, of the program's own arguments if none are given, and exit; errors are one sentence each."""
    prepare_completion()
    try:
        code = command_line()(args=arguments, prog_name="bachbridge", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        problem = usage_problem(error)
        _exit_with_error(problem.sentence, problem.exit_code, problem.usage)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except BachBridgeError as error:
        _exit_with_error(str(error))
    except OSError as error:
        _exit_after_system_error(error)
    except ModuleNotFoundError as error:
        extra = EXTRA_BY_MODULE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        from bachbridge.install_advice import install_advice

        _exit_with_error(f"this command needs the package {error.name}: {install_advice(extra)}.")
    sys.exit(code if isinstance(code, int) else 0)


def main() -> None:
    """Run the console script."""
    open_standard_streams()
    raise_file_limit()
    if sys.argv[1:2] == ["--child"]:
        try:
            run_child_process(" ".join(sys.argv[2:]))
        except BachBridgeError as error:
            _exit_with_error(str(error))
    run()


if __name__ == "__main__":
    main()
