"""The MIDI ports: our own virtual ones, or those of others by name; and the watch over their coming and going.

The system is ALSA's sequencer or else JACK on Linux, CoreMIDI on macOS, MultiMedia (without virtual ports) on Windows.
Messages come in on a thread of rtmidi's: there they are stamped and handed on, nothing else. All other methods belong
to the engine's thread, the look at the list of names too: rtmidi keeps the interpreter's lock while it looks, so a
thread of its own would hold the engine up just as long, at a moment that the engine cannot choose.

A named port that vanishes is closed, and taken again when a port of the same name is there; our own virtual ports
vanish only with a JACK server, and are made anew when one answers. What `is_port_open` says is of no use for this.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bachbridge.errors import PortError
from bachbridge.midi import jack
from bachbridge.midi.connections import count_connections
from bachbridge.protocol.effects import Connections, PortNames
from bachbridge.protocol.events import PortsChanged

CLIENT_NAME = "BachBridge"
INPUT_NAME, OUTPUT_NAME = f"{CLIENT_NAME} In", f"{CLIENT_NAME} Out"

_ALSA_DEVICE = "/dev/snd/seq"
_ALSA_NUMBERS = re.compile(r"\s+\d+:\d+$")
"""ALSA's client and port numbers at the end of a name: they change from one plugging to the next."""

MidiCallback = Callable[[int, bytes], None]
"""Takes the time of arrival (monotonic, ns) and one message; called on rtmidi's thread."""

_DRAIN_S = 0.05
"""The last messages' way to the other end. rtmidi waits until JACK has taken them, but a port that goes away in the
same period takes them with it: one time in eight on a busy machine the notes of an engine that was told to end hung."""


@dataclass(frozen=True, slots=True)
class PortListing:
    """The ports of others that can be listened to and played to, and the system they belong to."""

    system: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@cache
def _rtmidi() -> Any:
    """The module rtmidi; `PortError` where the libraries it needs are missing."""
    try:
        import rtmidi
    except ImportError as error:
        raise PortError(
            f'The MIDI library cannot be loaded ({error}): install it, on Debian with "sudo apt install libasound2".'
        ) from error
    return rtmidi


def find_system() -> int:
    """The number, in rtmidi, of the MIDI system to use, or `PortError` with what to install or enable."""
    rtmidi = _rtmidi()
    if sys.platform == "darwin":
        return rtmidi.API_MACOSX_CORE
    if sys.platform == "win32":
        return rtmidi.API_WINDOWS_MM
    compiled = rtmidi.get_compiled_api()
    if rtmidi.API_LINUX_ALSA in compiled and os.access(_ALSA_DEVICE, os.R_OK | os.W_OK):
        return rtmidi.API_LINUX_ALSA
    if rtmidi.API_UNIX_JACK in compiled and jack.is_server_running():
        return rtmidi.API_UNIX_JACK
    raise PortError(
        'This machine has no MIDI system: enable ALSA\'s sequencer with "sudo modprobe snd-seq", '
        'or install JACK with "sudo apt install jackd2" and start it with "jackd -d dummy &".'
    )


def _create_rtmidi(kind: str, system: int, client: str = CLIENT_NAME) -> Any:
    """An rtmidi.MidiIn or MidiOut without an open port."""
    rtmidi = _rtmidi()
    try:
        return getattr(rtmidi, kind)(system, name=client)
    except (rtmidi.RtMidiError, OSError) as error:
        raise PortError(f"The MIDI system refuses us ({error}): restart it and try again.") from error


def list_ports() -> PortListing:
    """What there is at this moment, or `PortError` where there is no MIDI system."""
    system = find_system()
    source, sink = _create_rtmidi("MidiIn", system), _create_rtmidi("MidiOut", system)
    listing = PortListing(_rtmidi().get_api_display_name(system), _port_names(source), _port_names(sink))
    source.delete()
    sink.delete()
    return listing


def _port_names(port: Any) -> tuple[str, ...]:
    return tuple(name or "" for name in port.get_ports())


def strip_alsa_numbers(name: str) -> str:
    """A port's name without ALSA's numbers."""
    return _ALSA_NUMBERS.sub("", name)


