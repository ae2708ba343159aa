"""Reading files in a child process, so that a file which crashes, hangs or eats the memory costs itself alone.

A Dask worker may not start processes of `multiprocessing` (its own is a daemon), so the child is a plain subprocess.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from bachbridge.process.ipc import child_environment, detached_options, read_blocks
from bachbridge_training.collection.reading import reader_process
from bachbridge_training.collection.reading.piece_records import AnyRecord, RefusedRecord

_SENT_AHEAD = 8
"""Files whose names the child has in its pipe, so that it never waits for the next one."""
_TIME_IS_UP = 1
"""The exit status of a child that has ended itself; one that crashed has that of a signal."""


class GuardedReader:
    """Reads files one after another for one codec, each for at most `seconds`; used on one thread."""

    def __init__(self, codec: str, seconds: float) -> None:
        self._codec, self._seconds = codec, seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._blocks: Iterator[list[AnyRecord]] = iter(())

    def read_files(self, files: Sequence[tuple[Path, str]]) -> Iterator[list[AnyRecord]]:
        """Yield the records of each file, which is given by its path and its name."""
        at = 0
        while at < len(files):
            for records in self._read_until_it_ends(files[at:]):
                yield records
                at += 1
            if at < len(files):
                yield [RefusedRecord(files[at][1], self._reason_of_end())]
                at += 1

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            child, self._child = self._child, None
            assert child.stdin is not None
            assert child.stdout is not None
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()

    def _read_until_it_ends(self, files: Sequence[tuple[Path, str]]) -> Iterator[list[AnyRecord]]:
        """Yield the records of as many of the files as the child survives."""
        child = self._child or self._start()
        assert child.stdin is not None
        lines = (msgspec.json.encode((str(path), name)) + b"\n" for path, name in files)
        try:
            child.stdin.write(b"".join(islice(lines, _SENT_AHEAD)))
            for records in islice(self._blocks, len(files)):
                yield records
                child.stdin.write(next(lines, b""))
        except OSError:  # the child has ended
            return

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", reader_process.__name__, self._codec, str(self._seconds)]
        environment = {**child_environment(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._child = child = subprocess.Popen[bytes](
            command,
            text=False,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
            **detached_options(),
        )
        assert child.stdout is not None
        self._blocks = reader_process.decode_blocks(read_blocks(child.stdout.fileno()))
        return child

    def _reason_of_end(self) -> str:
        assert self._child is not None
        status = self._child.wait()
        self.close()
        if status == _TIME_IS_UP:
            return f"takes more than {self._seconds:g} seconds to read: split it into shorter files."
        return "cannot be read: its reader crashes."


_readers = threading.local()


def reader_of_thread(codec: str, seconds: float) -> GuardedReader:
    """Return this thread's reader, which lives as long as the process: starting one takes half a second."""
    key = (codec, seconds, os.getpid())
    if getattr(_readers, "key", None) != key:
        if hasattr(_readers, "reader"):
            _readers.reader.close()
        _readers.key, _readers.reader = key, GuardedReader(codec, seconds)
    return _readers.reader
