"""A folder of small JSON files by name: what presets and profiles are kept in.

A file is written whole or not at all. What is read may come from strangers: it is small, it is one JSON object, or it
is refused with a sentence and left as it is.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bachbridge.atomic_files import whole_file
from bachbridge.errors import ConfigError

_LARGEST_BYTES = 256 * 1024
_LONGEST_NAME = 60
_FORBIDDEN = frozenset('/\\:*?"<>|')

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawer:
    """Files `NAME` + `suffix` in `folder`, which is made when something is written."""

    folder: Path
    suffix: str
    kind: str
    """What lies in it, in one word for people: "preset"."""

    def names(self) -> list[str]:
        """What lies there, in alphabetical order."""
        if not self.folder.is_dir():
            return []
        files = [path.name for path in self.folder.iterdir() if path.is_file() and path.name.endswith(self.suffix)]
        names = [name.removesuffix(self.suffix) for name in files if not name.startswith(".")]
        return sorted((name for name in names if name), key=str.casefold)

    def path(self, name: str) -> Path:
        """Where `name` lies or would lie; `ConfigError` if no file can be called so."""
        name = name.strip()
        fits = 0 < len(name) <= _LONGEST_NAME and name.isprintable() and not _FORBIDDEN & set(name)
        if not fits or name.startswith(".") or name.endswith("."):
            raise ConfigError(f'A {self.kind} cannot be called "{name}": use up to {_LONGEST_NAME} letters and digits.')
        return self.folder / f"{name}{self.suffix}"

    def read(self, name: str) -> Table:
        return read_table(self.path(name), self.kind)

    def write(self, name: str, table: Table) -> None:
        path = self.path(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{self.folder} cannot be made ({error.strerror}): make room or mend the path."
            ) from error
        write_table(path, table)

    def rename(self, name: str, new: str) -> None:
        """Raises `ConfigError` if `new` is there already."""
        source, target = self.path(name), self.path(new)
        if target.exists() and not (source.exists() and target.samefile(source)):
            raise ConfigError(f'There is a {self.kind} called "{new}" already: choose another name.')
        self._touch(lambda: source.rename(target), name)

    def delete(self, name: str) -> bytes:
        """Take it away; what it was is returned, for `restore`."""
        path = self.path(name)
        try:
            was = path.read_bytes()
            path.unlink()
        except OSError as error:
            raise self._failed(name, error) from error
        return was

    def restore(self, name: str, was: bytes) -> None:
        """Put back what `delete` took away."""
        with whole_file(self.path(name)) as scratch:
            scratch.write_bytes(was)

    def _touch(self, action: Callable[[], object], name: str) -> None:
        try:
            action()
        except OSError as error:
            raise self._failed(name, error) from error

    def _failed(self, name: str, error: OSError) -> ConfigError:
        return ConfigError(f'The {self.kind} "{name}" cannot be changed ({error.strerror}): look at {self.folder}.')


def read_table(path: Path, kind: str) -> Table:
    """The object in a JSON file; `ConfigError` says what is wrong with it."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read ({error.strerror}): choose another file.") from error
    if len(data) > _LARGEST_BYTES:
        raise ConfigError(f"{path.name} is too large for a {kind}: choose another file.")
    try:
        table: object = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name} is damaged, it is no {kind}: choose another one, or delete it.") from error
    if not isinstance(table, dict):
        raise ConfigError(f"{path.name} is no {kind}: choose another file.")
    return cast("Table", table)


def write_table(path: Path, table: Table) -> None:
    """Write it whole or not at all."""
    with whole_file(path) as scratch:
        scratch.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
