"""`bachbridge ports`: the ports that --in and --out can name."""

import json as json_format
import sys

from rich.table import Table
from rich.text import Text

from bachbridge.console import make_console
from bachbridge.errors import PortError
from bachbridge.midi.loopback import loopback_text
from bachbridge.midi.midi_system import PortListing, list_ports


def print_ports(*, json: bool = False) -> None:
    """Print the MIDI ports of this machine: a table in a terminal, otherwise one line for each port, or JSON.

    Raises `PortError` if there is no MIDI system, with `json` after printing that there are no ports.
    """
    if json:
        try:
            listing = list_ports()
        except PortError:
            print(json_format.dumps({"system": None, "in": [], "out": []}, indent=2))
            raise
        facts = {"system": listing.system, "in": listing.inputs, "out": listing.outputs}
        print(json_format.dumps(facts, indent=2, ensure_ascii=False))
        return
    listing, console = list_ports(), make_console()
    if console.is_terminal:
        console.print(_port_table(listing))
    else:
        for kind, name in _port_rows(listing):
            print(f"{kind}\t{name}")


def _port_rows(listing: PortListing) -> list[tuple[str, str]]:
    return [("in", name) for name in listing.inputs] + [("out", name) for name in listing.outputs]


def _port_table(listing: PortListing, platform: str = sys.platform) -> Table:
    rows = _port_rows(listing)
    table = Table("", "MIDI port", title=f"System: {listing.system}", title_justify="left")
    for kind, name in rows:
        table.add_row(f"--{kind}", Text(name))
    if platform == "win32":
        table.caption = loopback_text(listing.inputs, listing.outputs)
    elif not rows:
        table.caption = "No other program or device has MIDI ports. BachBridge can open virtual ports of its own."
    return table
