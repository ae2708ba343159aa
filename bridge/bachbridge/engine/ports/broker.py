"""The process that owns the MIDI ports: it outlives the engine and ends what the engine left sounding.

    DAW ──▶ [rtmidi's thread: timestamp, frame] ──pipe──▶ engine ──pipe──▶ [main thread: send] ──▶ DAW

A killed engine sends no note-offs, but the operating system closes its pipe. This process then ends the notes, the
pedals and the clock, leaves the connections for the next engine, closes the ports and exits. Between two frames it does
nothing else, so the hop costs little.

The main thread reads frames and sends. Another one looks after the ports four times a second: it reopens them when a
JACK server is back, restores the connections that they had, and reports changes. A lock keeps the two apart, and the
messages of rtmidi's thread leave without it.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from bachbridge.engine.ports import frames
from bachbridge.engine.ports.left_links import find_left_links, leave_links
from bachbridge.engine.ports.sounding import SoundingNotes
from bachbridge.engine.ports.unsent import UnsentMessages
from bachbridge.errors import PortError
from bachbridge.midi.midi_system import find_free_client_name
from bachbridge.midi.ports import Ports
from bachbridge.process import ipc, realtime
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.notices import Connections, Message, PortNames
from bachbridge.protocol.wire import dumps

_CARE_INTERVAL_S = 0.25
_MAX_MIDI_BYTES = 256
"""Longer messages are system exclusive ones, which are not used."""


class _TerminationError(Exception):
    """A signal has asked this process to end."""


class PortBroker:
    """The ports between two pipes. `run` belongs to the main thread, `care` to a thread of its own."""

    def __init__(self, reader: int, writer: int) -> None:
        """`reader` and `writer` are the descriptors of the pipes from and to the engine."""
        self._reader, self._writer = reader, writer
        self._lock = threading.Lock()
        """Guards the ports against use by two threads."""
        self._sounding = SoundingNotes()
        self._unsent, self._unread = UnsentMessages(), UnsentMessages()
        """Messages without room in the output, and in the pipe to the engine."""
        self._unread_lock = threading.Lock()
        self._reported_shed_count = 0
        self._ports: Ports | None = None
        self._client = ""
        self._reported: dict[type, Message] = {}
        self._reported_links: list[tuple[str, str]] = []
        self._is_over = threading.Event()

    def run(self) -> None:
        """Open the ports and send what the engine says, until it asks to close them or its pipe ends."""
        requests = self._requests()
        kind, payload = next(requests, (frames.CLOSE, b""))
        if kind != frames.CONFIGURE or not self._open(json.loads(payload)):
            return
        threading.Thread(target=self._care, name="care", daemon=True).start()
        ends_well = False
        try:
            ends_well = self._serve(requests)
        except _TerminationError:
            pass
        finally:
            self._close(silences=not ends_well)

    def _serve(self, requests: Iterator[tuple[bytes, bytes]]) -> bool:
        """Send messages until the end; return True if the engine asked for it."""
        for kind, payload in requests:
            if kind == frames.MIDI:
                with self._lock:
                    self._send(payload)
            elif kind == frames.CLOSE:
                return True
        return False

    def _send(self, data: bytes) -> None:
        if self._ports is None or not self._ports.state.output:
            return
        if self._unsent:
            self._send_kept()
        self._send_or_keep(data)

    def _send_kept(self) -> None:
        for data in self._unsent.pop_all():
            self._send_or_keep(data)

    def _send_or_keep(self, data: bytes) -> None:
        if self._ports and not self._unsent and self._ports.send(data):
            self._sounding.add_sent(data)
        else:
            self._unsent.add(data)

    def _requests(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the engine's frames until its pipe ends."""
        unread = frames.FrameReader()
        for block in ipc.read_blocks(self._reader):
            yield from unread.feed(block)

    def _open(self, configuration: dict[str, Any]) -> bool:
        """Open the ports and report that; return False if they cannot be opened."""
        client = configuration["client"] or find_free_client_name()
        try:
            self._ports = Ports(
                configuration["input"],
                configuration["output"],
                self._pass_on,
                client=client,
                wait_for_ports=configuration["patient"],
                links=[(own, other) for own, other in configuration["links"]] or find_left_links(client),
            )
        except PortError as error:
            self._report(frames.FAILED, str(error))
            return False
        self._client = client
        self._report(frames.CLIENT, client)
        self._report_changes()
        return True

    def _close(self, *, silences: bool) -> None:
        self._is_over.set()
        with self._lock:
            if silences:
                for data in self._sounding.silencing_messages():
                    self._send(data)
                if self._ports:
                    leave_links(self._client, self._ports.links)
            if self._ports:
                self._ports.close()

    # ------------------------------------------------------------ other threads

    def _pass_on(self, at_ns: int, data: bytes) -> None:
        """Pass a message that arrived on to the engine; called on rtmidi's thread."""
        if len(data) > _MAX_MIDI_BYTES:
            return
        if self._unread or not self._write(frames.encode_arrival(at_ns, data)):
            with self._unread_lock:
                self._unread.add(data)

    def _write_kept(self) -> None:
        """Pass on what the engine had no room for."""
        with self._unread_lock:
            for data in self._unread.pop_all():
                if self._unread or not self._write(frames.encode_arrival(time.monotonic_ns(), data)):
                    self._unread.add(data)

    def _care(self) -> None:
        """Look after the ports until the end."""
        while not self._is_over.wait(_CARE_INTERVAL_S):
            with self._lock:
                if self._is_over.is_set() or self._ports is None:
                    return
                self._follow_state(self._ports.state)
                self._ports.refresh()
                self._follow_state(self._ports.state)
                self._send_kept()
                self._report_changes()
            self._write_kept()
            shed_count = self._unsent.shed_count + self._unread.shed_count
            if shed_count != self._reported_shed_count and self._report(frames.SHED, str(shed_count)):
                self._reported_shed_count = shed_count

    def _follow_state(self, state: PortsChanged) -> None:
        """Report a port that is gone before it is closed, which takes a second where a JACK server has died."""
        if not state.output:
            self._sounding = SoundingNotes()
        self._report_change(state)

    def _report_changes(self) -> None:
        """Report state, names and connections of the ports, each if it has changed."""
        assert self._ports
        reports: tuple[PortsChanged | PortNames | Connections, ...] = (
            self._ports.state,
            self._ports.port_names(),
            self._ports.connections(),
        )
        for report in reports:
            self._report_change(report)
        links = self._ports.links
        if links != self._reported_links and self._report(frames.LINKS, json.dumps(links)):
            self._reported_links = links

    def _report_change(self, report: PortsChanged | PortNames | Connections) -> None:
        if self._reported.get(type(report)) != report and self._report(frames.REPORT, dumps(report)):
            self._reported[type(report)] = report

    def _report(self, kind: bytes, text: str) -> bool:
        return self._write(frames.encode_frame(kind, text.encode()))

    def _write(self, frame: bytes) -> bool:
        """Write a frame; return False if the engine has ended (the main thread notices as well) or does not read."""
        try:
            os.write(self._writer, frame)
        except OSError:
            return False
        return True


def _terminate(_: int, __: object) -> None:
    raise _TerminationError


def main() -> None:
    """Run `python -m bachbridge.engine.ports.broker`, which the engine starts."""
    reader, writer = ipc.standard_pipes()
    if sys.platform != "win32":
        # An engine that is stopped must not stop the MIDI system's thread.
        os.set_blocking(writer, False)
    realtime.prepare_engine_process()
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    with contextlib.suppress(_TerminationError):
        PortBroker(reader, writer).run()


if __name__ == "__main__":
    main()
