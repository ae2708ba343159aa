"""Limits of memory and time, as far as the system has them: what exceeds one ends its own process and no other."""

import faulthandler
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def limit_memory(max_bytes: int) -> None:
    """Let this process have at most so much address space. macOS and Windows have no such limit."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


@contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """End this process if the block takes longer, even if native code keeps the interpreter's lock."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
