"""The one place that decides where a command writes, so that nothing of the user's is lost.

An output that exists is replaced only with `--force`. An input is never replaced, by whatever spelling or link of its
path the output is named. Without `-o` a name is made from the input's: `melody-harmonized.mid`, then
`melody-harmonized-2.mid` if that exists. Commands call `choose_output` or `check_outputs` before they begin to work;
they then write with `bachbridge.atomic_files.atomic_output`, which leaves no half-written file behind and notices what
another program has written meanwhile.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from bachbridge.atomic_files import check_output_path, expect_new_file, replace_existing_file
from bachbridge.errors import BachBridgeError, ConfigError


def choose_output(
    given: Path | None,
    default: Path,
    *,
    others: Sequence[Path | None] = (),
    inputs: Sequence[Path | None] = (),
    force: bool,
) -> Path:
    """Return the checked path to write to: the given one, or else a free one that resembles `default`.

    `others` are checked with it: what the command writes besides. Raises `BachBridgeError` if nothing may or can be
    written at one of the paths.
    """
    target = free_paths([default])[0] if given is None else given
    if given is None and not target.parent.is_dir():
        missing = next((source for source in inputs if source is not None), target)
        raise BachBridgeError(f"{missing} cannot be read (there is no folder {missing.parent}): check the path.")
    check_outputs([target, *others], inputs=inputs, force=force)
    return target


def derived_path(source: Path, word: str, suffix: str) -> Path:
    """Return the name that is made of an input's, beside it: `melody.mid` harmonized is `melody-harmonized.mid`."""
    return source.with_name(f"{source.stem}-{word}{suffix}")


def free_paths(paths: Sequence[Path]) -> list[Path]:
    """Return the paths, or if something is at one of them, all with the first number from 2 with which all are free."""
    number, free = 1, [*paths]
    while any(os.path.lexists(path) for path in free):
        number += 1
        free = [path.with_name(f"{path.stem}-{number}{path.suffix}") for path in paths]
    return free


def check_outputs(targets: Sequence[Path | None], *, inputs: Sequence[Path | None] = (), force: bool) -> None:
    """Raise `BachBridgeError` unless each of a command's output files may and can be written."""
    paths = [target for target in targets if target is not None]
    for path in paths:
        check_output_path(path)
        for source in inputs:
            if source is not None and is_same_file(path, source):
                raise ConfigError(f"{path} is the input itself, which is never replaced: give another name with -o.")
        if os.path.lexists(path) and not force:
            raise BachBridgeError(f"{path} exists already: choose another name, or replace it with --force.")
    for first, second in combinations(paths, 2):
        if first.absolute() == second.absolute() or is_same_file(first, second):
            raise ConfigError(f"{first} cannot be two files at once: give the outputs different names.")
    for path in paths:
        (replace_existing_file if force else expect_new_file)(path)
    _remove_scratch_files_when_terminated()


def choose_output_folder(
    given: Path | None, default: Path, *, is_replaceable: Callable[[Path], bool], force: bool
) -> Path:
    """Return the checked path of a folder to write: the given one, or else a free one that resembles `default`.

    A folder with content is replaced only with `force`, and only if it is replaceable: of the same command's making.
    Raises `BachBridgeError`.
    """
    path = free_paths([default])[0] if given is None else given
    if not path.absolute().parent.is_dir():
        raise BachBridgeError(f"cannot write {path} (there is no folder {path.parent}): choose another folder.")
    if os.path.lexists(path) and not path.is_dir():
        raise BachBridgeError(f"cannot write {path} (it is no folder): give the name of a new folder.")
    if path.is_dir():
        if Path.cwd().is_relative_to(path.resolve()):
            raise BachBridgeError(f"cannot write {path} (this is the current folder): give the name of a new folder.")
        _check_replaceable_folder(path, is_replaceable, force=force)
    _remove_scratch_files_when_terminated()
    return path


def _check_replaceable_folder(path: Path, is_replaceable: Callable[[Path], bool], *, force: bool) -> None:
    """Raise `BachBridgeError` unless the folder is empty, or may be replaced."""
    try:
        if not any(path.iterdir()):
            return
        replaceable = is_replaceable(path)
    except OSError as error:
        raise BachBridgeError(f"cannot read {path} ({error.strerror}): give the name of a new folder.") from error
    if not replaceable:
        raise BachBridgeError(f"{path} holds other files, which are never replaced: give the name of a new folder.")
    if not force:
        raise BachBridgeError(f"{path} exists already: choose another name, or replace it with --force.")


def is_same_file(path: Path, other: Path) -> bool:
    """Return True if both paths lead to one file that exists, through links or other spellings too."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _remove_scratch_files_when_terminated() -> None:
    """Let SIGTERM unwind the program as Ctrl-C does, so that a file that is being written is removed."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
