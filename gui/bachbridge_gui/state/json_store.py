"""A folder of small JSON files by name: what presets and profiles are kept in.

A file is written whole or not at all. What is read may come from strangers: it is small, it is one JSON object, or it
is refused with a sentence and left as it is.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bachbridge.atomic_files import atomic_output
from bachbridge.errors import ConfigError

_MAX_BYTES = 256 * 1024
_MAX_NAME_LENGTH = 60
_FORBIDDEN_CHARACTERS = frozenset('/\\:*?"<>|')

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JsonStore:
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

    def path_of(self, name: str) -> Path:
        """Where `name` lies or would lie; `ConfigError` if no file can be called so."""
        name = name.strip()
        fits = 0 < len(name) <= _MAX_NAME_LENGTH and name.isprintable() and not _FORBIDDEN_CHARACTERS & set(name)
        if not fits or name.startswith(".") or name.endswith("."):
            raise ConfigError(
                f'A {self.kind} cannot be called "{name}": use up to {_MAX_NAME_LENGTH} letters and digits.'
            )
        return self.folder / f"{name}{self.suffix}"

    def load(self, name: str) -> JsonObject:
        return read_json(self.path_of(name), self.kind)

    def save(self, name: str, table: JsonObject) -> None:
        path = self.path_of(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{self.folder} cannot be made ({error.strerror}): make room or mend the path."
            ) from error
        write_json(path, table)

    def rename(self, name: str, new_name: str) -> None:
        """Raises `ConfigError` if `new` is there already."""
        source, target = self.path_of(name), self.path_of(new_name)
        if target.exists() and not (source.exists() and target.samefile(source)):
            raise ConfigError(f'There is a {self.kind} called "{new_name}" already: choose another name.')
        self._run_or_raise(lambda: source.rename(target), name)

    def delete(self, name: str) -> bytes:
        """Take it away; what it was is returned, for `restore`."""
        path = self.path_of(name)
        try:
            was = path.read_bytes()
            path.unlink()
        except OSError as error:
            raise self._change_error(name, error) from error
        return was

    def restore(self, name: str, content: bytes) -> None:
        """Put back what `delete` took away."""
        with atomic_output(self.path_of(name)) as scratch:
            scratch.write_bytes(content)

    def _run_or_raise(self, action: Callable[[], object], name: str) -> None:
        try:
            action()
        except OSError as error:
            raise self._change_error(name, error) from error

    def _change_error(self, name: str, error: OSError) -> ConfigError:
        return ConfigError(f'The {self.kind} "{name}" cannot be changed ({error.strerror}): look at {self.folder}.')


def read_json(path: Path, kind: str) -> JsonObject:
    """The object in a JSON file; `ConfigError` says what is wrong with it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read ({error.strerror}): choose another file.") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path.name} is too large for a {kind}: choose another file.")
    try:
        table: object = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name} is damaged, it is no {kind}: choose another one, or delete it.") from error
    if not isinstance(table, dict):
        raise ConfigError(f"{path.name} is no {kind}: choose another file.")
    return cast("JsonObject", table)


def write_json(path: Path, table: JsonObject) -> None:
    """Write it whole or not at all."""
    with atomic_output(path) as scratch:
        scratch.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
