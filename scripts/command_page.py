"""Write the page of all commands from their own help: `python scripts/command_page.py > docs/command-line.md`."""

from collections.abc import Iterator
from typing import Any

import typer

from bachbridge.cli.command_group import EXIT_CODES, SECTIONS, example_of, section_of
from bachbridge.cli.main import command_line

_HEAD = f"""\
# Command line

`bachbridge` alone is `bachbridge play`. This page is made from the commands' own help by
`python scripts/command_page.py`; `bachbridge COMMAND --help` shows the same in the terminal.

{EXIT_CODES}
"""


def command_page() -> str:
    """Return the page in Markdown: a table of the commands, then each command with its options."""
    group: Any = typer.main.get_command(command_line())
    context = typer.Context(group, info_name="bachbridge")
    commands = [group.get_command(context, name) for name in group.visible_names(context)]
    ordered = [command for section in SECTIONS for command in commands if section_of(command) == section]
    details = [line for command in ordered for line in _command(context, command)]
    return "\n".join((_HEAD, *_overview(ordered), *details))


def _overview(commands: list[Any]) -> Iterator[str]:
    yield from ("| Command | | Section |", "|---|---|---|")
    for command in commands:
        summary = _cell(command.help.split("\n\n")[0])
        yield f"| [`{command.name}`](#{command.name}) | {summary} | {section_of(command)} |"
    yield ""


def _command(context: Any, command: Any) -> Iterator[str]:
    own = typer.Context(command, info_name=command.name, parent=context)
    arguments = [param.metavar or param.name for param in command.params if param.param_type_name == "argument"]
    yield from (f"## {command.name}", "")
    yield from (f"    {' '.join(('bachbridge', command.name, *arguments, '[OPTIONS]'))}", "")
    for paragraph in command.help.split("\n\n"):
        yield from (" ".join(paragraph.split()), "")
    yield from (f"Example: `{example_of(command)}`", "", "| | |", "|---|---|")
    for param in command.params:
        record = param.get_help_record(own)
        if record is not None:
            yield f"| `{_cell(record[0])}` | {_cell(record[1])} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(command_page(), end="")
