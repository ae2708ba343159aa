"""`bachbridge ports`: what can be named with --in and --out."""

from rich.console import Console
from rich.table import Table

from bachbridge.midi.ports import PortListing
from bachbridge.midi.ports import list_ports as look


def print_ports() -> None:
    """Print the MIDI ports of this machine: a table in a terminal, a line a port in a pipe or file."""
    listing, console = look(), Console()
    if console.is_terminal:
        console.print(_port_table(listing))
    else:
        for kind, name in _port_rows(listing):
            print(f"{kind}\t{name}")


def _port_rows(listing: PortListing) -> list[tuple[str, str]]:
    return [("in", name) for name in listing.inputs] + [("out", name) for name in listing.outputs]


def _port_table(listing: PortListing) -> Table:
    rows = _port_rows(listing)
    table = Table("", "MIDI port", title=f"System: {listing.system}", title_justify="left")
    for kind, name in rows:
        table.add_row(f"--{kind}", name)
    if not rows:
        table.caption = "No other program or device has a MIDI port open. Our own virtual ports need none."
    return table
