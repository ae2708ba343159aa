"""The commands with their own help, for the page of all commands and the manual page."""

from dataclasses import dataclass
from typing import Any

import typer

from bachbridge.cli.command_group import SECTIONS, example_of, section_of
from bachbridge.cli.main import command_line


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """The help of one command. `options` pairs what is typed with what it does."""

    name: str
    section: str
    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    example: str


def program_paragraphs() -> tuple[str, ...]:
    """Return the help of the program itself."""
    return _paragraphs(typer.main.get_command(command_line()).help)


def described_commands() -> list[CommandHelp]:
    """Return the commands that the help shows, in the order of its sections."""
    group: Any = typer.main.get_command(command_line())
    context = typer.Context(group, info_name="bachbridge")
    found = [_described(context, group.get_command(context, name)) for name in group.visible_names(context)]
    return sorted(found, key=lambda command: SECTIONS.index(command.section))


def _described(context: Any, command: Any) -> CommandHelp:
    own = typer.Context(command, info_name=command.name, parent=context)
    arguments = [param.metavar or param.name for param in command.params if param.param_type_name == "argument"]
    records = [param.get_help_record(own) for param in command.params]
    return CommandHelp(
        command.name,
        section_of(command),
        " ".join(("bachbridge", command.name, *arguments, "[OPTIONS]")),
        _paragraphs(command.help),
        tuple((record[0], _one_line(record[1])) for record in records if record is not None),
        example_of(command),
    )


def _paragraphs(text: str | None) -> tuple[str, ...]:
    return tuple(_one_line(paragraph) for paragraph in (text or "").split("\n\n"))


def _one_line(text: str) -> str:
    return " ".join(text.split())
