"""Child processes and the pipes to them, with one JSON message per line in both directions.

Sending only enqueues a message. A separate thread writes it, so that a full pipe or a dead peer never blocks the
sender. One thread per pipe reads: it passes on each message, and None at the end of the file. The end of the file
means that the peer has ended, however that happened: the operating system closes the pipes even after `kill -9`.
Both threads use bare file descriptors, because a buffered file has a lock on which a thread could hang while the
interpreter exits.

Children have a process group of their own: Ctrl-C reaches only the process that started them, which closes the pipe.
"""

import contextlib
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

from bachbridge.process.child_environment import minimal_environment
from bachbridge.process.entry_points import PROCESS_GROUP, entry_points_in, find_entry_point
from bachbridge.process.standard_streams import check_file_limit
from bachbridge.protocol.notices import Message
from bachbridge.protocol.wire import dumps, loads
from bachbridge.settings import Settings

MessageCallback = Callable[[Message | None], None]
"""Receives each message, then None at the end of the file; called on the reading thread."""

_MAX_QUEUED = 20_000
"""Limit of the queue to a peer that does not read; further messages are dropped, so that memory stays bounded."""
_BLOCK_BYTES = 1 << 16
_MAX_AT_ONCE = 64
"""Messages in one write."""
_GRACE_S = 1.0


ANNOUNCE_START = "BACHBRIDGE_TELL_START"
"""Environment variable; if set, the program prints when its window is visible and when it can be played."""
_OWN_PROCESSES = {
    "engine": "bachbridge.engine.main",
    "ports": "bachbridge.engine.ports.broker",
    "model": "bachbridge.inference.host",
}
"""The child processes of this package: role → module whose `main` the process runs."""


def process_roles() -> list[str]:
    """Return the roles of all child processes, including those that other packages register."""
    return [*_OWN_PROCESSES, *entry_points_in(PROCESS_GROUP)]


def process_module(role: str) -> str:
    """Return the module whose `main` is the child process; raises `EntryPointError` for an unknown role."""
    return _OWN_PROCESSES.get(role) or find_entry_point(PROCESS_GROUP, role).module


def process_command(role: str) -> list[str]:
    """Return the command that starts a child process, also in a frozen program, which has no `python -m`."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--child", role]
    return [sys.executable, "-m", process_module(role)]


def child_environment() -> dict[str, str]:
    """Return an environment in which the child finds this package, even in a checkout that is not installed.

    Children get what they need of our environment and not what they do not, such as keys and tokens of other programs.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**minimal_environment(os.environ), "PYTHONPATH": os.pathsep.join(paths)}


def read_lines(descriptor: int) -> Iterator[str]:
    """Yield the lines from a pipe until its end; an unfinished last line is dropped."""
    unfinished = b""
    for block in read_blocks(descriptor):
        *complete, unfinished = (unfinished + block).split(b"\n")
        for line in complete:
            yield line.decode(errors="replace")


def read_blocks(descriptor: int) -> Iterator[bytes]:
    """Yield what a pipe delivers until its end, in blocks of any size; an error counts as the end."""
    with contextlib.suppress(OSError):
        while block := os.read(descriptor, _BLOCK_BYTES):
            yield block


def dispatch_messages(message_lines: Iterator[str], on_message: MessageCallback) -> None:
    """Pass each message to `on_message`, and None at the end; report a line that is not a message on stderr."""
    for line in message_lines:
        try:
            message = loads(line)
        except ValueError as error:
            print(f"bachbridge: {error}", file=sys.stderr)
            continue
        on_message(message)
    on_message(None)


def standard_pipes() -> tuple[int, int]:
    """Return the pipes to the parent process: one descriptor to read from, one to write to.

    From now on, output that a library prints goes to stderr, so that it cannot mix with the messages.
    """
    writer = os.dup(1)
    os.dup2(2, 1)
    return 0, writer


def _line_of(message: Message | str) -> str:
    return message if isinstance(message, str) else dumps(message)


def write_message(descriptor: int, message: Message | str) -> None:
    """Write a message, or the initial line of configuration, to a pipe; block while the pipe is full."""
    unwritten = memoryview(_line_of(message).encode() + b"\n")
    while unwritten:
        unwritten = unwritten[os.write(descriptor, unwritten) :]


class Outbox:
    """A queue of messages that a background thread writes to a pipe. Methods may be called on any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: SimpleQueue[Message | str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def send(self, message: Message | str) -> None:
        """Enqueue a message, or the initial line of configuration; never blocks."""
        if self._queue.qsize() < _MAX_QUEUED:
            self._queue.put(message)

    def close(self, timeout_s: float = _GRACE_S) -> None:
        """Write the queued messages and close the pipe; give up after the time-out if the peer does not read."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while (message := self._queue.get()) is not None:
                lines = [_line_of(message)]
                while len(lines) < _MAX_AT_ONCE and not self._queue.empty():
                    message = self._queue.get()
                    if message is None:
                        break
                    lines.append(_line_of(message))
                write_message(self._descriptor, "\n".join(lines))
                if message is None:
                    break
        except OSError:
            # The peer has ended; the reading thread notices it too, and reports it.
            pass
        finally:
            os.close(self._descriptor)


class ChildProcess:
    """A child process and the two pipes to it. Methods may be called on any thread."""

    def __init__(self, arguments: Sequence[str], on_message: MessageCallback) -> None:
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=child_environment(),
            **detached_options(),
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
        """The exit status, set before `on_message` receives None; negative: the signal that ended the child."""
        return self._process.returncode

    def send(self, message: Message | str) -> None:
        self._outbox.send(message)

    def kill(self) -> None:
        """End a child that does not react; `on_message` then gets None."""
        self._process.kill()

    def stop(self, timeout_s: float = 5.0) -> int:
        """Close the pipe, which asks the child to end; kill it if it does not. Return its exit status."""
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
        """Wait for a child that has closed its pipe; kill it if it lives on, because it is of no more use."""
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def detached_options() -> dict[str, Any]:
    """Return the options of `Popen` for a separate process group and, on Windows, no console window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


class EngineLink:
    """An engine process and its messages. As a context manager, it ends the engine in an orderly way."""

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
        """Start the engine.

        `wait_for_ports`: wait for named ports that do not exist yet, instead of failing.
        `model_command`: the command that starts the model process, if it is not the program's own.
        Without `ports`, the player's messages are given to `send`, and the notes played come back as `Sent`.
        """
        check_file_limit()
        configuration = {
            "settings": asdict(settings),
            "input": input_name,
            "output": output_name,
            "ports": "real" if ports else "none",
            "patient": wait_for_ports,
            "log": str(log.absolute()) if log else None,
            "model_command": list(model_command or process_command("model")),
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
        """Send a message to the engine. May be called on any thread; never blocks."""
        self._child.send(message)

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Return the engine's next message; None after the time-out. Raises `EOFError` if the engine has ended."""
        try:
            message = self._inbox.get(timeout=timeout_s)
        except Empty:
            return None
        if message is None:
            self._inbox.put(None)
            raise EOFError
        return message

    def messages(self) -> Iterator[Message]:
        """Yield the engine's messages until it ends."""
        while True:
            try:
                message = self.receive()
            except EOFError:
                return
            if message is not None:
                yield message

    def close(self) -> int:
        """End the engine, wait for it and return its exit status."""
        return self._child.stop()
