"""A folder of small JSON files by name, in which presets and MIDI profiles are kept.

A file is written whole or not at all. A file that is read may come from a stranger: it must be small and hold one JSON
object, or it is refused with a sentence and left as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bachbridge.atomic_files import atomic_output
from bachbridge.data_errors import data_error_text
from bachbridge.errors import ConfigError
from bachbridge_gui.translation import tr

_MAX_BYTES = 256 * 1024
_MAX_NAME_LENGTH = 60
_FORBIDDEN_CHARACTERS = frozenset('/\\:*?"<>|')

JsonObject = Mapping[str, Any]
FileContent = TypeVar("FileContent")


@dataclass(frozen=True, slots=True)
class JsonStore:
    """Files `NAME` + `suffix` in `folder`, which is created by the first `save`.

    All methods but `names` raise `ConfigError`, or `BachBridgeError` when a file cannot be written.
    """

    folder: Path
    suffix: str
    kind: str
    """One word for people that says what a file holds: "preset"."""

    def names(self) -> list[str]:
        """Names of the files in alphabetical order."""
        if not self.folder.is_dir():
            return []
        files = [path.name for path in self.folder.iterdir() if path.is_file() and path.name.endswith(self.suffix)]
        names = [name.removesuffix(self.suffix) for name in files if not name.startswith(".")]
        return sorted((name for name in names if name), key=str.casefold)

    def path_of(self, name: str) -> Path:
        """Path of the file called `name`, whether or not it exists."""
        name = name.strip()
        fits = 0 < len(name) <= _MAX_NAME_LENGTH and name.isprintable() and not _FORBIDDEN_CHARACTERS & set(name)
        if not fits or name.startswith(".") or name.endswith("."):
            raise ConfigError(
                tr(
                    'A {kind} cannot be called "{name}": use up to {count} letters and digits.',
                    kind=tr(self.kind),
                    name=name,
                    count=_MAX_NAME_LENGTH,
                )
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
                tr(
                    "The folder {folder} cannot be created ({strerror}): make room or correct the path.",
                    folder=self.folder,
                    strerror=error.strerror,
                )
            ) from error
        write_json(path, table)

    def rename(self, name: str, new_name: str) -> None:
        """Rename a file; `ConfigError` if `new_name` is taken."""
        source, target = self.path_of(name), self.path_of(new_name)
        if target.exists() and not (source.exists() and target.samefile(source)):
            raise ConfigError(
                tr(
                    'There is already a {kind} called "{new_name}": choose another name.',
                    kind=tr(self.kind),
                    new_name=new_name,
                )
            )
        try:
            source.rename(target)
        except OSError as error:
            raise self._change_error(name, error) from error

    def delete(self, name: str) -> bytes:
        """Delete a file and return its content, for `restore`."""
        path = self.path_of(name)
        try:
            content = path.read_bytes()
            path.unlink()
        except OSError as error:
            raise self._change_error(name, error) from error
        return content

    def restore(self, name: str, content: bytes) -> None:
        """Put back what `delete` removed."""
        with atomic_output(self.path_of(name)) as scratch:
            scratch.write_bytes(content)

    def _change_error(self, name: str, error: OSError) -> ConfigError:
        return ConfigError(
            tr(
                'The {kind} "{name}" cannot be changed ({strerror}): check {folder}.',
                kind=tr(self.kind),
                name=name,
                strerror=error.strerror,
                folder=self.folder,
            )
        )


def read_json(path: Path, kind: str) -> JsonObject:
    """Read the object in a JSON file; `ConfigError` says what is wrong with the file."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            tr("{name} cannot be read ({strerror}): choose another file.", name=path.name, strerror=error.strerror)
        ) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(tr("{name} is too large for a {kind}: choose another file.", name=path.name, kind=tr(kind)))
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise ConfigError(tr("{name} is not a {kind}: choose another file.", name=path.name, kind=tr(kind))) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ConfigError(
            tr("{name} is damaged and not a {kind}: choose another file, or delete it.", name=path.name, kind=tr(kind))
        ) from error


def convert_json(table: JsonObject, content: type[FileContent], kind: str) -> FileContent:
    """Convert a JSON object to the type that describes it; `ConfigError` names the first value that does not fit."""
    try:
        return msgspec.convert(table, content)
    except msgspec.ValidationError as error:
        raise ConfigError(
            tr(
                "This {kind} is damaged ({problem}): choose another file.",
                kind=tr(kind),
                problem=data_error_text(error),
            )
        ) from error


def write_json(path: Path, table: JsonObject) -> None:
    """Write the file whole or not at all."""
    with atomic_output(path) as scratch:
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n")
