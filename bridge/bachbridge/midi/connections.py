"""The number of other programs' ports that are connected to our input and our output.

rtmidi does not report connections. JACK does, through the client that also watches whether the server is alive. The
ALSA sequencer lists its clients and their connections in a kernel file. CoreMIDI and Windows offer nothing.
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path

from bachbridge.midi.jack import ServerWatch
from bachbridge.protocol.effects import Connections

_ALSA_CLIENTS = Path("/proc/asound/seq/clients")
_PORT_LINE = re.compile(r'\s+Port\s+\d+ : "(.*)"')
_ADDRESS = re.compile(r"\d+:\d+")
UNKNOWN_CONNECTIONS = Connections(-1, -1)
_RESTORE_S = 120.0
"""The other program may need as long as this to come back."""

Link = tuple[str, str]
"""The name of our port, and JACK's full name of the port that it is connected to."""


class LinkKeeper:
    """The connections of our ports on JACK, restored after the server or our ports were gone. Used on one thread.

    A connection that is taken away while both ports are there stays away: that was somebody's wish.
    """

    def __init__(self, input_name: str, output_name: str, links: Sequence[Link] = ()) -> None:
        """`links` are connections from before, which `refresh` restores."""
        self._input_name, self._output_name = input_name, output_name
        self._present: set[Link] = set()
        self._lost: dict[Link, float] = dict.fromkeys(links, time.monotonic() + _RESTORE_S)
        """Connections to restore, and until when to try."""

    @property
    def links(self) -> list[Link]:
        """The connections that are there or are to be restored."""
        return sorted(self._present | self._lost.keys())

    def refresh(self, jack_watch: ServerWatch) -> None:
        """Follow the connections and restore the lost ones whose ports are both there."""
        listed = {name: jack_watch.connected_ports(name) for name in (self._input_name, self._output_name)}
        if any(others is None for others in listed.values()):
            self.lose_all()
            return
        present = {(name, other) for name, others in listed.items() for other in others or ()}
        gone = [link for link in self._present - present if not jack_watch.has_port(link[1])]
        self._lost |= dict.fromkeys(gone, time.monotonic() + _RESTORE_S)
        self._present = present
        for own, other in [*self._lost]:
            source, destination = (other, own) if own == self._input_name else (own, other)
            if time.monotonic() > self._lost[own, other] or jack_watch.connect(source, destination):
                del self._lost[own, other]

    def lose_all(self) -> None:
        """Remember all connections as lost, since the server or our ports are gone."""
        self._lost |= dict.fromkeys(self._present, time.monotonic() + _RESTORE_S)
        self._present.clear()


def count_connections(input_name: str, output_name: str, jack_watch: ServerWatch | None) -> Connections:
    """Count the connections of our ports of these names; pass `jack_watch` on JACK. Takes 0.1 ms on either system."""
    if jack_watch is not None:
        connected = [jack_watch.connected_ports(name) for name in (input_name, output_name)]
        return Connections(*(-1 if others is None else len(others) for others in connected))
    try:
        clients = _ALSA_CLIENTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return UNKNOWN_CONNECTIONS
    return parse_alsa_clients(clients, input_name, output_name)


def parse_alsa_clients(clients: str, input_name: str, output_name: str) -> Connections:
    """Count the connections of two ports in ALSA's list of clients; -1 for a port that is not in the list."""
    inputs = outputs = -1
    port = ""
    for line in clients.splitlines():
        if line.startswith("Client"):
            port = ""
        elif found := _PORT_LINE.match(line):
            port = found[1]
            inputs = max(inputs, 0) if port == input_name else inputs
            outputs = max(outputs, 0) if port == output_name else outputs
        elif port == input_name and "Connected From:" in line:
            inputs += len(_ADDRESS.findall(line))
        elif port == output_name and "Connecting To:" in line:
            outputs += len(_ADDRESS.findall(line))
    return Connections(inputs, outputs)
