"""`bachbridge ports`: the ports that --in and --out can name."""

import json as json_format

from rich.table import Table

from bachbridge.console import make_console
from bachbridge.midi.ports import PortListing, list_ports


def print_ports(*, json: bool = False) -> None:
    """Print the MIDI ports of this machine: a table in a terminal, otherwise one line for each port, or JSON."""
    listing, console = list_ports(), make_console()
    if json:
        ports = {"in": list(listing.inputs), "out": list(listing.outputs)}
        print(json_format.dumps({"system": listing.system, **ports}, indent=2, ensure_ascii=False))
    elif console.is_terminal:
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
        table.caption = "No other program or device has MIDI ports. BachBridge can open virtual ports of its own."
    return table
