"""The MIDI ports: our own virtual ports, or other programs' ports by name, watched as they appear and disappear.

Messages arrive on a thread of rtmidi's, which only timestamps them and passes them on. All other methods belong to the
engine's thread, including the look at the list of port names: rtmidi holds the interpreter's lock while it lists them,
so a separate thread would block the engine just as long, at a moment that the engine cannot choose.

A named port that disappears is closed, and opened again when a port of that name is back. Our own virtual ports
disappear only with a JACK server, and are created again when one answers. rtmidi's `is_port_open` is no help here: it
stays true.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bachbridge.errors import PortError
from bachbridge.midi import jack, midi_system
from bachbridge.midi.connections import Link, LinkKeeper, count_connections
from bachbridge.midi.loopback import complete_ports, loopback_text
from bachbridge.midi.messages import is_essential
from bachbridge.midi.output_room import OutputRoom
from bachbridge.midi.port_names import match_port, strip_port_numbers
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.instances import CLIENT_NAME, input_port_name, output_port_name
from bachbridge.protocol.notices import Connections, PortNames

INPUT_NAME, OUTPUT_NAME = input_port_name(), output_port_name()

MidiCallback = Callable[[int, bytes], None]
"""Receives the time of arrival (monotonic, ns) and the bytes of one message; called on rtmidi's thread."""

_DRAIN_S = 0.05
"""Time for the last messages to reach the other end before the port closes.

rtmidi waits until JACK has accepted them, but a port that closes in the same period loses them: without this pause, an
engine that ended left notes hanging one time in eight on a busy machine.
"""


@dataclass(slots=True)
class _OwnPort:
    """One of our two ports. `name` is the name that the system gives it; empty while the port is closed."""

    kind: str
    client: str
    own_name: str
    wanted_name: str | None
    """Part of the name of another program's port, its whole name once resolved; None: a virtual port of our own."""
    port: Any = None
    name: str = ""
    is_resolved: bool = False
    """True once `wanted_name` is the whole name of a port that was found."""
    wait_for_port: bool = False
    """True to wait for a port that does not exist yet; otherwise `open` fails."""

    def open(self, system: int) -> None:
        """Open the port, for the first time or again; raises `PortError` if that fails."""
        rtmidi = midi_system.load_rtmidi()
        self.port = midi_system.create_port("MidiIn" if self.kind == "input" else "MidiOut", system, self.client)
        try:
            if self.wanted_name is None:
                if system != rtmidi.API_WINDOWS_MM:
                    self.port.open_virtual_port(self.own_name)
                    self.name = self.own_name
            else:
                if not self.wait_for_port:
                    self._resolve(midi_system.port_names(self.port))
                self.reconnect()
        except (rtmidi.RtMidiError, OSError) as error:
            raise PortError(
                f"The {self.kind} port cannot be opened ({error}): close other programs that use it."
            ) from error

    @property
    def needs_loopback(self) -> bool:
        """True if the system has no virtual ports and no other port was chosen."""
        return self.port is not None and self.wanted_name is None and not self.name

    def _resolve(self, listed: Sequence[str]) -> None:
        """Complete the wanted name to the only match among the listed ports; raises `PortError` without one."""
        if self.wanted_name is not None and not self.is_resolved:
            found = match_port(self.wanted_name, listed, self.kind)
            self.wanted_name = strip_port_numbers(listed)[listed.index(found)]
            self.is_resolved = True

    def reconnect(self) -> bool:
        """Close a named port that is gone, or open it again when it is back; return True if anything changed."""
        if self.wanted_name is None or self.port is None:
            return False
        listed = midi_system.port_names(self.port)
        with contextlib.suppress(PortError):
            self._resolve(listed)
        names = strip_port_numbers(listed)
        is_listed = self.wanted_name in names
        if is_listed == bool(self.name):
            return False
        if is_listed:
            self.port.open_port(names.index(self.wanted_name), name=self.own_name)
        else:
            self.port.close_port()
        self.name = self.wanted_name if is_listed else ""
        return True

    def close(self) -> None:
        port, self.port, self.name = self.port, None, ""
        if port is not None:
            port.close_port()
            port.delete()


