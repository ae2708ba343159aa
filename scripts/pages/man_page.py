"""Write the manual page from the commands' own help: `python scripts/pages/man_page.py > docs/bachbridge.1`.

The page is installed with the package into `share/man/man1`, where `man bachbridge` finds it.
"""

from collections.abc import Iterable, Iterator

from command_help import CommandHelp, described_commands, program_paragraphs

from bachbridge.cli.command_group import EXIT_CODES, SECTIONS

ENVIRONMENT = {
    "NO_COLOR": "If it is set and not empty, tables have neither colours nor bold letters.",
    "SOUNDFONT": "The SoundFont with which the demo makes its sound.",
}


def man_page() -> str:
    """Return the page in the language of man(7)."""
    return "\n".join((*_head(), *_sections(described_commands()), *_foot(), ""))


def _head() -> Iterator[str]:
    yield '.\\" Made by scripts/pages/man_page.py from the help of the commands.'
    yield '.TH BACHBRIDGE 1 "" "BachBridge" "User Commands"'
    yield ".SH NAME"
    yield "bachbridge \\- answers what you play, in the manner of Bach, live over MIDI"
    yield ".SH SYNOPSIS"
    yield ".B bachbridge"
    yield "[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(program_paragraphs())


def _sections(commands: list[CommandHelp]) -> Iterator[str]:
    for section in SECTIONS:
        yield f".SH {section.upper()}"
        for command in commands:
            if command.section == section:
                yield from _command(command)


def _command(command: CommandHelp) -> Iterator[str]:
    yield f'.SS "{_escaped(command.usage)}"'
    yield from _paragraphs(command.paragraphs)
    for typed, text in command.options:
        yield from (".TP", f"\\fB{_escaped(typed)}\\fR", _escaped(text))
    yield ".PP"
    yield f"Example: \\fB{_escaped(command.example)}\\fR"


def _foot() -> Iterator[str]:
    yield '.SH "EXIT STATUS"'
    yield from _paragraphs([EXIT_CODES.removeprefix("Exit codes: ")])
    yield ".SH ENVIRONMENT"
    for name, text in ENVIRONMENT.items():
        yield from (".TP", f".B {name}", _escaped(text))


def _paragraphs(paragraphs: Iterable[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from (".PP", _escaped(paragraph))


def _escaped(text: str) -> str:
    """Protect what man(7) would read as a command."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    print(man_page(), end="")
