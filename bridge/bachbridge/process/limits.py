"""Limits of memory and time, as far as the system has them: what exceeds one ends its own process and no other."""

import faulthandler
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from bachbridge.errors import ModelError
from bachbridge.process.standard_streams import report_on_stderr

MAX_LOAD_S, MAX_MODEL_BYTES = 60, 4 << 30
"""Time and memory for the load of a model. The shipped ones take less than 2 s, and their process 0.5 GiB."""
_GRACE_S = 5
"""Seconds after which a process that holds the interpreter's lock is ended without a sentence."""


def limit_memory(max_bytes: int) -> None:
    """Let this process have at most so much address space. macOS and Windows have no such limit."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


@contextmanager
def time_limit(seconds: float, sentence: str = "") -> Generator[None]:
    """End this process if the block takes longer, even if native code keeps the interpreter's lock.

    Before that the sentence is printed on standard error, if there is one and the lock is free.
    """
    timer = threading.Timer(seconds, _end_process, (sentence,))
    timer.daemon = True
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(seconds + (_GRACE_S if sentence else 0), exit=True, file=nowhere)
        if sentence:
            timer.start()
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            timer.cancel()


def _end_process(sentence: str) -> None:
    report_on_stderr(sentence)
    os._exit(1)


@contextmanager
def model_load_limits(model: str) -> Generator[None]:
    """Limit the time and the memory of the block, which loads a model outside of the model process.

    A load that takes too long ends this process with a sentence; one that takes too much memory raises `ModelError`.
    """
    sentence = f"the model {model} takes over {MAX_LOAD_S} s to load: choose another."
    with time_limit(MAX_LOAD_S, sentence), _more_memory_at_most(MAX_MODEL_BYTES):
        try:
            yield
        except MemoryError as error:
            raise ModelError(
                f"the model {model} takes over {MAX_MODEL_BYTES >> 30} GiB to load: choose another."
            ) from error


@contextmanager
def _more_memory_at_most(max_bytes: int) -> Generator[None]:
    """Let this process have so much more address space than it has now while the block runs. Only Linux can."""
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit_memory(pages * resource.getpagesize() + max_bytes)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
