"""The engine in a process of its own with a player's hand on it: through MIDI ports where there are any, else by pipe.

Through ports, the engine opens its virtual ones and the stage connects to them like a DAW. That needs a system with
virtual ports on which no other BachBridge runs, whose ports would have the same names.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bachbridge.errors import PortError
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports, list_ports
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import Message, Midi, PortsChanged
from bachbridge.settings import Settings

_CLIENT_NAME = "BachBridge Demo"


class PlayerConnection:
    """A `rehearsal.Wire` to an engine of its own. Used on one thread; what is received comes on others."""

    def __init__(self, link: EngineLink, midi_system: str) -> None:
        """`system`: the MIDI system through whose ports to play; empty: through the pipe."""
        self._link, self._midi_system = link, midi_system
        self._ports: Ports | None = None
        self.description = f"MIDI ports ({midi_system})" if midi_system else "a pipe, as there are no MIDI ports to use"
        self.received_midi: list[tuple[int, bytes]] = []
        """What came back through the ports, with its time of arrival; nothing where the pipe is used."""

    @property
    def is_open(self) -> bool:
        """Whether what is played reaches the engine."""
        return self._ports is not None or not self._midi_system

    def send_midi(self, data: bytes) -> None:
        """Send the player's MIDI message."""
        if self._ports:
            self._ports.send(data)
        else:
            self._link.send(Midi(data))

    def receive(self, timeout_s: float) -> Message | None:
        """The engine's next message; None if none comes in time; `EOFError` if the engine has ended."""
        message = self._link.receive(timeout_s)
        if isinstance(message, PortsChanged) and message.input and not self.is_open:
            self._ports = Ports(OUTPUT_NAME, INPUT_NAME, self._midi_arrived, client=_CLIENT_NAME)
        return message

    def close(self) -> None:
        """Let go of the engine's ports, while it is still there to be let go of."""
        if self._ports:
            self._ports.close()

    def _midi_arrived(self, at_ns: int, data: bytes) -> None:
        """On rtmidi's thread."""
        self.received_midi.append((at_ns, data))


@contextmanager
def open_player_connection(settings: Settings, log: Path, *, use_ports: bool) -> Generator[PlayerConnection]:
    """A stage with its engine started, which writes `log`; `ports`: use real MIDI ports if that can be."""
    system = virtual_port_system() if use_ports else ""
    with EngineLink(settings, ports=bool(system), log=log) as link:
        stage = PlayerConnection(link, system)
        try:
            yield stage
        finally:
            stage.close()


def virtual_port_system() -> str:
    """The MIDI system in which virtual ports of our names can be made, or nothing."""
    if sys.platform == "win32":
        return ""
    try:
        listing = list_ports()
    except PortError:
        return ""
    taken = any(own in name for own in (INPUT_NAME, OUTPUT_NAME) for name in (*listing.inputs, *listing.outputs))
    return "" if taken else listing.system
