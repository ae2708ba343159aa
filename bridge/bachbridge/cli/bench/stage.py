"""The engine in a process of its own with a player's hand on it: through MIDI ports where there are any, else by pipe.

Through ports, the engine opens its virtual ones and the stage connects to them like a DAW. That needs a system with
virtual ports on which no other BachBridge runs, whose ports would have the same names.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bachbridge.errors import PortError
from bachbridge.midi.ports import INPUT, OUTPUT, Ports, list_ports
from bachbridge.process.ipc import Link
from bachbridge.protocol.events import Message, Midi, PortsChanged
from bachbridge.settings import Settings

_CLIENT = "BachBridge Demo"


class Stage:
    """A `rehearsal.Wire` to an engine of its own. Used on one thread; what is received comes on others."""

    def __init__(self, link: Link, system: str) -> None:
        """`system`: the MIDI system through whose ports to play; empty: through the pipe."""
        self._link, self._system = link, system
        self._ports: Ports | None = None
        self.way = f"MIDI ports ({system})" if system else "a pipe, as there are no MIDI ports to use"
        self.received: list[tuple[int, bytes]] = []
        """What came back through the ports, with its time of arrival; nothing where the pipe is used."""

    @property
    def open(self) -> bool:
        """Whether what is played reaches the engine."""
        return self._ports is not None or not self._system

    def play(self, data: bytes) -> None:
        """Send the player's MIDI message."""
        if self._ports:
            self._ports.send(data)
        else:
            self._link.send(Midi(data))

    def receive(self, timeout_s: float) -> Message | None:
        """The engine's next message; None if none comes in time; `EOFError` if the engine has ended."""
        message = self._link.receive(timeout_s)
        if isinstance(message, PortsChanged) and message.input and not self.open:
            self._ports = Ports(OUTPUT, INPUT, self._arrived, client=_CLIENT)
        return message

    def close(self) -> None:
        """Let go of the engine's ports, while it is still there to be let go of."""
        if self._ports:
            self._ports.close()

    def _arrived(self, at_ns: int, data: bytes) -> None:
        """On rtmidi's thread."""
        self.received.append((at_ns, data))


@contextmanager
def open_stage(settings: Settings, log: Path, *, ports: bool) -> Generator[Stage]:
    """A stage with its engine started, which writes `log`; `ports`: use real MIDI ports if that can be."""
    system = usable_system() if ports else ""
    with Link(settings, ports=bool(system), log=log) as link:
        stage = Stage(link, system)
        try:
            yield stage
        finally:
            stage.close()


def usable_system() -> str:
    """The MIDI system in which virtual ports of our names can be made, or nothing."""
    if sys.platform == "win32":
        return ""
    try:
        listing = list_ports()
    except PortError:
        return ""
    taken = any(own in name for own in (INPUT, OUTPUT) for name in (*listing.inputs, *listing.outputs))
    return "" if taken else listing.system
