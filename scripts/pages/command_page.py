"""Write the page of all commands from their own help: `python scripts/pages/command_page.py > docs/command-line.md`."""

from collections.abc import Iterator

from command_help import CommandHelp, described_commands

from bachbridge.cli.command_group import EXIT_CODES

_HEAD = f"""\
# Command line

`bachbridge` alone is `bachbridge play`. This page is made from the commands' own help by
`python scripts/pages/command_page.py`; `bachbridge COMMAND --help` shows the same in the terminal.

{EXIT_CODES}
"""


def command_page() -> str:
    """Return the page in Markdown: a table of the commands, then each command with its options."""
    commands = described_commands()
    details = [line for command in commands for line in _command(command)]
    return "\n".join((_HEAD, *_overview(commands), *details))


def _overview(commands: list[CommandHelp]) -> Iterator[str]:
    yield from ("| Command | | Section |", "|---|---|---|")
    for command in commands:
        yield f"| [`{command.name}`](#{command.name}) | {_cell(command.paragraphs[0])} | {command.section} |"
    yield ""


def _command(command: CommandHelp) -> Iterator[str]:
    yield from (f"## {command.name}", "", f"    {command.usage}", "")
    for paragraph in command.paragraphs:
        yield from (paragraph, "")
    yield from (f"Example: `{command.example}`", "", "| | |", "|---|---|")
    for typed, text in command.options:
        yield f"| `{_cell(typed)}` | {_cell(text)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(command_page(), end="")
