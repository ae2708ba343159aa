"""The other programs' ports that are connected to our input and our output.

rtmidi does not report connections. JACK does, through the client that also watches whether the server is alive. The
ALSA sequencer lists its clients and their connections in a kernel file. CoreMIDI and Windows offer nothing.
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path

from bachbridge.midi.jack import ServerWatch
from bachbridge.protocol.notices import Connections

_ALSA_CLIENTS = Path("/proc/asound/seq/clients")
_CLIENT_LINE = re.compile(r"Client\s+(\d+) : ")
_PORT_LINE = re.compile(r'\s+Port\s+(\d+) : "(.*)"')
_ADDRESS = re.compile(r"\d+:\d+")
UNKNOWN_CONNECTIONS = Connections(-1, -1)
_PERIODS_TO_CONNECT = 4
"""So many periods after it was made a connection is in force."""
_RESTORE_S = 120.0
"""The other program may need as long as this to come back."""

Link = tuple[str, str]
"""The name of our port, and JACK's full name of the port that it is connected to."""
ConnectedPorts = tuple[tuple[str, ...] | None, tuple[str, ...] | None]
"""The ports from which our input receives, and those to which our output plays; None where that is not known."""


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
        """Follow the connections and restore the lost ones whose ports are both there.

        It returns when they are in force: JACK loses what is sent in the periods before that.
        """
        listed = {name: jack_watch.connected_ports(name) for name in (self._input_name, self._output_name)}
        if any(others is None for others in listed.values()):
            self.lose_all()
            return
        present = {(name, other) for name, others in listed.items() for other in others or ()}
        gone = [link for link in self._present - present if not jack_watch.has_port(link[1])]
        self._lost |= dict.fromkeys(gone, time.monotonic() + _RESTORE_S)
        self._present = present
        if self._restore(jack_watch):
            jack_watch.wait_for_periods(_PERIODS_TO_CONNECT)

    def _restore(self, jack_watch: ServerWatch) -> bool:
        """Make the lost connections, or give up those that were lost long ago; return True if any was made."""
        has_connected = False
        for own, other in [*self._lost]:
            source, destination = (other, own) if own == self._input_name else (own, other)
            is_connected = jack_watch.connect(source, destination)
            if is_connected:
                # The server may die again before the next look.
                self._present.add((own, other))
                has_connected = True
            if is_connected or time.monotonic() > self._lost[own, other]:
                del self._lost[own, other]
        return has_connected

    def lose_all(self) -> None:
        """Remember all connections as lost, since the server or our ports are gone."""
        self._lost |= dict.fromkeys(self._present, time.monotonic() + _RESTORE_S)
        self._present.clear()


def find_connections(input_name: str, output_name: str, jack_watch: ServerWatch | None) -> ConnectedPorts:
    """Return the ports connected to ours of these names; pass `jack_watch` on JACK. Takes 0.1 ms on either system."""
    if jack_watch is not None:
        return jack_watch.connected_ports(input_name), jack_watch.connected_ports(output_name)
    try:
        clients = _ALSA_CLIENTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None, None
    return parse_alsa_connections(clients, input_name, output_name)


def count_connections(input_name: str, output_name: str, jack_watch: ServerWatch | None) -> Connections:
    """Count the connections of our ports of these names (see `find_connections`); -1 for those that are unknown."""
    return _count(find_connections(input_name, output_name, jack_watch))


def _count(connected: ConnectedPorts) -> Connections:
    return Connections(*(-1 if others is None else len(others) for others in connected))


def parse_alsa_clients(clients: str, input_name: str, output_name: str) -> Connections:
    """Count the connections of two ports in ALSA's list of clients; -1 for a port that is not in the list."""
    return _count(parse_alsa_connections(clients, input_name, output_name))


def parse_alsa_connections(clients: str, input_name: str, output_name: str) -> ConnectedPorts:
    """Return the names of the ports connected to two ports in ALSA's list of clients."""
    names: dict[str, str] = {}
    connected: list[tuple[str, str]] = []
    """The name of a port, and a line about its connections."""
    client = port = ""
    for line in clients.splitlines():
        if found := _CLIENT_LINE.match(line):
            client, port = found[1], ""
        elif found := _PORT_LINE.match(line):
            port = names[f"{client}:{found[1]}"] = found[2]
        elif port:
            connected.append((port, line))

    def others(own: str, kind: str) -> tuple[str, ...] | None:
        if own not in names.values():
            return None
        lines = (line for port, line in connected if port == own and kind in line)
        addresses = (str(address) for line in lines for address in _ADDRESS.findall(line))
        return tuple(names.get(address, address) for address in addresses)

    return others(input_name, "Connected From:"), others(output_name, "Connecting To:")
