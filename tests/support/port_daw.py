"""A fake DAW for tests: it plays to BachBridge and keeps track of the notes that sound in its synthesizer.

Like a real DAW, its ports are in a process of their own (`python -m tests.support.port_daw`). On JACK, rtmidi closes a
port while JACK's thread may still be using it, and on a busy machine that has ended the whole test run.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from bachbridge.engine.ports import frames
from bachbridge.errors import PortError
from bachbridge.midi import messages as midi
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from bachbridge.process.ipc import EngineLink, child_environment, read_blocks, standard_pipes
from bachbridge.protocol.notices import Failed, Message
from tests.support.simulated_receiver import Receiver

PATIENCE_S = 60.0
"""Longer than any step takes on a busy machine; a test that waits this long fails."""


_ROOM_PAUSE_S, _LOOK_PAUSE_S = 0.005, 0.01


class _PortProcess:
    """Another program's two ports, in a process of their own. Used on one thread."""

    def __init__(self, source: str | None, sink: str | None, client: str) -> None:
        """Start the process and wait until its ports are open; raises `PortError` if they cannot be opened."""
        self._arrivals: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self._first: SimpleQueue[str] = SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.port_daw", json.dumps([source, sink, client])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=child_environment(),
            cwd=Path(__file__).parents[2],
        )
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()
        if failure := self._first.get(timeout=PATIENCE_S):
            self.close()
            raise PortError(failure)

    def _receive(self) -> None:
        assert self._process.stdout
        reader = frames.FrameReader()
        for block in read_blocks(self._process.stdout.fileno()):
            for kind, payload in reader.feed(block):
                if kind == frames.MIDI:
                    self._arrivals.put(frames.decode_arrival(payload))
                else:
                    self._first.put(payload.decode())
        self._first.put("The DAW's process has ended.")

    def send(self, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(frames.encode_frame(frames.MIDI, data))

    def receive(self, timeout_s: float) -> tuple[int, bytes] | None:
        """Return the next message that arrived, after its time in ns; None if none comes in time."""
        try:
            return self._arrivals.get(timeout=timeout_s)
        except Empty:
            return None

    def receive_pending(self) -> Iterator[tuple[int, bytes]]:
        """Yield the messages that have arrived by now, each after its time in ns."""
        while not self._arrivals.empty():
            yield self._arrivals.get()

    def close(self) -> None:
        """Close the ports and wait until the process has ended; a second call does nothing."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(PATIENCE_S)
        self._process.stdout.close()


class Daw:
    """Another program's ports and the synthesizer behind them."""

    def __init__(self, source: str | None = OUTPUT_NAME, sink: str | None = INPUT_NAME, client: str = "DAW") -> None:
        """Connect to these ports, or open virtual ones for None."""
        self.received: list[tuple[int, bytes]] = []
        self._receiver = Receiver()
        self._ports = _PortProcess(source, sink, client)

    @property
    def sounding(self) -> set[tuple[int, int]]:
        return self._receiver.sounding

    def send(self, data: bytes) -> None:
        self._ports.send(data)

    def play(self, *pitches: int, velocity: int = 80) -> None:
        """Press and release the keys one after the other."""
        for pitch in pitches:
            self.send(midi.note_on(0, pitch, velocity))
            self.send(midi.note_off(0, pitch))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Receive messages until the condition holds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            arrival = self._ports.receive(max(0.0, deadline_s - time.monotonic()))
            assert arrival, f"sounding {sorted(self.sounding)} after {self.received[-8:]}"
            self._process(*arrival)

    def receive_pending(self) -> None:
        """Process the messages that have arrived by now."""
        for at_ns, data in self._ports.receive_pending():
            self._process(at_ns, data)

    def wait_until_silent(self) -> None:
        self.wait_until(lambda: not self.sounding)

    def _process(self, at_ns: int, data: bytes) -> None:
        self.received.append((at_ns, data))
        self._receiver.receive(data)

    def close(self) -> None:
        self._ports.close()


@contextmanager
def daw(source: str | None = OUTPUT_NAME, sink: str | None = INPUT_NAME, client: str = "DAW") -> Generator[Daw]:
    """Yield a `Daw` whose ports are closed at the end."""
    opened = Daw(source, sink, client)
    try:
        yield opened
    finally:
        opened.close()


MessageT = TypeVar("MessageT", bound=Message)


def await_message(link: EngineLink, kind: type[MessageT], received: list[Message] | None = None) -> MessageT:
    """Return the engine's next message of that kind; add it and all messages before it to `received`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        message = link.receive(0.5)
        if message is not None and received is not None:
            received.append(message)
        if isinstance(message, kind):
            return message
        assert not isinstance(message, Failed), message
    raise AssertionError(f"no {kind.__name__} came")


def wait_until(condition: Callable[[], bool]) -> float:
    """Look often whether a condition holds, and return the time when it does (s); fail if it never does."""
    pause, deadline_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        pause.wait(_LOOK_PAUSE_S)
    return time.monotonic()


def main(arguments: str) -> None:
    """Open the ports that the arguments name, and pass messages on in both directions until standard input ends."""
    source, sink, client = json.loads(arguments)
    reader, writer = standard_pipes()

    def pass_on(at_ns: int, data: bytes) -> None:
        _write(writer, frames.encode_arrival(at_ns, data))

    try:
        ports = Ports(source, sink, pass_on, client=client)
    except PortError as error:
        _write(writer, frames.encode_frame(frames.FAILED, str(error).encode()))
        return
    _write(writer, frames.encode_frame(frames.CLIENT))
    unread, pause = frames.FrameReader(), threading.Event()
    for block in read_blocks(reader):
        for _, payload in unread.feed(block):
            while not ports.send(payload):
                pause.wait(_ROOM_PAUSE_S)
    ports.close()


def _write(writer: int, frame: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(writer, frame)


if __name__ == "__main__":
    main(sys.argv[1])
