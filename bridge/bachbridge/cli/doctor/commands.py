"""The options of `doctor`."""

import typer

from bachbridge.cli.command_group import TOOLS, example
from bachbridge.cli.parameters import JsonOption

commands = typer.Typer()


@commands.command("doctor", rich_help_panel=TOOLS, epilog=example("bachbridge doctor --json > report.json"))
def doctor(*, json: JsonOption = False) -> None:
    """Check MIDI, timing, models and settings, and say what to do.

    While BachBridge runs, its connections are looked at, and whether its output comes back to it; otherwise the time of
    notes through a port is measured. The exit code is 1 if something does not work. Put the output of --json into a bug
    report.
    """
    from bachbridge.cli.doctor.command import run_doctor

    run_doctor(json=json)
