"""Atomic output files and folders, and input files with a size limit.

An output appears complete or not at all: it is written under another name in the same folder, then renamed. What a
killed process left under such a name is removed by the next process that writes into the folder. An input is
read in one go, unless it is larger than any reasonable file of its kind: then nothing of it is read.
"""

import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from bachbridge.errors import BachBridgeError

_HOST = re.sub(r"\W", "", platform.node())[:20]
_SCRATCH_NAME = re.compile(r"\..*-bachbridge-(?P<host>\w*)-(?P<pid>\d{1,9})-\w+(\.\w+)?")
_STALE_AFTER_S = 86_400
"""Age at which a temporary output of another machine in a shared folder is taken for left behind."""
_tidied_folders: set[Path] = set()
_MAX_SCRATCH_STEM = 40
"""Characters of a file's name that its temporary name keeps, so that long names stay possible."""


def check_output_path(path: Path) -> None:
    """Raise `BachBridgeError` if no file can be written at `path`. Call this before the work that makes the file."""
    if not path.parent.is_dir():
        raise BachBridgeError(f"cannot write {path} (there is no folder {path.parent}): choose another folder.")
    if path.is_dir():
        raise BachBridgeError(f"cannot write {path} (it is a folder): give the name of a file.")
    if path.exists() and not path.is_file():
        raise BachBridgeError(f"cannot write {path} (it is a device): give the name of a file.")


def read_limited_bytes(path: Path, max_bytes: int, error_type: type[BachBridgeError]) -> bytes:
    """Return a file's bytes; raises `error_type` if it cannot be read or is larger than `max_bytes`."""
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            is_larger = stat.S_ISREG(facts.st_mode) and facts.st_size > max_bytes
            content = b"" if is_larger else file.read(max_bytes + 1)
    except OSError as error:
        raise error_type(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from error
    if is_larger or len(content) > max_bytes:
        raise error_type(f"{path} is too large (over {max_bytes >> 20} MiB): cut it into shorter files.")
    return content


_expected_new: set[Path] = set()
"""Paths at which `atomic_output` replaces nothing."""


def expect_new_file(path: Path) -> None:
    """Let the next `atomic_output` at `path` fail rather than replace what another program has written there."""
    _expected_new.add(path.absolute())


def replace_existing_file(path: Path) -> None:
    """Let `atomic_output` replace a file at `path`, as it does unless `expect_new_file` was called."""
    _expected_new.discard(path.absolute())


@contextmanager
def atomic_output(path: Path, *, private: bool = False) -> Generator[Path]:
    """Yield a temporary path beside `path`, with its suffix; the file is renamed to `path` unless the block raises.

    A symbolic link stays, and the file that it leads to is replaced. Only its owner may read a `private` file.
    """
    is_new = path.absolute() in _expected_new
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    try:
        remove_abandoned_outputs(path.parent)
        handle, name = tempfile.mkstemp(prefix=scratch_prefix(path.stem), suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise BachBridgeError(f"cannot write {path} ({error.strerror}): choose another folder.") from error
    os.close(handle)
    scratch = Path(name)
    try:
        yield scratch
        scratch.chmod(0o600 if private else 0o666 & ~_umask())
        if is_new:
            _move_to_new_file(scratch, path)
        else:
            scratch.replace(path)
    except OSError as error:
        raise BachBridgeError(
            f"cannot write {path} ({error.strerror}): free some space or choose another folder."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)


def _move_to_new_file(scratch: Path, path: Path) -> None:
    """Rename the scratch file to a path where nothing may be yet; raises `BachBridgeError`, or `OSError`."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError as error:
        raise BachBridgeError(
            f"{path} was written by another program meanwhile and stays: choose another name with -o."
        ) from error
    try:
        scratch.replace(path)
    except OSError:
        path.unlink()
        raise
    _expected_new.discard(path.absolute())


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Generator[Path]:
    """Yield a temporary folder beside `path`; it is renamed to `path` unless the block raises.

    A folder with content at `path` goes only with `replace`, and only once the new one is complete.
    """
    path = Path(os.path.realpath(path))
    scratch: Path | None = None
    try:
        remove_abandoned_outputs(path.parent)
        scratch = Path(tempfile.mkdtemp(prefix=scratch_prefix(path.name), dir=path.parent))
        yield scratch
        scratch.chmod(0o777 & ~_umask())
        _move_folder(scratch, path, replace=replace)
    except OSError as error:
        raise BachBridgeError(
            f"cannot write {path} ({error.strerror}): free some space or choose another folder."
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _move_folder(scratch: Path, path: Path, *, replace: bool) -> None:
    """Rename the scratch folder to `path`, where an empty folder may be, or any with `replace`. Raises `OSError`."""
    if not path.is_dir() or not any(path.iterdir()):
        if path.is_dir():
            path.rmdir()
        scratch.rename(path)
        return
    if not replace:
        raise BachBridgeError(
            f"{path} was written by another program meanwhile and stays: choose another name with -o."
        )
    former = scratch.with_name(f"{scratch.name}-former")
    path.rename(former)
    try:
        scratch.rename(path)
    except OSError:
        former.rename(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


def scratch_prefix(name: str) -> str:
    """Return the beginning of the temporary name of an output: it says who writes it."""
    return f".{name[:_MAX_SCRATCH_STEM]}-bachbridge-{_HOST}-{os.getpid()}-"


def remove_abandoned_outputs(folder: Path) -> None:
    """Remove the temporary outputs in a folder whose writers have ended; each process looks once into a folder."""
    if folder in _tidied_folders:
        return
    _tidied_folders.add(folder)
    with suppress(OSError):
        for path in folder.glob(".*-bachbridge-*"):
            found = _SCRATCH_NAME.fullmatch(path.name)
            if found and _is_abandoned(path, found["host"], int(found["pid"])):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def _is_abandoned(path: Path, host: str, pid: int) -> bool:
    if host != _HOST or sys.platform == "win32":  # no signal of Windows only asks
        return time.time() - path.stat().st_mtime > _STALE_AFTER_S
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _umask() -> int:
    """Return the process's mask for new files. It can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def rename_damaged_file(path: Path) -> Path:
    """Rename a damaged file, so that nothing of it is lost, and return its new path. Raises `OSError`."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{number}.old{path.suffix}")).exists():
        number += 1
    return path.rename(aside)
