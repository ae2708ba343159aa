"""The session's log and its replay.

A log is a file of JSON lines: a header `{"bachbridge": version, "settings": {...}}`, then every event that the session
was fed and every effect that it returned, as `{"t": ns, "in": message}` and `{"t": ns, "out": message}`. Messages have
the form of the wire format (`to_dict`). Time is the clock with which the session was fed. The session is a function of
its events and their times, so a new session that is fed the same events must return the same effects: that is the
replay.

`LogWriter` never makes its caller wait: entries go into a queue, and a thread turns them into JSON and writes each line
with one system call (without a buffer in between). A killed process (kill -9) thus loses the entries that the thread
had not yet written, a few milliseconds' worth, and perhaps the end of the last line. A machine that loses power loses
what the operating system had not yet written to the disk. `read_log` drops an unfinished last line.
"""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from bachbridge import __version__
from bachbridge.atomic_files import read_limited_bytes
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.protocol import former_logs
from bachbridge.protocol.effects import Effect
from bachbridge.protocol.events import Event
from bachbridge.protocol.notices import Message
from bachbridge.protocol.wire import from_dict, to_dict
from bachbridge.settings import Settings, settings_from_table

_MAX_LOG_BYTES, _MAX_LINE_BYTES = 256 << 20, 4 << 20
"""A log takes some 20 MiB in an hour with MIDI clock; its longest lines hold whole phrases."""
_MAX_TIME_NS = 1 << 62
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""Whatever a line raises that is JSON of another kind, or nested too deeply."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a log: the event fed at `at_ns`, or an effect of it."""

    at_ns: int
    message: Message


@dataclass(frozen=True, slots=True)
class SessionLog:
    """The contents of a log file."""

    settings: Settings
    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """A difference between a log and its replay: the effects of `event` at `at_ns`, logged and returned."""

    at_ns: int
    event: Event
    logged: tuple[Effect, ...]
    returned: tuple[Effect, ...]


class Replayable(Protocol):
    """The part of a session that a replay uses."""

    def feed(self, now_ns: int, event: Event) -> list[Effect]: ...


class LogWriter:
    """Writes a session's log. Used on the engine's thread only; all methods but `close` return at once."""

    def __init__(self, path: Path, settings: Settings) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise BachBridgeError(f"cannot write the log {path} ({error.strerror}): choose another place.") from error
        self._queue: SimpleQueue[tuple[int, str, Message] | None] = SimpleQueue()
        self.error = ""
        """The system's reason why writing stopped; empty while the log is written."""
        self._write_line({"bachbridge": __version__, "settings": asdict(settings)})
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write_event(self, now_ns: int, event: Event) -> None:
        self._queue.put((now_ns, "in", event))

    def write_effects(self, now_ns: int, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._queue.put((now_ns, "out", effect))

    def close(self) -> None:
        """Write the remaining entries and close the file; waits for the disk."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
            os.close(self._file)

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            at_ns, direction, message = entry
            self._write_line({"t": at_ns, direction: to_dict(message)})

    def _write_line(self, plain: dict[str, Any]) -> None:
        """Write one line. After a failure (a full disk) nothing more is written: the music goes on without its log."""
        line = memoryview((json.dumps(plain, separators=(",", ":")) + "\n").encode())
        try:
            while line and not self.error:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            self.error = error.strerror or str(error)


def read_log(path: Path) -> SessionLog:
    """Read the log at `path`, without an unfinished last line.

    Raises `BachBridgeError` if the file cannot be read, is no log or is damaged.
    """
    text = read_limited_bytes(path, _MAX_LOG_BYTES, BachBridgeError)
    header, *lines = text.split(b"\n")[:-1] or [b""]
    settings = _parse_header(path, header)
    entries = (_parse_entry(path, number, line) for number, line in enumerate(lines, start=2))
    return SessionLog(settings, tuple(entry for entry in entries if entry is not None))


def _parse_header(path: Path, line: bytes) -> Settings:
    try:
        header = json.loads(line)
        version, plain = str(header["bachbridge"]), dict(header["settings"])
    except _DAMAGE as error:
        raise BachBridgeError(f"{path} is not a session log: give a file that `bachbridge --log` wrote.") from error
    try:
        return settings_from_table(former_logs.FORMER_SETTINGS | plain)
    except ConfigError as error:
        raise BachBridgeError(
            f"{path} was written by version {version} of BachBridge; use that version: {error}"
        ) from error


def _parse_entry(path: Path, number: int, line: bytes) -> LogEntry | None:
    try:
        if len(line) > _MAX_LINE_BYTES:
            raise ValueError("it is too long")
        plain = json.loads(line)
        message = former_logs.upgrade(plain["in"] if "in" in plain else plain["out"])
        at_ns = int(plain["t"])
        if abs(at_ns) > _MAX_TIME_NS:
            raise ValueError("no clock has its time")
        return None if message is None else LogEntry(at_ns, from_dict(message))
    except _DAMAGE as error:
        raise BachBridgeError(
            f"line {number} of the log {path} is damaged: delete that line and all after it."
        ) from error


def events_with_effects(log: SessionLog) -> Iterator[tuple[int, Event, tuple[Effect, ...]]]:
    """Yield each event of the log with its time and its logged effects."""
    at_ns, event = 0, None
    effects: list[Effect] = []
    for entry in log.entries:
        if isinstance(entry.message, Event):
            if event is not None:
                yield at_ns, event, tuple(effects)
            at_ns, event, effects = entry.at_ns, entry.message, []
        elif isinstance(entry.message, Effect):
            effects.append(entry.message)
    if event is not None:
        yield at_ns, event, tuple(effects)


def replay(log: SessionLog, session: Replayable) -> list[ReplayDifference]:
    """Feed the log's events to `session`, which is new and has the log's settings; return where the effects differ.

    Reports that a log of an older version lacks are no difference (`former_logs.LATER_REPORTS`).
    """
    differences: list[ReplayDifference] = []
    is_older = not any(isinstance(entry.message, former_logs.LATER_REPORTS) for entry in log.entries)
    for at_ns, event, logged in events_with_effects(log):
        returned = tuple(session.feed(at_ns, event))
        if is_older:
            returned = former_logs.without_later_reports(returned)
        if returned != logged:
            differences.append(ReplayDifference(at_ns, event, logged, returned))
    return differences
