"""The engine's side of the process that owns the MIDI ports (see `broker`).

The messages of one moment are written to the pipe at once, on the engine's thread. A broker that has stopped reading
never blocks the engine: what the pipe cannot hold is lost. A broker that dies is started again, gets the connections
that its ports had, and ends all notes, because nobody else can.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from bachbridge.engine.ports import frames
from bachbridge.engine.ports.sounding import SoundingNotes
from bachbridge.engine.ports.unsent import UnsentMessages
from bachbridge.errors import PortError
from bachbridge.midi import messages as midi
from bachbridge.process import ipc
from bachbridge.process.restart import RestartBackoff
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.notices import Connections, PortNames
from bachbridge.protocol.wire import loads

_OPENING_ATTEMPTS = 3
_OPEN_TIMEOUT_S = 20.0
_CLOSE_TIMEOUT_S = 2.0
_MAX_AT_ONCE = 64
"""Messages in one write, which the system does as a whole or not at all."""
_RESTART_PAUSES_S = (0.05, 0.5, 2.0, 10.0)

ArrivalCallback = Callable[[int, bytes], None]
"""Receives the time of arrival (monotonic, ns) and the bytes of one message; called on the client's thread."""


class PortClient:
    """The ports as the loop uses them. All methods but the callbacks belong to the engine's thread."""

    def __init__(
        self,
        input_name: str | None,
        output_name: str | None,
        on_midi: ArrivalCallback,
        on_change: Callable[[PortsChanged], None],
        *,
        client: str = "",
        wait_for_ports: bool = False,
        command: Sequence[str] = (),
    ) -> None:
        """Start the process and wait until the ports are open; raises `PortError` if they cannot be opened.

        Names and `wait_for_ports` are those of `midi.ports.Ports`, and so is `client`; if it is empty, the first name
        for a BachBridge that is free. `on_change` is called on the client's thread with every later state. `command`
        starts the process, if it is not the program's own.
        """
        self._configuration: dict[str, Any] = {
            "input": input_name,
            "output": output_name,
            "patient": wait_for_ports,
            "links": [],
            "client": client,
        }
        self._on_midi, self._on_change = on_midi, on_change
        self._command = list(command) or ipc.process_command("ports")
        self._backoff = RestartBackoff(_RESTART_PAUSES_S)
        self._state, self._names, self._connections = PortsChanged("", ""), PortNames((), ()), Connections(-1, -1)
        self._due: list[bytes] = []
        self._unsent = UnsentMessages()
        self._broker_shed_count = self._former_shed_count = 0
        """Notes that the process has left out, and the one before it."""
        self._sounding = SoundingNotes()
        self._left_sounding: SoundingNotes | None = None
        """The notes of the moment when the process died, until they are ended; None otherwise."""
        self._failure = ""
        self._is_ready, self._is_closed = threading.Event(), threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._run, name="ports", daemon=True)
        self._thread.start()
        if not self._is_ready.wait(_OPEN_TIMEOUT_S):
            self._failure = "The MIDI system does not answer: restart it and try again."
        if self._failure:
            self.close()
            raise PortError(self._failure)

    @property
    def state(self) -> PortsChanged:
        return self._state

    def send(self, data: bytes, /) -> bool:
        """Send one message with the next `flush`; return False if the output is closed."""
        if not self._state.output or self._is_closed.is_set():
            return False
        self._due.append(data)
        return True

    def flush(self) -> None:
        """Write the messages of one moment, such as a chord's, at once: the other process wakes up only once."""
        if not self._due and not self._unsent:
            return
        due, self._due = [*self._unsent.pop_all(), *self._due], []
        for start in range(0, len(due), _MAX_AT_ONCE):
            part = due[start : start + _MAX_AT_ONCE]
            has_room = not self._unsent and self._write(
                b"".join(frames.encode_frame(frames.MIDI, data) for data in part)
            )
            add = self._sounding.add_sent if has_room else self._unsent.add
            for data in part:
                add(data)

    @property
    def shed_count(self) -> int:
        """Number of notes, in and out, that were left out so far for want of room."""
        return self._unsent.shed_count + self._former_shed_count + self._broker_shed_count

    def port_names(self) -> PortNames:
        """Return the other programs' ports, at most a quarter of a second old."""
        return self._names

    def connections(self) -> Connections:
        """Return the number of ports connected to ours, at most a quarter of a second old."""
        return self._connections

    def close(self) -> None:
        """Close the ports after the messages that were sent have gone out; a second call does nothing."""
        if self._is_closed.is_set():
            return
        self._is_closed.set()
        self.flush()
        self._write(frames.encode_frame(frames.CLOSE))
        self._close_pipe()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE_TIMEOUT_S)
        self._end_process()
        self._thread.join(_CLOSE_TIMEOUT_S)

    # ------------------------------------------------------------ the process

    def _start(self) -> "subprocess.Popen[Any]":
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=ipc.child_environment(),
            **ipc.detached_options(),
        )
        assert process.stdin
        descriptor = process.stdin.fileno()
        os.write(descriptor, frames.encode_frame(frames.CONFIGURE, json.dumps(self._configuration).encode()))
        if sys.platform != "win32":
            os.set_blocking(descriptor, False)
        return process

    def _end_process(self) -> None:
        """End the process in any case."""
        self._close_pipe()
        self._process.kill()
        self._process.wait()

    def _close_pipe(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _write(self, frame: bytes) -> bool:
        try:
            assert self._process.stdin
            os.write(self._process.stdin.fileno(), frame)
        except (OSError, ValueError):
            # The pipe is full, or the process has ended.
            return False
        return True

    def _run(self) -> None:
        """Read the process's frames, and start it again whenever it dies; runs on the client's thread.

        libjack can crash the process when it closes a port, even before it has said why a port cannot be opened.
        """
        attempts_left = _OPENING_ATTEMPTS - 1
        while True:
            self._read_frames()
            if not self._is_ready.is_set() and not self._failure:
                if attempts_left:
                    attempts_left -= 1
                    self._end_process()
                    self._process = self._start()
                    continue
                self._failure = "The process for the MIDI ports has ended: restart BachBridge."
            if self._is_closed.is_set() or self._failure:
                self._is_ready.set()
                return
            self._end_process()
            self._change_state(PortsChanged("", ""))
            self._left_sounding, self._sounding = self._sounding, SoundingNotes()
            self._former_shed_count, self._broker_shed_count = self._former_shed_count + self._broker_shed_count, 0
            time.sleep(self._backoff.record_death())
            if not self._is_closed.is_set():
                self._process = self._start()

    def _read_frames(self) -> None:
        assert self._process.stdout
        reader = frames.FrameReader()
        with self._process.stdout:
            for block in ipc.read_blocks(self._process.stdout.fileno()):
                for kind, payload in reader.feed(block):
                    self._handle_frame(kind, payload)

    def _handle_frame(self, kind: bytes, payload: bytes) -> None:
        if kind == frames.MIDI:
            self._on_midi(*frames.decode_arrival(payload))
        elif kind == frames.SHED:
            self._broker_shed_count = int(payload)
        elif kind == frames.REPORT:
            self._handle_report(payload)
        elif kind == frames.LINKS:
            self._configuration["links"] = json.loads(payload)
        elif kind == frames.CLIENT:
            self._configuration["client"] = payload.decode()
        elif kind == frames.FAILED and not self._is_ready.is_set():
            self._failure = payload.decode()

    def _handle_report(self, payload: bytes) -> None:
        match loads(payload.decode()):
            case PortsChanged() as state:
                self._change_state(state)
            case PortNames() as names:
                self._names = names
            case Connections() as connections:
                self._connections = connections
            case _:
                pass

    def _change_state(self, state: PortsChanged) -> None:
        before, self._state = self._state, state
        if not self._is_ready.is_set():
            self._is_ready.set()
        elif state != before:
            self._backoff.reset()
            if state.output and self._left_sounding:
                for data in [*self._left_sounding.silencing_messages(), *midi.panic_messages()]:
                    self._write(frames.encode_frame(frames.MIDI, data))
                self._left_sounding = None
            self._on_change(state)
