"""The session's log and its replay.

A log is a file of JSON lines: a header `{"bachbridge": version, "settings": {...}}`, then every event the session was
fed and every effect it returned, `{"t": ns, "in": message}` and `{"t": ns, "out": message}`, messages in the form of
`events.to_plain`. Time is the clock the session was fed with. As the session is a function of its events and their
times, feeding them to a new session must return the same effects: that is the replay.

`LogWriter` never lets its caller wait: entries go into a queue, and a thread turns them into JSON and writes each line
with one system call (no buffer of ours in between). A killed process (kill -9) thus loses the entries of its last
moments that the thread had not come to, a few milliseconds' worth, and perhaps the end of the last line; a machine
that loses power loses what the operating system had not yet put on the disk. `read_log` drops an unfinished last line.
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
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.protocol.events import Effect, Event, Message, from_dict, to_dict
from bachbridge.settings import Settings, settings_from_table


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a log: the event fed at `at_ns`, or an effect of it."""

    at_ns: int
    message: Message


@dataclass(frozen=True, slots=True)
class SessionLog:
    """A log as it was read."""

    settings: Settings
    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """Where a replay parted from its log: after `event` at `at_ns`, these effects were logged and those returned."""

    at_ns: int
    event: Event
    logged: tuple[Effect, ...]
    returned: tuple[Effect, ...]


class Replayable(Protocol):
    """What the replay needs of a session."""

    def feed(self, now_ns: int, event: Event) -> list[Effect]: ...


class LogWriter:
    """Writes a session's log; every method returns at once, and is called on the thread that owns the session."""

    def __init__(self, path: Path, settings: Settings) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as error:
            raise BachBridgeError(f"cannot write the log {path} ({error.strerror}): choose another place.") from error
        self._queue: SimpleQueue[tuple[int, str, Message] | None] = SimpleQueue()
        self.error = ""
        """Why writing stopped, in the system's words; empty while all is well."""
        self._write_line({"bachbridge": __version__, "settings": asdict(settings)})
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write_event(self, now_ns: int, event: Event) -> None:
        self._queue.put((now_ns, "in", event))

    def write_effects(self, now_ns: int, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._queue.put((now_ns, "out", effect))

    def close(self) -> None:
        """Write what is left and close the file; waits for the disk."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
            os.close(self._file)

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            at_ns, direction, message = entry
            self._write_line({"t": at_ns, direction: to_dict(message)})

    def _write_line(self, plain: dict[str, Any]) -> None:
        """One line. After a failure (a full disk) nothing more is written: music goes on without its log."""
        line = memoryview((json.dumps(plain, separators=(",", ":")) + "\n").encode())
        try:
            while line and not self.error:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            self.error = error.strerror or str(error)


def read_log(path: Path) -> SessionLog:
    """Read the log at `path`; an unfinished last line is dropped."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BachBridgeError(f"cannot read the log {path} ({error.strerror}): check the path.") from error
    header, *lines = text.split(b"\n")[:-1] or [b""]
    settings = _parse_header(path, header)
    return SessionLog(settings, tuple(_parse_entry(path, number, line) for number, line in enumerate(lines, start=2)))


def _parse_header(path: Path, line: bytes) -> Settings:
    try:
        header = json.loads(line)
        version, plain = str(header["bachbridge"]), dict(header["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise BachBridgeError(f"{path} is not a session log: give a file that `bachbridge --log` wrote.") from error
    try:
        return settings_from_table(plain)
    except ConfigError as error:
        raise BachBridgeError(f"{path} was written by version {version}, use that one: {error}") from error


def _parse_entry(path: Path, number: int, line: bytes) -> LogEntry:
    try:
        plain = json.loads(line)
        return LogEntry(int(plain["t"]), from_dict(plain["in"] if "in" in plain else plain["out"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BachBridgeError(f"line {number} of the log {path} is damaged: delete it and what follows.") from error


def events_with_effects(log: SessionLog) -> Iterator[tuple[int, Event, tuple[Effect, ...]]]:
    """Each event of the log with its time and the effects that were logged for it."""
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
    """Feed the log's events to `session`, fresh and with the log's settings, and compare what it returns."""
    differences: list[ReplayDifference] = []
    for at_ns, event, logged in events_with_effects(log):
        returned = tuple(session.feed(at_ns, event))
        if returned != logged:
            differences.append(ReplayDifference(at_ns, event, logged, returned))
    return differences
