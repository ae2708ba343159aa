"""The other side of the cable: ports that play to BachBridge and receive what it plays, like a DAW's.

`bench`, `demo` and the tests on real ports use `FakeDaw`. `PlayerConnection` is an engine in a process of its own with
a player connected to it: through MIDI ports where the system has virtual ones, otherwise through the pipe. Through
ports, the engine opens its virtual ports and the fake DAW connects to them. No other BachBridge may run then, as its
ports would have the same names.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self

import mido

from bachbridge.engine.ports.client import PortClient
from bachbridge.errors import PortError
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.midi_system import list_ports
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import Midi, PortsChanged
from bachbridge.protocol.instances import CLIENT_NAME, free_client_name
from bachbridge.protocol.notices import Message
from bachbridge.settings import Settings

_DEMO_CLIENT_NAME = "BachBridge Demo"


class FakeDaw:
    """A program's two MIDI ports. Used on one thread; messages arrive, with their time, on another one.

    The ports belong to a process of their own, unless a measurement cannot spare the way through it (0.1 ms): libjack
    may crash in the process that closes a port, if JACK tells that process of new latencies at the same moment.
    """

    def __init__(
        self,
        source: str | None = OUTPUT_NAME,
        sink: str | None = INPUT_NAME,
        client: str = "DAW",
        *,
        own_process: bool = True,
    ) -> None:
        """Connect to these ports, or open virtual ones for None; `client` is the program's name in the MIDI system."""
        self._arrivals: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self._ports: Ports | PortClient
        if own_process:
            self._ports = PortClient(source, sink, self._keep_arrival, lambda _: None, client=client)
        else:
            self._ports = Ports(source, sink, self._keep_arrival, client=client)

    def _keep_arrival(self, at_ns: int, data: bytes) -> None:
        self._arrivals.put((at_ns, data))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, message: mido.Message) -> None:
        """Send a MIDI message; raises `PortError` if the MIDI system is gone."""
        if not self._ports.send(bytes(message.bytes())):
            raise PortError("The MIDI system has stopped: restart it and try again.")
        if isinstance(self._ports, PortClient):
            self._ports.flush()

    def play(self, channel: int, pitch: int, *, velocity: int = 80, hold_s: float = 0.0) -> None:
        """Press a key and release it after `hold_s`."""
        self.send(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity))
        if hold_s:
            time.sleep(hold_s)
        self.send(mido.Message("note_off", channel=channel, note=pitch))

    def receive(self, timeout_s: float) -> tuple[int, bytes]:
        """Return the next message that arrived, after its time in ns; raises `PortError` if none comes in time."""
        try:
            return self._arrivals.get(timeout=timeout_s)
        except Empty:
            raise PortError("MIDI messages get lost: restart the MIDI system and try again.") from None

    def receive_pending(self) -> Iterator[tuple[int, bytes]]:
        """Yield the messages that have arrived by now, each after its time in ns."""
        while not self._arrivals.empty():
            yield self._arrivals.get()

    def close(self) -> None:
        self._ports.close()


class PlayerConnection:
    """An `EngineConnection` to an engine of its own. Used on one thread."""

    def __init__(self, link: EngineLink, midi_system: str) -> None:
        """Play through the ports of this MIDI system; empty: through the pipe."""
        self._link, self._midi_system = link, midi_system
        self._daw: FakeDaw | None = None
        self.description = f"MIDI ports ({midi_system})" if midi_system else "a pipe, as no MIDI ports can be used"

    @property
    def is_open(self) -> bool:
        """True if notes reach the engine."""
        return self._daw is not None or not self._midi_system

    def send_midi(self, message: mido.Message) -> None:
        """Send a MIDI message of the player."""
        if self._daw:
            self._daw.send(message)
        else:
            self._link.send(Midi(bytes(message.bytes())))

    def receive(self, timeout_s: float) -> Message | None:
        """Return the engine's next message, or None if none comes in time; raises `EOFError` if the engine ended."""
        message = self._link.receive(timeout_s)
        if isinstance(message, PortsChanged) and message.input and not self.is_open:
            self._daw = FakeDaw(client=_DEMO_CLIENT_NAME)
        return message

    def received_midi(self) -> list[tuple[int, bytes]]:
        """Return the messages that came back through the ports, each after its time in ns; none if the pipe is used."""
        return list(self._daw.receive_pending()) if self._daw else []

    def close(self) -> None:
        """Disconnect from the engine's ports; must be called while the engine still runs."""
        if self._daw:
            self._daw.close()


@contextmanager
def open_player_connection(settings: Settings, log: Path, *, use_ports: bool) -> Generator[PlayerConnection]:
    """Start an engine that writes `log`, and yield a player's connection to it, through real ports if possible."""
    midi_system = virtual_port_system() if use_ports else ""
    with EngineLink(settings, ports=bool(midi_system), log=log) as link:
        connection = PlayerConnection(link, midi_system)
        try:
            yield connection
        finally:
            connection.close()


def virtual_port_system() -> str:
    """Return the name of the MIDI system in which virtual ports with our names can be made, or ""."""
    if sys.platform == "win32":
        return ""
    try:
        listing = list_ports()
    except PortError:
        return ""
    return listing.system if free_client_name((*listing.inputs, *listing.outputs)) == CLIENT_NAME else ""


@contextmanager
def ensure_midi_system(period_frames: int = 64) -> Generator[str]:
    """Yield the name of the machine's MIDI system; if it has none, run a JACK server of this period meanwhile."""
    try:
        list_ports()
        server, remark = nullcontext(), ""
    except PortError:
        if not DummyServer.is_available():
            raise
        server = DummyServer(f"bachbridge-bench-{os.getpid()}", period_frames)
        remark = ", a dummy server started for this run"
        print("No MIDI system is running: a JACK server is started for the measurement.", file=sys.stderr)
    with server:
        yield list_ports().system + remark


ProgressCallback = Callable[[float], None]
"""Receives the share of the work that is done."""
