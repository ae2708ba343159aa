"""The manual page knows every command and every option: `python scripts/pages/man_page.py > docs/bachbridge.1`."""

from pathlib import Path
from typing import Any

import typer

from bachbridge.cli.main import command_line

PAGE = Path(__file__).parents[3] / "docs" / "bachbridge.1"


def test_man_page_has_every_command_and_option() -> None:
    page = PAGE.read_text("utf-8").replace("\\-", "-")
    group: Any = typer.main.get_command(command_line())
    for name, command in group.commands.items():
        if not command.hidden:
            assert f'.SS "bachbridge {name} ' in page
            options = [option for param in command.params for option in param.opts if option.startswith("--")]
            assert not [option for option in options if option not in page], name
