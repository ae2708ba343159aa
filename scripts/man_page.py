"""Write the manual page from the commands' own help: `python scripts/man_page.py > docs/bachbridge.1`.

The page is installed with the package into `share/man/man1`, where `man bachbridge` finds it.
"""

import re
from collections.abc import Iterator
from typing import Any

import typer

from bachbridge.cli.command_group import EXIT_CODES, SECTIONS, example_of, section_of
from bachbridge.cli.main import command_line

ENVIRONMENT = {
    "NO_COLOR": "If it is set and not empty, tables have neither colours nor bold letters.",
    "SOUNDFONT": "The SoundFont with which the demo makes its sound.",
}


def man_page() -> str:
    """Return the page in the language of man(7)."""
    group: Any = typer.main.get_command(command_line())
    context = typer.Context(group, info_name="bachbridge")
    commands = [group.get_command(context, name) for name in group.visible_names(context)]
    return "\n".join((*_head(group), *_commands(context, commands), *_foot(), ""))


def _head(group: Any) -> Iterator[str]:
    yield '.\\" Made by scripts/man_page.py from the help of the commands.'
    yield '.TH BACHBRIDGE 1 "" "BachBridge" "User Commands"'
    yield ".SH NAME"
    yield "bachbridge \\- answers what you play, in the manner of Bach, live over MIDI"
    yield ".SH SYNOPSIS"
    yield ".B bachbridge"
    yield "[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(group.help)


def _commands(context: Any, commands: list[Any]) -> Iterator[str]:
    for section in SECTIONS:
        yield f".SH {section.upper()}"
        for command in commands:
            if section_of(command) == section:
                yield from _command(context, command)


def _command(context: Any, command: Any) -> Iterator[str]:
    own = typer.Context(command, info_name=command.name, parent=context)
    arguments = [param.metavar or param.name for param in command.params if param.param_type_name == "argument"]
    yield f'.SS "{_escaped(" ".join(("bachbridge", command.name, *arguments, "[OPTIONS]")))}"'
    yield from _paragraphs(command.help)
    for param in command.params:
        record = param.get_help_record(own)
        if record is not None:
            yield ".TP"
            yield f"\\fB{_escaped(record[0])}\\fR"
            yield _escaped(" ".join(record[1].split()))
    yield ".PP"
    yield f"Example: \\fB{_escaped(example_of(command))}\\fR"


def _foot() -> Iterator[str]:
    yield '.SH "EXIT STATUS"'
    yield from _paragraphs(EXIT_CODES.removeprefix("Exit codes: "))
    yield ".SH ENVIRONMENT"
    for name, text in ENVIRONMENT.items():
        yield from (".TP", f".B {name}", _escaped(text))


def _paragraphs(text: str | None) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text or ""):
        yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    """Protect what man(7) would read as a command."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    print(man_page(), end="")