def match_port(wanted: str, names: Sequence[str], kind: str) -> str:
    """The name that is `wanted`, or else the only one that contains it, case and ALSA's numbers aside.

    `kind` is "input" or "output", for the sentence of the `PortError`.
    """
    sought = wanted.strip().casefold()
    whole = {name: name.casefold() for name in names}
    bare = {name: strip_alsa_numbers(name).casefold() for name in names}
    found = [name for name in names if sought in (whole[name], bare[name])]
    if sought and not found:
        searched = whole if _ALSA_NUMBERS.search(sought) else bare
        found = [name for name in names if sought in searched[name]]
    if len(found) == 1:
        return found[0]
    if found:
        raise PortError(f'Several {kind} ports fit "{wanted}", give more of the name: {_quoted(found)}.')
    if names:
        raise PortError(f'No {kind} port fits "{wanted}", choose one of these: {_quoted(names)}.')
    raise PortError(f'No {kind} port fits "{wanted}", and there is none at all: start the DAW or plug the device in.')


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@dataclass(slots=True)
class _OwnPort:
    """One of our two ports. `name` is in the system's words, empty while the port is closed."""

    kind: str
    client: str
    own_name: str
    wanted_name: str | None
    """Part of the name of another's port; its whole name once it was found. None: a virtual port of our own."""
    port: Any = None
    name: str = ""
    is_resolved: bool = False
    wait_for_port: bool = False
    """Whether a port that was never there is waited for."""

    def open(self, system: int) -> None:
        """Open the port, for the first time or anew; `PortError` if that cannot be."""
        rtmidi = _rtmidi()
        self.port = _create_rtmidi("MidiIn" if self.kind == "input" else "MidiOut", system, self.client)
        try:
            if self.wanted_name is None:
                self._open_virtual(system)
            else:
                if not self.is_resolved and not self.wait_for_port:
                    self.wanted_name, self.is_resolved = (
                        strip_alsa_numbers(match_port(self.wanted_name, _port_names(self.port), self.kind)),
                        True,
                    )
                self.reconnect()
        except (rtmidi.RtMidiError, OSError) as error:
            raise PortError(f"The {self.kind} port cannot be opened ({error}): close what else uses it.") from error

    def _open_virtual(self, system: int) -> None:
        if system == _rtmidi().API_WINDOWS_MM:
            raise PortError(
                "Windows has no virtual MIDI ports of its own: install a loopback driver such as loopMIDI, make two "
                "ports with it, and name them with --in and --out."
            )
        self.port.open_virtual_port(self.own_name)
        self.name = self.own_name

    def reconnect(self) -> bool:
        """Let go of a named port that is gone, take it again when it is back; returns whether anything changed."""
        if self.wanted_name is None or self.port is None:
            return False
        listed = _port_names(self.port)
        if not self.is_resolved:
            with contextlib.suppress(PortError):
                self.wanted_name, self.is_resolved = (
                    strip_alsa_numbers(match_port(self.wanted_name, listed, self.kind)),
                    True,
                )
        names = [strip_alsa_numbers(name) for name in listed]
        there = self.wanted_name in names
        if there == bool(self.name):
            return False
        if there:
            self.port.open_port(names.index(self.wanted_name), name=self.own_name)
        else:
            self.port.close_port()
        self.name = self.wanted_name if there else ""
        return True

    def close(self) -> None:
        """Let everything that was sent go out, and close."""
        port, self.port, self.name = self.port, None, ""
        if port is not None:
            port.close_port()
            port.delete()


class Ports:
    """Our input and output. Every method is for the engine's thread."""

    def __init__(
        self,
        input_name: str | None,
        output_name: str | None,
        on_midi: MidiCallback,
        *,
        client: str = CLIENT_NAME,
        wait_for_ports: bool = False,
    ) -> None:
        """Open both: virtual where no name is given, else the others' ports that fit the names; or `PortError`.

        If `patient`, a port that no name fits is waited for instead: `look` takes it when it comes.
        """
        self._on_midi = on_midi
        self._input = _OwnPort("input", client, f"{client} In", input_name, wait_for_port=wait_for_ports)
        self._output = _OwnPort("output", client, f"{client} Out", output_name, wait_for_port=wait_for_ports)
        self._jack_watch: jack.ServerWatch | None = None
        self._open()

    @property
    def state(self) -> PortsChanged:
        return PortsChanged(self._input.name, self._output.name)

    def port_names(self) -> PortNames:
        """The ports of others; none where the system does not answer (0.1 ms; a new client would take far longer)."""
        rtmidi = _rtmidi()
        try:
            return PortNames(self._other_names(self._input.port), self._other_names(self._output.port))
        except (rtmidi.RtMidiError, OSError):
            return PortNames((), ())

    def _other_names(self, port: Any) -> tuple[str, ...]:
        own = (self._input.own_name, self._output.own_name)
        names = () if port is None else _port_names(port)
        return tuple(strip_alsa_numbers(name) for name in names if not any(ours in name for ours in own))

    def send(self, data: bytes) -> bool:
        """Send one message now; False if the port is closed or refuses."""
        if not self._output.name:
            return False
        rtmidi = _rtmidi()
        try:
            self._output.port.send_message(data)
        except (rtmidi.RtMidiError, OSError, ValueError):
            return False
        return True

    def connections(self) -> Connections:
        """How many ports of others are connected to ours."""
        return count_connections(self._input.own_name, self._output.own_name, self._jack_watch)

    def refresh(self) -> bool:
        """Hold the list of names against what is open (call it once a second); returns whether anything changed."""
        rtmidi = _rtmidi()
        before = self.state
        try:
            if self._jack_watch and not self._jack_watch.is_alive:
                self.close()
            if self._input.port is None:
                self._open()
            elif self._input.reconnect():
                self._start_listening()
            self._output.reconnect()
        except (PortError, rtmidi.RtMidiError, OSError):
            # It was there a moment ago and is gone again: the next look will tell.
            pass
        return self.state != before

    def close(self) -> None:
        """Close both ports; what was sent goes out first."""
        if self._output.name:
            time.sleep(_DRAIN_S)
        self._output.close()
        self._input.close()
        lifeline, self._jack_watch = self._jack_watch, None
        if lifeline:
            lifeline.close()

    def _open(self) -> None:
        try:
            system = find_system()
            if system == _rtmidi().API_UNIX_JACK:
                self._jack_watch = jack.ServerWatch()
            self._output.open(system)
            self._input.open(system)
            self._start_listening()
        except PortError:
            self.close()
            raise

    def _start_listening(self) -> None:
        """Clock is heard, system exclusive and active sensing are not."""
        if self._input.name:
            self._input.port.ignore_types(sysex=True, timing=False, active_sense=True)
            self._input.port.set_callback(_timestamped(self._on_midi))


def _timestamped(on_midi: MidiCallback) -> Callable[[tuple[list[int], float], object], None]:
    """Take the time here: rtmidi's own is lost or wrong on some systems."""
    now = time.monotonic_ns

    def arrive(event: tuple[list[int], float], _: object) -> None:
        on_midi(now(), bytes(event[0]))

    return arrive
