"""The group of all commands: its help in sections, `play` as the command that needs no name, and forgiving names.

A command states its section and an example where it is declared: `command("roll", rich_help_panel=FILES,
epilog=example("bachbridge roll IN.mid"))`. Names are found in British spelling and in capitals; for others that are
wrong there is a proposal. Typer's class is extended, as its documentation suggests, since Typer prints no sections
without rich; its contexts are of a class that is private to it, hence `Any`.
"""

import difflib
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

PLAY, FILES, MODELS, TOOLS = "Play", "Files", "Models", "Tools"
SECTIONS = (PLAY, FILES, MODELS, TOOLS)
"""The sections of the help, in its order; a command without one belongs to `FILES`."""
DEFAULT_COMMAND = "play"
EXIT_CODES = (
    "Exit codes: 0 done; 1 it could not be done, and one sentence says why and what to do; 2 the command line was not "
    "understood; 130 stopped with Ctrl-C."
)
_OWN_OPTIONS = ("-h", "--help", "-V", "--version")
_EXAMPLE_PREFIX = "Example: "
_SYNONYMS = {
    **dict.fromkeys(("run", "live", "gui"), "play"),
    **dict.fromkeys(("harmony", "harmonise", "chorale", "voices"), "harmonize"),
    **dict.fromkeys(("extend", "complete", "compose", "generate"), "continue"),
    **dict.fromkeys(("repair", "fix", "regenerate"), "mend"),
    **dict.fromkeys(("variation", "variations"), "vary"),
    **dict.fromkeys(("convert", "abc", "export-text"), "text"),
    **dict.fromkeys(("draw", "picture", "plot", "piano-roll"), "roll"),
    **dict.fromkeys(("devices", "midi"), "ports"),
    **dict.fromkeys(("latency", "benchmark"), "bench"),
    **dict.fromkeys(("score-model", "test"), "evaluate"),
    **dict.fromkeys(("blind-test", "quiz", "hear"), "listen"),
    **dict.fromkeys(("check", "diagnose", "status", "info"), "doctor"),
    "list": "models",
}
"""Words that people try, with the commands that they look for."""


def example(command_line: str) -> str:
    """Return the text at the foot of a command's help that shows how it is used."""
    return f"\b\n{_EXAMPLE_PREFIX}{command_line}"


def example_of(command: Any) -> str:
    """Return a command's example, such as "bachbridge ports"; "" if it has none."""
    _, found, shown = (command.epilog or "").partition(_EXAMPLE_PREFIX)
    return shown.strip() if found else ""


def section_of(command: Any) -> str:
    """Return the section of the help that a command stands in."""
    panel = getattr(command, "rich_help_panel", None)
    return panel if panel in SECTIONS else FILES


class CommandGroup(TyperGroup):
    """The commands of `bachbridge`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let options without a command, or nothing at all, belong to `play`, and `help X` stand for `X --help`."""
        if args[:1] == ["help"]:
            args = [*args[1:2], "--help"]
        is_for_play = args[0].startswith("-") and args[0] not in _OWN_OPTIONS if args else not ctx.resilient_parsing
        return super().parse_args(ctx, [DEFAULT_COMMAND, *args] if is_for_play else args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command by its name, in British spelling too; otherwise the error proposes one."""
        name = args[0].lower()
        for spelled in (args[0], name, name.replace("ise", "ize"), name.replace("_", "-")):
            command = self.get_command(ctx, spelled)
            if command is not None:
                return spelled, command, args[1:]
        if ctx.resilient_parsing:
            return None, None, args[1:]
        return ctx.fail(_unknown_command_text(args[0], self.visible_names(ctx)))

    def visible_names(self, ctx: Any) -> list[str]:
        """Return the names of the commands that the help shows."""
        return [name for name in self.list_commands(ctx) if (found := self.get_command(ctx, name)) and not found.hidden]

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage with the command in brackets, since it may be left out."""
        formatter.write_usage(ctx.command_path, "[COMMAND] [OPTIONS]")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in their sections, each with a sentence and an example, and then the options."""
        commands = [(name, self.get_command(ctx, name)) for name in self.visible_names(ctx)]
        for section in SECTIONS:
            rows: list[tuple[str, str]] = []
            for name, command in commands:
                if command is not None and section_of(command) == section:
                    rows.append((name, command.get_short_help_str(limit=200)))
                    rows += [("", shown)] if (shown := example_of(command)) else []
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows, col_spacing=2)
        with formatter.section("Options"):
            formatter.write_dl([record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete commands, and the options of `play`, whose name may be left out."""
        found = super().shell_complete(ctx, incomplete)
        command = self.get_command(ctx, DEFAULT_COMMAND)
        if incomplete.startswith("-") and command is not None:
            found += command.shell_complete(ctx, incomplete)
        return found


def _unknown_command_text(name: str, known: list[str]) -> str:
    """Say in one sentence what to do instead of a command that does not exist."""
    if Path(name).suffix and Path(name).exists():
        return f'"{name}" is a file: say what to do with it, as in "bachbridge harmonize {name}"'
    near = _SYNONYMS.get(name.lower()) or next(iter(difflib.get_close_matches(name.lower(), known, 1, 0.55)), None)
    if near in known:
        return f'there is no command "{name}": did you mean "{near}"?'
    return f'there is no command "{name}": "bachbridge --help" lists those that there are'
