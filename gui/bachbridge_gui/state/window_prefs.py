"""The window's preferences, which it remembers from one day to the next in a JSON file of its own.

The musical settings are not here: they belong to the engine, and to presets. A file that is damaged, or was written by
a later version, is renamed, never overwritten: the window opens as if for the first time and says so.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bachbridge.atomic_files import atomic_output, rename_damaged_file
from bachbridge.errors import BachBridgeError
from bachbridge_gui.translation import tr

VERSION = 1


@dataclass(frozen=True, slots=True)
class WindowPrefs:
    """The state of the window that the next one starts with. A field that a file lacks has its default."""

    geometry: str = ""
    """Position and size of the window as Qt writes them (`saveGeometry`), in Base64."""
    input: str | None = None
    """Name of the input port; None: BachBridge's own virtual port. Likewise for the output."""
    output: str | None = None
    preset: str = ""
    profile: str = ""
    """Name of the MIDI profile."""
    theme: Literal["system", "light", "dark"] = "system"
    language: Annotated[str, Meta(max_length=20)] = "system"
    """The language of the window's words; one that this version does not have counts as the system's."""
    zoom: Annotated[float, Meta(gt=0, lt=1e9)] = 10.0
    """Seconds across the piano roll."""
    follow: bool = True
    view: Literal["roll", "score"] = "roll"
    compact: bool = False
    always_on_top: bool = False
    welcome: bool = True
    """True if the welcome page is shown at the start."""
    preview: Literal["auto", "on", "off"] = "auto"
    volume: Annotated[float, Meta(ge=0, le=1)] = 0.8
    """Volume of the preview sound."""
    latency_ms: Mapping[str, int] = field(default_factory=dict[str, int])
    """Latency of each output, by the output's name."""
    controls_open: bool = True
    phrases_open: bool = True
    """True if the panel is open where there is room for both."""
    shape_open: bool = True
    setup_open: bool = False
    """True if this level of the controls is open."""
    legend_open: bool = True
    """True if the names of the parts are shown beside their signs on the roll."""
    computer_keys: bool = False
    """True if the piano on the screen is shown, which the computer's keys play."""
    key_layout: Literal["", "qwerty", "qwertz", "azerty"] = ""
    """The letters on the computer's keys; empty: as is usual for the system's language."""


class _FileVersion(msgspec.Struct):
    version: int = 0


def load(path: Path) -> tuple[WindowPrefs, str]:
    """Read the preferences. The second value is empty, or the sentence that says why they are the defaults."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return WindowPrefs(), ""
    except OSError as error:
        return WindowPrefs(), tr(
            "{path} cannot be read ({strerror}): the window opens as if for the first time.",
            path=path,
            strerror=error.strerror,
        )
    try:
        if msgspec.json.decode(data, type=_FileVersion).version > VERSION:
            return WindowPrefs(), _set_aside(path, tr("was written by a later version of BachBridge"))
        return msgspec.json.decode(data, type=WindowPrefs), ""
    except (msgspec.DecodeError, ValueError, RecursionError):
        return WindowPrefs(), _set_aside(path, tr("is damaged"))


def save(path: Path, prefs: WindowPrefs) -> None:
    """Write the file whole; `BachBridgeError` if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BachBridgeError(
            tr("cannot write {path} ({strerror}): make its folder writable.", path=path, strerror=error.strerror)
        ) from error
    content = msgspec.json.encode({"version": VERSION, **asdict(prefs)})
    with atomic_output(path, private=True) as scratch:
        scratch.write_bytes(msgspec.json.format(content, indent=1))


def _set_aside(path: Path, what: str) -> str:
    """Rename the file and return the sentence that says so."""
    try:
        renamed = rename_damaged_file(path)
    except OSError:
        return tr(
            "{path} {what} and cannot be renamed: the window opens as if for the first time.", path=path, what=what
        )
    return tr(
        "{path} {what} and has been renamed to {name}: the window opens as if for the first time.",
        path=path,
        what=what,
        name=renamed.name,
    )
