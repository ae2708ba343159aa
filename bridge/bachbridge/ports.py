"""MIDI ports: ours that others connect to, or others' that we connect to; found by name, watched, taken again.

On Linux the ALSA sequencer is used where there is one, else a JACK server that is running (none is ever started); on
macOS CoreMIDI; on Windows the multimedia API, which knows no virtual ports. Names are compared without regard to
case or to ALSA's client numbers. Whether a port lives is read from the system's list of names: after a JACK server
has died, `is_port_open` and `send_message` go on as if nothing had happened.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import rtmidi

from bachbridge.errors import PortError

CLIENT, INPUT, OUTPUT = "BachBridge", "BachBridge In", "BachBridge Out"

_HOW_TO: dict[str, str] = {
    "linux": (
        "there is no MIDI system: enable ALSA's sequencer (sudo modprobe snd-seq) "
        "or start a JACK server (sudo apt install jackd2, then jackd -d dummy)"
    ),
    "win32": (
        "Windows has no virtual MIDI ports of its own: install a loopback driver such as loopMIDI, create two ports "
        "in it and name them with --in and --out"
    ),
}
_API_NAMES = {
    rtmidi.API_LINUX_ALSA: "ALSA sequencer",
    rtmidi.API_UNIX_JACK: "JACK",
    rtmidi.API_MACOSX_CORE: "CoreMIDI",
    rtmidi.API_WINDOWS_MM: "Windows MM",
}

Receive = Callable[[int, bytes], None]
"""Called on rtmidi's thread with the monotonic time in ns and one message."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The ports of the system in its own words."""

    api: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What JACK's library prints when there is no server is nothing for the person."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _open(kind: Any, api: int) -> Any:
    """An rtmidi object of `kind` on `api`; raises rtmidi's errors."""
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    with _quiet():
        return kind(api, name=CLIENT)


def find_api() -> int:
    """The first API that works on this machine; raises `PortError`."""
    for api in _API_NAMES:
        if api in rtmidi.get_compiled_api():
            with contextlib.suppress(rtmidi.RtMidiError, OSError):
                probe = _open(rtmidi.MidiOut, api)
                probe.delete()
                return api
    raise PortError(_HOW_TO.get(sys.platform, "there is no MIDI system on this machine"))


def listing() -> Listing:
    """What `bachbridge ports` shows; raises `PortError` where there is no MIDI system."""
    api = find_api()
    source, sink = _open(rtmidi.MidiIn, api), _open(rtmidi.MidiOut, api)
    try:
        return Listing(_API_NAMES[api], tuple(source.get_ports()), tuple(sink.get_ports()))
    finally:
        source.delete()
        sink.delete()


def _plain(name: str) -> str:
    return re.sub(r"\s+\d+:\d+$", "", name).casefold()


def match(wanted: str, names: Sequence[str], kind: str) -> int:
    """The index of the port whose name contains `wanted`; a name that equals it comes before all others."""
    key = _plain(wanted)
    hits = [i for i, name in enumerate(names) if _plain(name) == key] or [
        i for i, name in enumerate(names) if key in _plain(name)
    ]
    if len(hits) == 1:
        return hits[0]
    if hits:
        several = ", ".join(repr(names[i]) for i in hits)
        raise PortError(f"{len(hits)} {kind} ports contain {wanted!r}: {several}; give more of the name")
    there = ", ".join(repr(name) for name in names) or "none"
    raise PortError(f"no {kind} port contains {wanted!r}; there are: {there}")


class Ports:
    """Our pair of ports. Opened, used for sending and closed on the engine's thread."""

    def __init__(self, input_name: str | None, output_name: str | None, receive: Receive) -> None:
        """A name of None stands for a virtual port of ours. Nothing is opened yet."""
        self._wanted = (input_name, output_name)
        self._receive = receive
        self._api = find_api()
        self._in: Any = None
        self._out: Any = None
        self.names = ("", "")
        """What input and output are called; empty while closed."""

    def open(self) -> None:
        """Open both, or neither and raise `PortError`."""
        self.close()
        try:
            self._out = _open(rtmidi.MidiOut, self._api)
            out_name = self._take(self._out, self._wanted[1], "output", OUTPUT)
            self._in = _open(rtmidi.MidiIn, self._api)
            self._in.ignore_types(sysex=True, timing=False, active_sense=True)
            self._in.set_callback(self._stamp)
            in_name = self._take(self._in, self._wanted[0], "input", INPUT)
        except PortError:
            self.close()
            raise
        except (rtmidi.RtMidiError, OSError, NotImplementedError) as error:
            self.close()
            raise PortError(_HOW_TO.get(sys.platform, f"the ports cannot be opened ({error})")) from error
        self.names = (in_name, out_name)

    @staticmethod
    def _take(port: Any, wanted: str | None, kind: str, own: str) -> str:
        if wanted is None:
            port.open_virtual_port(own)
            return own
        names = port.get_ports()
        index = match(wanted, names, kind)
        port.open_port(index, own)
        return names[index]

    def _stamp(self, event: tuple[list[int], float], _: object = None) -> None:
        """On rtmidi's thread: stamp and hand over, nothing else (its own delta times are wrong on some systems)."""
        self._receive(time.monotonic_ns(), bytes(event[0]))

    def send(self, data: bytes) -> None:
        """Send one message; into the void while closed."""
        if self._out is not None:
            with contextlib.suppress(rtmidi.RtMidiError):
                self._out.send_message(data)

    def close(self) -> None:
        """Close both; whatever was sent before goes out first."""
        for port in (self._in, self._out):
            if port is not None:
                port.close_port()
                port.delete()
        self._in = self._out = None
        self.names = ("", "")


class Watch:
    """Whether the ports that we use are still in the system's lists. Used on a thread of its own."""

    def __init__(self, input_name: str | None, output_name: str | None) -> None:
        self._wanted = (input_name, output_name)
        self._api = find_api()
        self._probes: tuple[Any, Any] | None = None

    def present(self) -> bool:
        """Whether everything that `Ports.open` needs is there now."""
        lists = self._lists()
        if lists is None:
            return False
        try:
            wanted = zip(self._wanted, lists, ("input", "output"), strict=True)
            return all(name is None or match(name, names, kind) >= 0 for name, names, kind in wanted)
        except PortError:
            return False

    def _lists(self) -> tuple[list[str], list[str]] | None:
        """Inputs and outputs; None where the MIDI system is gone.

        The probing clients are kept, because a new client every second would be a disturbance on JACK. After its
        server has died their lists are empty, our own ports included; then new ones are tried.
        """
        if self._probes is None:
            try:
                self._probes = _open(rtmidi.MidiIn, self._api), _open(rtmidi.MidiOut, self._api)
            except (rtmidi.RtMidiError, OSError):
                return None
        lists = (self._probes[0].get_ports(), self._probes[1].get_ports())
        if self._api == rtmidi.API_UNIX_JACK and not any(lists):
            self.close()
            return None
        return lists

    def close(self) -> None:
        for probe in self._probes or ():
            probe.delete()
        self._probes = None
