"""What the window remembers from one day to the next, in a JSON file of its own.

The settings of the music are not here (they are the engine's, and a preset's). A file that is damaged, or was written
by a later version, is set aside under another name, never overwritten: the window opens as if for the first time and
says so.
"""

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from bachbridge.atomic_files import atomic_output, rename_damaged_file
from bachbridge.errors import BachBridgeError

VERSION = 1


@dataclass(frozen=True, slots=True)
class WindowPrefs:
    """Everything about the window that is to be as it was."""

    geometry: str = ""
    """Qt's own words for the window's place and size (`saveGeometry`), in hexadecimal."""
    input: str | None = None
    """The name of the port to take; None: our own virtual one. So for the output."""
    output: str | None = None
    preset: str = ""
    profile: str = ""
    """Of learnt controllers."""
    theme: Literal["system", "light", "dark"] = "system"
    zoom: float = 10.0
    """Seconds across the roll."""
    follow: bool = True
    view: Literal["roll", "score"] = "roll"
    compact: bool = False
    always_on_top: bool = False
    welcome: bool = True
    """Whether the first page is shown at the start."""
    preview: Literal["auto", "on", "off"] = "auto"
    volume: float = 0.8
    latency_ms: Mapping[str, int] = field(default_factory=dict[str, int])
    """By the output's name."""
    computer_keys: bool = False


def load(path: Path) -> tuple[WindowPrefs, str]:
    """What the file holds, and an empty string; or what is so for the first time, and the sentence that says why."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return WindowPrefs(), ""
    except OSError as error:
        return WindowPrefs(), f"{path} cannot be read ({error.strerror}): the window opens as if for the first time."
    except UnicodeDecodeError:
        return WindowPrefs(), _set_aside(path, "is damaged")
    try:
        return _parse(text), ""
    except _LaterVersionError:
        return WindowPrefs(), _set_aside(path, "was written by a later version of BachBridge")
    except (ValueError, TypeError, RecursionError):
        return WindowPrefs(), _set_aside(path, "is damaged")


def save(path: Path, prefs: WindowPrefs) -> None:
    """Write the file whole; `BachBridgeError` where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BachBridgeError(f"cannot write {path} ({error.strerror}): make its folder writable.") from error
    with atomic_output(path) as scratch:
        scratch.write_text(json.dumps({"version": VERSION, **asdict(prefs)}, indent=1), encoding="utf-8")


class _LaterVersionError(Exception):
    """The file's version is beyond ours."""


def _parse(text: str) -> WindowPrefs:
    """The file's values; those it lacks are as for the first time, and what nobody knows is left out."""
    plain = json.loads(text)
    if not isinstance(plain, dict):
        raise ValueError(text[:50])
    values: dict[str, Any] = {str(name): value for name, value in plain.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] # what JSON holds
    if values.get("version", 0) > VERSION:
        raise _LaterVersionError
    hints = typing.get_type_hints(WindowPrefs)
    known = {each.name: values[each.name] for each in fields(WindowPrefs) if each.name in values}
    for name, value in known.items():
        if not _matches_type(value, hints[name]):
            raise ValueError(name)
    return WindowPrefs(**known)


def _matches_type(value: Any, hint: Any) -> bool:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return value in parts
    if origin is Mapping:
        return isinstance(value, dict) and all(_matches_type(item, parts[1]) for item in value.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType] # what JSON holds
    if origin in {types.UnionType, typing.Union}:
        return any(_matches_type(value, part) for part in parts)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return type(value) is hint


def _set_aside(path: Path, what: str) -> str:
    """Move the file out of the way; the sentence that says so."""
    try:
        aside = rename_damaged_file(path)
    except OSError:
        return f"{path} {what} and cannot be moved out of the way: the window opens as if for the first time."
    return f"{path} {what} and now lies in {aside.name}: the window opens as if for the first time."
