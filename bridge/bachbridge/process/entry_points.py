"""The parts of the program that other packages register, found by the entry points of the installed distribution.

`bachbridge` imports neither `bachbridge_gui` nor `bachbridge_training`. Instead, `pyproject.toml` registers

- in group `bachbridge.commands` Typer apps whose commands join the command line,
- in group `bachbridge.window` the function `run`, which opens the window, and two that explain why it cannot open,
- in group `bachbridge.processes` the `main` function of each child process, by its role.

An editable install (`pip install -e .`) registers them for a checkout. To keep `bachbridge --help` fast,
`importlib.metadata` is imported only when needed, and only this distribution's metadata is read, not that of all
installed ones.
"""

from typing import TYPE_CHECKING, Any

from bachbridge.errors import BachBridgeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

COMMAND_GROUP = "bachbridge.commands"
WINDOW_GROUP = "bachbridge.window"
PROCESS_GROUP = "bachbridge.processes"


class EntryPointError(BachBridgeError):
    """A part of the program is not registered."""


def entry_points_in(group: str) -> "dict[str, EntryPoint]":
    """Return the entry points of a group by name; none if the distribution is not installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("bachbridge").entry_points
    except PackageNotFoundError:
        return {}
    return {entry_point.name: entry_point for entry_point in found.select(group=group)}


def find_entry_point(group: str, name: str) -> "EntryPoint":
    """Return an entry point; raises `EntryPointError` if it is not registered."""
    try:
        return entry_points_in(group)[name]
    except KeyError:
        from bachbridge.install_advice import reinstall_advice

        raise EntryPointError(f'The part "{name}" of BachBridge is not installed: {reinstall_advice()}.') from None


def load_entry_point(group: str, name: str) -> Any:
    """Import and return the registered object; raises `EntryPointError`, or `ImportError` from its module."""
    return find_entry_point(group, name).load()
