"""The number of other programs' ports that are connected to our input and our output.

rtmidi does not report connections. JACK does, through the client that also watches whether the server is alive. The
ALSA sequencer lists its clients and their connections in a kernel file. CoreMIDI and Windows offer nothing.
"""

import re
from pathlib import Path

from bachbridge.midi.jack import ServerWatch
from bachbridge.protocol.effects import Connections

_ALSA_CLIENTS = Path("/proc/asound/seq/clients")
_PORT_LINE = re.compile(r'\s+Port\s+\d+ : "(.*)"')
_ADDRESS = re.compile(r"\d+:\d+")
UNKNOWN_CONNECTIONS = Connections(-1, -1)


def count_connections(input_name: str, output_name: str, jack_watch: ServerWatch | None) -> Connections:
    """Count the connections of our ports of these names; pass `jack_watch` on JACK. Takes 0.1 ms on either system."""
    if jack_watch is not None:
        return Connections(jack_watch.connection_count(input_name), jack_watch.connection_count(output_name))
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
