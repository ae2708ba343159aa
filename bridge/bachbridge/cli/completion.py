"""Completion in the shell: the script that a shell runs, and the values that options complete to."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import typer

from bachbridge.errors import BachBridgeError

_VARIABLE = "_BACHBRIDGE_COMPLETE"
"""The variable by which a shell asks the program for completions, as Typer derives it from the program's name."""


def prepare_completion() -> None:
    """Let Typer know the shells, if one of them asks for completions."""
    if os.environ.get(_VARIABLE):
        from typer.completion import get_completion_inspect_parameters

        get_completion_inspect_parameters()


def print_completion_script(context: typer.Context, shell: str) -> None:
    """Print the script for a shell, which Typer has; exits."""
    os.environ[_VARIABLE] = f"source_{shell}"
    prepare_completion()
    root: Any = context.find_root().command
    root.main(args=[], prog_name="bachbridge")


def complete_words(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a function that completes the beginning of one of the words."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def complete_model_names(incomplete: str) -> list[str]:
    """Complete the name of an installed model."""
    from bachbridge.inference.runtime import library

    try:
        return [name for name in library.model_names() if name.startswith(incomplete)]
    except (BachBridgeError, OSError):
        return []
