"""Child processes and the pipes to them: lines of JSON, each an `events` message.

Both ends use the same `Pipe`: a thread reads and hands each message to a callback, another thread writes, so that
neither a full pipe nor a slow peer ever holds up the thread that sends. End-of-file is how a process learns that its
peer is gone, whatever killed it.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from bachbridge.config import Settings
from bachbridge.events import Message, dumps, loads

_STOP_S = 3.0
"""How long a child that was asked to end may take."""


class Pipe:
    """Messages both ways over two binary streams. `send` may be called on any thread and never blocks."""

    def __init__(
        self,
        source: IO[bytes],
        sink: IO[bytes],
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
    ) -> None:
        """`on_message` and `on_end` are called on the reading thread, which `start` starts."""
        self._source, self._sink = source, sink
        self._on_message, self._on_end = on_message, on_end
        self._outbox: SimpleQueue[Message | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="pipe reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="pipe writer", daemon=True)

    def start(self) -> None:
        self._reader.start()
        self._writer.start()

    def send(self, message: Message) -> None:
        """Hand the message to the writing thread; lost without a word if the peer is gone."""
        self._outbox.put(message)

    def flush(self, timeout_s: float) -> None:
        """Write what was sent, close this end, and wait for that at most `timeout_s`."""
        self._outbox.put(None)
        self._writer.join(timeout_s)

    def _write(self) -> None:
        try:
            while (message := self._outbox.get()) is not None:
                self._sink.write(dumps(message).encode() + b"\n")
                if self._outbox.empty():
                    self._sink.flush()
            self._sink.close()
        except (OSError, ValueError):
            return

    def _read(self) -> None:
        try:
            for line in self._source:
                self._take(line)
        except (OSError, ValueError):
            pass
        self._on_end()

    def _take(self, line: bytes) -> None:
        try:
            message = loads(line.decode())
        except ValueError as error:
            print(f"bachbridge: {error}", file=sys.stderr)
            return
        self._on_message(message)


class Child:
    """A process of ours, started with pipes; it ends when its standard input is closed."""

    def __init__(
        self,
        command: Sequence[str],
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
        *,
        first_line: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command`; `first_line` (the engine's configuration) goes in before any message."""
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            # In a session of its own, Ctrl-C reaches the starter alone, which then ends its child in order.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if first_line is not None:
            self._process.stdin.write(first_line.encode() + b"\n")
            self._process.stdin.flush()
        self._pipe = Pipe(self._process.stdout, self._process.stdin, on_message, on_end)
        self._pipe.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Message) -> None:
        """On any thread; never blocks."""
        self._pipe.send(message)

    def stop(self, timeout_s: float = _STOP_S) -> int:
        """Close its input and wait; terminate it, then kill it, if it does not end. Returns its exit status."""
        self._pipe.flush(timeout_s)
        for insist in (lambda: None, self._process.terminate, self._process.kill):
            insist()
            try:
                return self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                continue
        return self._process.wait()


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """A child's own ends: its standard input and output, the latter out of reach of libraries that print."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, sink


def command_of(child: str) -> list[str]:
    """The command that starts our process `child` ("engine" or "modelhost"), in a frozen program too."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--child", child]
    return [sys.executable, "-m", f"bachbridge.{child}"]


def environment_of() -> dict[str, str]:
    """What a child of an unpacked checkout needs to find the package that its parent runs from."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


def start_child(child: str, on_message: Callable[[Message], None], on_end: Callable[[], None], **options: Any) -> Child:
    """Start one of our own processes."""
    return Child(command_of(child), on_message, on_end, environment=environment_of(), **options)


class Link:
    """The starter's end: an engine process and what it says. As a context, it ends the engine in order."""

    def __init__(
        self,
        settings: Settings,
        input_name: str | None = None,
        output_name: str | None = None,
        *,
        ports: bool = True,
        log: Path | None = None,
        modelhost: Sequence[str] | None = None,
    ) -> None:
        """Start the engine. Without `ports` the player's messages go in by `send` and come out as `Sent`."""
        plain = {
            "settings": asdict(settings),
            "input": input_name,
            "output": output_name,
            "ports": "real" if ports else "none",
            "log": str(log.absolute()) if log else None,
        }
        if modelhost:
            plain["modelhost"] = list(modelhost)
        self._inbox: SimpleQueue[Message | None] = SimpleQueue()
        self._child = start_child(
            "engine", self._inbox.put, lambda: self._inbox.put(None), first_line=json.dumps(plain)
        )

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._child.pid

    def send(self, message: Message) -> None:
        """Say something to the engine; on any thread, never blocks."""
        self._child.send(message)

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The engine's next message; None if none comes in time, `EOFError` if it has ended."""
        try:
            message = self._inbox.get(timeout=timeout_s)
        except Empty:
            return None
        if message is None:
            self._inbox.put(None)
            raise EOFError
        return message

    def messages(self) -> Iterator[Message]:
        """What the engine says until it ends."""
        while True:
            try:
                message = self.receive()
            except EOFError:
                return
            if message is not None:
                yield message

    def close(self) -> int:
        """End the engine and wait for it; returns its exit status."""
        return self._child.stop()
