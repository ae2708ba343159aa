"""Standard input, output and error where they are closed, full or gone.

A program may be started with closed descriptors. The next file that it opens then gets the number 1, and whatever is
printed goes into that file: so they are opened first of all.
"""

import os
import sys
from contextlib import suppress
from typing import TextIO

from bachbridge.errors import ConfigError

_WANTED_OPEN_FILES, _MIN_OPEN_FILES = 256, 16
"""The number of files that is asked for, and the smallest with which ports and pipes were seen to work."""


def open_standard_streams() -> None:
    """Open whichever standard stream is closed, so that nothing else takes its place. Call this before all else."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] # Python leaves out closed streams
        sys.stdout = _text_stream(1)
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = _text_stream(2)


def _text_stream(descriptor: int) -> TextIO:
    return open(descriptor, "w", encoding="utf-8", errors="replace", closefd=False)  # it stays open


def raise_file_limit() -> None:
    """Allow as many open files as pipes, ports and sockets need, as far as the system lets us."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_OPEN_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_file_limit() -> None:
    """Raise `ConfigError` if so few files may be open that playing would fail for reasons that nobody understands."""
    if sys.platform == "win32":
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < _MIN_OPEN_FILES:
        raise ConfigError(f'This program may open only {limit} files: allow it more, as with "ulimit -n 256".')


def discard_standard_output() -> None:
    """Let everything that is printed from now on, and whatever still waits to be written, go nowhere."""
    _discard(1)


def report_on_stderr(sentence: str, usage: str = "") -> None:
    """Print a sentence on standard error, after the usage if there is one, if that can be written.

    What a terminal would obey, as a file's name or text may hold it, is shown as question marks.
    """
    try:
        if usage:
            print(usage, file=sys.stderr)
        shown = "".join(sign if sign.isprintable() else "?" for sign in sentence)
        print(f"bachbridge: {shown}", file=sys.stderr, flush=True)
    except OSError:
        _discard(2)  # what still waits to be written would change the exit status


def _discard(descriptor: int) -> None:
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
