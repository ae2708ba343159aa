"""The engine in a process of its own with a player's hand on it: through MIDI ports where there are any, else by pipe.

Through ports, the engine opens its virtual ones and the stage connects to them like a DAW. That needs a system with
virtual ports on which no other BachBridge runs, whose ports would have the same names.
"""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from bachbridge.config import Settings
from bachbridge.errors import PortError
from bachbridge.events import Message, Midi, PortsChanged
from bachbridge.link import Link

_CLIENT = "BachBridge Demo"


class Stage:
    """A `rehearsal.Wire` to an engine of its own. Used on one thread; what is received comes on others."""

    def __init__(self, link: Link, hand: "Hand | None") -> None:
        self._link, self._hand = link, hand
        self.way = f"MIDI ports ({hand.system})" if hand else "a pipe, as there are no MIDI ports to use"

    @property
    def open(self) -> bool:
        """Whether what is played reaches the engine."""
        return self._hand is None or self._hand.connected

    @property
    def received(self) -> list[tuple[int, bytes]]:
        """What came back through the ports, with its time of arrival; nothing where the pipe is used."""
        return self._hand.received if self._hand else []

    def play(self, data: bytes) -> None:
        """Send the player's MIDI message."""
        if self._hand:
            self._hand.play(data)
        else:
            self._link.send(Midi(data))

    def receive(self, timeout_s: float) -> Message | None:
        """The engine's next message; None if none comes in time; `EOFError` if the engine has ended."""
        message = self._link.receive(timeout_s)
        if isinstance(message, PortsChanged) and message.input and not self.open:
            assert self._hand is not None
            self._hand.connect()
        return message


class Hand:
    """A MIDI client of our own, connected to the engine's virtual ports."""

    def __init__(self, api: int) -> None:
        rtmidi: Any = import_module("rtmidi")  # which comes without types
        self.system: str = rtmidi.get_api_display_name(api)
        self.received: list[tuple[int, bytes]] = []
        self.connected = False
        self._sink: Any = rtmidi.MidiOut(api, name=_CLIENT)
        self._source: Any = rtmidi.MidiIn(api, name=_CLIENT)

    def names(self) -> tuple[list[str], list[str]]:
        """The ports that can be played to, and those that can be listened to."""
        return self._sink.get_ports(), self._source.get_ports()

    def connect(self) -> None:
        """Connect to the engine's ports, which must be there."""
        from bachbridge.ports import INPUT, OUTPUT

        sinks, sources = self.names()
        self._source.set_callback(self._arrived)
        self._source.open_port(_index(OUTPUT, sources), "In")
        self._sink.open_port(_index(INPUT, sinks), "Out")
        self.connected = True

    def play(self, data: bytes) -> None:
        self._sink.send_message(data)

    def close(self) -> None:
        for port in (self._sink, self._source):
            port.close_port()
            port.delete()

    def _arrived(self, event: tuple[list[int], float], _: object = None) -> None:
        """On rtmidi's thread."""
        self.received.append((time.monotonic_ns(), bytes(event[0])))


def _index(own: str, names: list[str]) -> int:
    index = next((index for index, name in enumerate(names) if own in name), None)
    if index is None:
        raise PortError(f"The engine's port {own} cannot be found: restart the MIDI system and try again.")
    return index


@contextmanager
def open_stage(settings: Settings, log: Path, *, ports: bool) -> Generator[Stage]:
    """A stage with its engine started, which writes `log`; `ports`: use real MIDI ports if that can be."""
    hand = _hand() if ports and sys.platform != "win32" else None
    with Link(settings, ports=hand is not None, log=log) as link:
        try:
            yield Stage(link, hand)
        finally:
            if hand:
                hand.close()


def _hand() -> Hand | None:
    """A hand for virtual ports, where they can be had and their names are free."""
    try:
        from bachbridge.ports import INPUT, OUTPUT, find_api

        hand = Hand(find_api())
    except (ImportError, PortError):
        return None
    if any(own in name for own in (INPUT, OUTPUT) for names in hand.names() for name in names):
        hand.close()
        return None
    return hand
