"""The engine in a process of its own with a player's hand on it: through MIDI ports where there are any, else by pipe.

Through ports, the engine opens its virtual ones and the stage connects to them like a DAW. That needs a system with
virtual ports on which no other BachBridge runs, whose ports would have the same names.
"""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue

from bachbridge.config import Settings
from bachbridge.errors import PortError
from bachbridge.events import Message, Midi, PortsChanged
from bachbridge.link import Child, command
from bachbridge.ports import INPUT, OUTPUT, Ports, list_ports


class Stage:
    """A `rehearsal.Wire` to an engine of its own. Used on one thread; messages arrive on others."""

    def __init__(self, settings: Settings, log: Path, system: str) -> None:
        """`system`: the MIDI system whose ports are to be used; empty: the pipe."""
        self.way = f"MIDI ports ({system})" if system else "a pipe, as there are no MIDI ports to use"
        self.received: list[tuple[int, bytes]] = []
        """What came back through the ports, with its time of arrival."""
        self._system = system
        self._ports: Ports | None = None
        self._queue: SimpleQueue[Message | None] = SimpleQueue()
        self._child = Child(command("engine"), self._queue.put)
        start = {"settings": asdict(settings), "input": None, "output": None, "log": str(log)}
        self._child.send(json.dumps({**start, "ports": "virtual" if system else "none"}))

    @property
    def open(self) -> bool:
        """Whether what is played reaches the engine."""
        return self._ports is not None or not self._system

    def play(self, data: bytes) -> None:
        """Send the player's MIDI message."""
        if self._ports is None:
            self._child.send(Midi(data))
        else:
            self._ports.send(data)

    def receive(self, timeout_s: float) -> Message | None:
        """The engine's next message; None if none comes in time; `EOFError` if the engine has ended."""
        try:
            message = self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait()
        except Empty:
            return None
        if message is None:
            raise EOFError
        if isinstance(message, PortsChanged) and message.input and not self.open:
            self._ports = Ports(OUTPUT, INPUT, lambda at_ns, data: self.received.append((at_ns, data)))
        return message

    def close(self) -> None:
        """Let go of the ports and end the engine."""
        if self._ports is not None:
            self._ports.close()
        self._child.stop()


@contextmanager
def open_stage(settings: Settings, log: Path, *, ports: bool) -> Generator[Stage]:
    """A stage with its engine started; `ports`: use real MIDI ports if that can be."""
    stage = Stage(settings, log, _usable_system() if ports else "")
    try:
        yield stage
    finally:
        stage.close()


def _usable_system() -> str:
    """The MIDI system in which virtual ports of our names can be made, or nothing."""
    if sys.platform == "win32":
        return ""
    try:
        listing = list_ports()
    except PortError:
        return ""
    taken = any(own in name for own in (INPUT, OUTPUT) for name in (*listing.inputs, *listing.outputs))
    return "" if taken else listing.system
