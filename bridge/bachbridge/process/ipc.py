"""Child processes and the pipes to them: one JSON message a line, both ways.

Whoever sends only enqueues; a thread of its own writes, so that a full pipe or a dead peer never holds up the sender.
A thread per pipe reads and hands on message after message, and None at the end of the file: the peer has ended, in
whatever way, and nothing can keep that from being noticed (`kill -9` closes pipes too). Both work on bare file
descriptors: a buffered file has a lock in which a thread would be caught when the interpreter ends.

Children do not share the terminal's process group: Ctrl-C reaches the starter alone, which closes the pipe.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Self

from bachbridge.process.entry_points import PROCESS_GROUP, entry_points_in, find_entry_point
from bachbridge.protocol.effects import Message
from bachbridge.protocol.wire import dumps, loads
from bachbridge.settings import Settings

MessageCallback = Callable[[Message | None], None]
"""Takes a message, None at the end; called on the thread that reads."""

_MAX_QUEUED = 20_000
"""Messages that wait for a peer that does not read; those beyond are lost, so that memory is not."""
_BLOCK_BYTES = 1 << 16
_GRACE_S = 1.0


ANNOUNCE_START = "BACHBRIDGE_TELL_START"
"""With this variable set the program says on its standard output when its window is there and when it can be played."""
_OWN_PROCESSES = {"engine": "bachbridge.engine.main", "model": "bachbridge.inference.host"}
"""The child processes of this package by role, each with the module whose `main` it runs."""


def process_roles() -> list[str]:
    """Return the roles of all child processes, those that other packages register included."""
    return [*_OWN_PROCESSES, *entry_points_in(PROCESS_GROUP)]


def process_module(role: str) -> str:
    """Return the module whose `main` is the child process; raises `EntryPointError` for an unknown role."""
    return _OWN_PROCESSES.get(role) or find_entry_point(PROCESS_GROUP, role).module


def process_command(role: str) -> list[str]:
    """Return the command that starts a child process, also in a frozen program, which has no `python -m`."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--child", role]
    return [sys.executable, "-m", process_module(role)]


def _child_environment() -> dict[str, str]:
    """A child finds the package where its starter found it, in a checkout that is not installed too."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def read_lines(descriptor: int) -> Iterator[str]:
    """Line after line from a pipe until its end; an unfinished last line is dropped."""
    rest = b""
    while block := _read_block(descriptor):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")


def _read_block(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _BLOCK_BYTES)
    except OSError:
        return b""


def dispatch_messages(message_lines: Iterator[str], on_message: MessageCallback) -> None:
    """Hand on every message of the lines, and None at the end; what is no message is told on stderr."""
    for line in message_lines:
        try:
            message = loads(line)
        except ValueError as error:
            print(f"bachbridge: {error}", file=sys.stderr)
            continue
        on_message(message)
    on_message(None)


def standard_pipes() -> tuple[int, int]:
    """The pipes to the starter: descriptors to read from and to write to.

    Whatever a library prints on the standard output from now on lands on stderr, not between the messages.
    """
    writer = os.dup(1)
    os.dup2(2, 1)
    return 0, writer


def write_message(descriptor: int, message: Message | str) -> None:
    """Write a message (or a line that is none, to begin with) to a pipe; waits while the pipe is full."""
    line = message if isinstance(message, str) else dumps(message)
    rest = memoryview(line.encode() + b"\n")
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Outbox:
    """Writes messages to a pipe in the background. `send` and `close` may be called on any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: SimpleQueue[Message | str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def send(self, message: Message | str) -> None:
        """Enqueue a message (or a line that is none, to begin with); returns at once."""
        if self._queue.qsize() < _MAX_QUEUED:
            self._queue.put(message)

    def close(self, timeout_s: float = _GRACE_S) -> None:
        """Write what waits and close the pipe; gives up after the time-out if the peer does not read."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while (message := self._queue.get()) is not None:
                write_message(self._descriptor, message)
        except OSError:
            # The peer has ended; the thread that reads from it finds out as well and tells.
            pass
        finally:
            os.close(self._descriptor)


class ChildProcess:
    """A process of ours at the other end of two pipes. Methods may be called on any thread."""

    def __init__(self, arguments: Sequence[str], on_message: MessageCallback) -> None:
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=_child_environment(),
            **_detached_options(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._outbox = Outbox(os.dup(self._process.stdin.fileno()))
        self._process.stdin.close()
        self._on_message = on_message
        self._thread = threading.Thread(target=self._read_messages, name="inbox", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Set before `receive` is handed None; negative: the number of the signal that ended it."""
        return self._process.returncode

    def send(self, message: Message | str) -> None:
        self._outbox.send(message)

    def stop(self, timeout_s: float = 5.0) -> int:
        """Close the pipe, which asks the child to end; kill it if it does not. Returns its exit status."""
        self._outbox.close()
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            if threading.current_thread() is not self._thread:
                self._thread.join(timeout_s)

    def _read_messages(self) -> None:
        assert self._process.stdout is not None
        dispatch_messages(read_lines(self._process.stdout.fileno()), self._dispatch)
        self._process.stdout.close()

    def _dispatch(self, message: Message | None) -> None:
        if message is None:
            self._await_exit()
        self._on_message(message)

    def _await_exit(self) -> None:
        """A child that has closed its pipe is of no more use."""
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _detached_options() -> dict[str, Any]:
    """A process group of its own, and on Windows no console window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


class EngineLink:
    """The starter's end: an engine process and what it says. As a context, it ends the engine in order."""

    def __init__(
        self,
        settings: Settings,
        input_name: str | None = None,
        output_name: str | None = None,
        *,
        ports: bool = True,
        wait_for_ports: bool = False,
        log: Path | None = None,
        model_command: Sequence[str] | None = None,
    ) -> None:
        """Start the engine; `modelhost` is the command of the model's process where it is not our own.

        `patient`: named ports that are not there are waited for.

        Without `ports` the player's messages go in by `send` and what is played comes out as `Sent`.
        """
        configuration = {
            "settings": asdict(settings),
            "input": input_name,
            "output": output_name,
            "ports": "real" if ports else "none",
            "patient": wait_for_ports,
            "log": str(log.absolute()) if log else None,
            "modelhost": list(model_command or process_command("model")),
        }
        self._inbox: SimpleQueue[Message | None] = SimpleQueue()
        self._child = ChildProcess(process_command("engine"), self._inbox.put)
        self._child.send(json.dumps(configuration))

    def __enter__(self) -> Self:
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
