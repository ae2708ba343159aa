"""Outputs that appear whole or not at all: written beside their place under another name, then moved there.

And inputs that are read whole, unless they are larger than anything of their kind.
"""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bachbridge.errors import BachBridgeError


def check_output_path(path: Path) -> None:
    """Whether there is a place for a file of that name, told before the work that it is for."""
    if not path.parent.is_dir():
        raise BachBridgeError(f"cannot write {path} (there is no folder {path.parent}): choose another folder.")
    if path.is_dir():
        raise BachBridgeError(f"cannot write {path} (it is a folder): give the name of a file.")


def read_limited_bytes(path: Path, max_bytes: int, error_type: type[BachBridgeError]) -> bytes:
    """What is in a file of `most` bytes at the most; raises the `error`, and of a larger file reads no more."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as why:
        raise error_type(f"{path} cannot be read ({why.strerror}): check the path and its permissions.") from why
    if len(content) > max_bytes:
        raise error_type(f"{path} is too large (over {max_bytes >> 20} MiB): cut it into shorter files.")
    return content


@contextmanager
def atomic_output(path: Path) -> Generator[Path]:
    """A scratch path beside `path`, with the same suffix, that becomes `path` unless the block raises."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise BachBridgeError(f"cannot write {path} ({error.strerror}): choose another folder.") from error
    os.close(handle)
    scratch = Path(name)
    try:
        yield scratch
        scratch.chmod(0o666 & ~_umask())
        scratch.replace(path)
    except OSError as error:
        raise BachBridgeError(f"cannot write {path} ({error.strerror}): make room or choose another place.") from error
    finally:
        scratch.unlink(missing_ok=True)


def _umask() -> int:
    """The process's mask for new files, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def rename_damaged_file(path: Path) -> Path:
    """Give a damaged file another name, so that nothing of it is lost; that name. Raises `OSError`."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{number}.old{path.suffix}")).exists():
        number += 1
    return path.rename(aside)