class Ports:
    """Our input port and our output port. Used on the engine's thread only."""

    def __init__(
        self,
        input_name: str | None,
        output_name: str | None,
        on_midi: MidiCallback,
        *,
        client: str = CLIENT_NAME,
        wait_for_ports: bool = False,
        links: Sequence[Link] = (),
    ) -> None:
        """Open both ports; raises `PortError` if that fails.

        A name of None opens a virtual port, or on Windows an end of a loopback (see `loopback`); otherwise the other
        program's port that matches the name is used. With
        `wait_for_ports`, a port that does not exist yet is no error: `refresh` opens it when it appears. `links` are
        connections to restore, where the system allows it.
        """
        self._on_midi = on_midi
        self._input = _OwnPort("input", client, input_port_name(client), input_name, wait_for_port=wait_for_ports)
        self._output = _OwnPort("output", client, output_port_name(client), output_name, wait_for_port=wait_for_ports)
        self._jack_watch: jack.ServerWatch | None = None
        self._room: OutputRoom | None = None
        self._own_inputs: frozenset[str] = frozenset()
        """The input's full name on JACK, where other programs may have ports of the same name."""
        self._links = LinkKeeper(self._input.own_name, self._output.own_name, links)
        self._open()

    @property
    def links(self) -> list[Link]:
        """The connections that are there or are to be restored; none where the system does not name them."""
        return self._links.links

    @property
    def state(self) -> PortsChanged:
        """The names of the open ports; empty as soon as the JACK server is gone."""
        if self._jack_watch and not self._jack_watch.is_alive:
            return PortsChanged("", "")
        return PortsChanged(self._input.name, self._output.name)

    def port_names(self) -> PortNames:
        """Return the other programs' ports; none if the system does not answer.

        This takes 0.1 ms; a new client would take far longer.
        """
        rtmidi = midi_system.load_rtmidi()
        try:
            return PortNames(self._other_names(self._input.port), self._other_names(self._output.port))
        except (rtmidi.RtMidiError, OSError):
            return PortNames((), ())

    def _other_names(self, port: Any) -> tuple[str, ...]:
        # On Windows no port is our own, though one may have its name.
        own_names = () if sys.platform == "win32" else (self._input.own_name, self._output.own_name)
        names = () if port is None else strip_port_numbers(midi_system.port_names(port))
        return tuple(name for name in names if not any(own in name for own in own_names))

    def send(self, data: bytes) -> bool:
        """Send one message now; return False if the port is closed, has no room or does not accept it."""
        if not self.state.output:
            return False
        if self._room and not self._room.reserve(len(data), is_essential=is_essential(data)):
            return False
        rtmidi = midi_system.load_rtmidi()
        try:
            self._output.port.send_message(data)
        except (rtmidi.RtMidiError, OSError, ValueError):
            return False
        return True

    def connections(self) -> Connections:
        """Count the other programs' ports that are connected to ours."""
        return count_connections(self._input.own_name, self._output.own_name, self._jack_watch)

    def refresh(self) -> bool:
        """Compare the listed ports with the open ones; return True if anything changed. Call it once a second."""
        rtmidi = midi_system.load_rtmidi()
        before = self.state
        try:
            if self._jack_watch and not self._jack_watch.is_alive:
                self._links.lose_all()
                self.close()
            self._choose_loopback()
            if self._input.port is None:
                self._open()
            elif self._watch_input(self._input.reconnect):
                self._start_listening()
            self._output.reconnect()
            if self._jack_watch:
                self._links.refresh(self._jack_watch)
        except (PortError, rtmidi.RtMidiError, OSError):
            # The port or the system has just disappeared again: the next call will try again.
            pass
        return self.state != before

    def close(self) -> None:
        """Close both ports, after the messages that were sent have gone out.

        The input is silenced first. rtmidi holds the interpreter's lock while it closes a port, and JACK closes a
        client between two periods: a message that arrives then would wait for the lock, and the period for the message.
        """
        if self.state.input:
            self._input.port.ignore_types(sysex=True, timing=True, active_sense=True)
            if self._jack_watch:
                for full_name in self._own_inputs:
                    self._jack_watch.disconnect(full_name)
        if self.state != PortsChanged("", ""):
            time.sleep(_DRAIN_S)
        self._output.close()
        self._input.close()
        jack_watch, self._jack_watch = self._jack_watch, None
        if jack_watch:
            jack_watch.close()

    def _open(self) -> None:
        try:
            system = midi_system.find_system()
            if system == midi_system.load_rtmidi().API_UNIX_JACK:
                self._jack_watch = jack.ServerWatch()
                self._room = OutputRoom(self._jack_watch.frame_clock)
            self._output.open(system)
            self._watch_input(partial(self._input.open, system))
            self._choose_loopback()
            self._output.reconnect()
            self._input.reconnect()
            self._start_listening()
            if self._jack_watch:
                self._links.refresh(self._jack_watch)
        except PortError:
            self.close()
            raise

    def _watch_input(self, open_input: Callable[[], bool | None]) -> bool:
        """Open the input, or open it again, and note its full name on JACK; return what `open_input` returns."""
        before = self._jack_inputs()
        has_changed = open_input()
        self._own_inputs = (self._jack_inputs() - before) or self._own_inputs
        return bool(has_changed)

    def _jack_inputs(self) -> frozenset[str]:
        return self._jack_watch.ports_named(self._input.own_name) if self._jack_watch else frozenset()

    def _choose_loopback(self) -> None:
        """Name the ports that have none where there are no virtual ports, if there is a loopback.

        Raises `PortError` if there is none and the ports are not waited for.
        """
        if not (self._input.needs_loopback or self._output.needs_loopback):
            return
        listed = midi_system.port_names(self._input.port), midi_system.port_names(self._output.port)
        found = complete_ports(self._input.wanted_name, self._output.wanted_name, *listed)
        if found:
            self._input.wanted_name, self._output.wanted_name = found
        elif not self._input.wait_for_port:
            raise PortError(loopback_text(*listed))

    def _start_listening(self) -> None:
        """Receive messages, including MIDI clock, but neither system exclusive nor active sensing."""
        if self._input.name:
            self._input.port.ignore_types(sysex=True, timing=False, active_sense=True)
            self._input.port.set_callback(_timestamped(self._on_midi))


def _timestamped(on_midi: MidiCallback) -> Callable[[tuple[list[int], float], object], None]:
    """Return a callback for rtmidi that adds the time; rtmidi's own times are lost or wrong on some systems."""
    now = time.monotonic_ns

    def receive(event: tuple[list[int], float], _: object) -> None:
        on_midi(now(), bytes(event[0]))

    return receive
