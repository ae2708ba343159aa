"""Folders in which one process at a time works: that of a run, and that of a collection being prepared."""

import contextlib
import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import filelock

from bachbridge.errors import ConfigError

LOCK_FILE = ".lock"
_WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""Errors of file systems that have no locks, as some network ones."""


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, if they are not there; raises `ConfigError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from error


@contextmanager
def lock_folder(folder: Path) -> Generator[None]:
    """Hold a folder, which is made if it is not there; raises `ConfigError` if another process holds it.

    The operating system ends the lock with the process, however that ends. On a file system without locks the folder
    is not held. A new folder in which nothing was written is taken away again.
    """
    is_new = not folder.exists()
    make_folder(folder)
    lock = filelock.FileLock(folder / LOCK_FILE, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise ConfigError(
            f"another process is at work in {folder}: wait for its end, or choose another folder with -o."
        ) from error
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise _not_writable(folder, error) from error
    try:
        yield
    finally:
        if is_new:
            _remove_if_unused(folder)
        lock.release()


def _remove_if_unused(folder: Path) -> None:
    """Remove a folder that holds nothing but the lock, while that is held: nobody else can get it meanwhile."""
    with contextlib.suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {LOCK_FILE}:
            (folder / LOCK_FILE).unlink(missing_ok=True)
            folder.rmdir()


def _not_writable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(f"cannot write to {folder} ({error.strerror}): choose another folder with -o.")
