"""Bindings of controllers as they are kept: named profiles in files, and the same table inside presets.

Besides the bindings a profile holds the controllers that the engine itself listens to (panic, end of phrase, …), so
that a profile is the whole of a keyboard's knobs. Channels are 1-based in files, as people count them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bachbridge.errors import ConfigError
from bachbridge.settings import Settings
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.settings.targets import ENGINE_COMMAND_SETTINGS, is_target
from bachbridge_gui.state.json_store import JsonObject, JsonStore

FORMAT = 1
_MAX_BINDINGS = 256
"""Bindings in one file."""


@dataclass(frozen=True, slots=True)
class MidiProfile:
    """Bindings, and by setting (`targets.OWN`) the engine's own controllers."""

    bindings: tuple[Binding, ...] = ()
    own: tuple[tuple[str, int], ...] = ()


def engine_controllers(settings: Settings) -> tuple[tuple[str, int], ...]:
    """The engine's own controllers as they are set."""
    return tuple((setting, getattr(settings, setting)) for setting in ENGINE_COMMAND_SETTINGS.values())


class ProfileFolder:
    """The profiles in a folder; every method raises `ConfigError` with a sentence."""

    def __init__(self, folder: Path) -> None:
        self._json_store = JsonStore(folder, ".json", "profile")

    def names(self) -> list[str]:
        return self._json_store.names()

    def load(self, name: str) -> MidiProfile:
        return _profile_from_json(self._json_store.load(name))

    def save(self, name: str, profile: MidiProfile) -> None:
        table = {"format": FORMAT, "bindings": bindings_to_json(profile.bindings), "own": dict(profile.own)}
        self._json_store.save(name, table)

    def rename(self, name: str, new_name: str) -> None:
        self._json_store.rename(name, new_name)

    def delete(self, name: str) -> bytes:
        return self._json_store.delete(name)

    def restore(self, name: str, content: bytes) -> None:
        self._json_store.restore(name, content)


def bindings_to_json(bindings: tuple[Binding, ...]) -> list[dict[str, Any]]:
    """The bindings as they are written into files."""
    return [
        {
            "target": binding.target,
            "controller": binding.controller,
            "channel": None if binding.channel is None else binding.channel + 1,
        }
        for binding in bindings
    ]


def bindings_from_json(value: object) -> tuple[Binding, ...]:
    """The inverse of `rows`, of what a stranger may have written."""
    if not isinstance(value, list) or len(cast("list[object]", value)) > _MAX_BINDINGS:
        raise ConfigError("Its controllers are not a list: choose another file.")
    return tuple(_binding_from_json(row) for row in cast("list[object]", value))


def _binding_from_json(row: object) -> Binding:
    if not isinstance(row, dict):
        raise ConfigError("One of its controllers is damaged: choose another file.")
    table = cast("Mapping[str, object]", row)
    target, controller, channel = table.get("target"), table.get("controller"), table.get("channel")
    if not isinstance(target, str) or not is_target(target):
        raise ConfigError(f"It moves {str(target)[:40]!r}, which this version does not have: update BachBridge.")
    if not _is_int_between(controller, 0, 127) or not (channel is None or _is_int_between(channel, 1, 16)):
        raise ConfigError(f"Its controller for {target} is out of range: choose another file.")
    return Binding(target, cast("int", controller), None if channel is None else cast("int", channel) - 1)


def _is_int_between(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _profile_from_json(data: JsonObject) -> MidiProfile:
    if not _is_int_between(data.get("format"), 1, FORMAT):
        raise ConfigError("This profile is of another version: update BachBridge.")
    own: object = data.get("own", {})
    if not isinstance(own, dict):
        raise ConfigError("This profile is damaged: choose another one.")
    pairs = tuple(cast("Mapping[str, object]", own).items())
    if not all(name in ENGINE_COMMAND_SETTINGS.values() and _is_int_between(number, -1, 127) for name, number in pairs):
        raise ConfigError("This profile's controllers are out of range: choose another one.")
    return MidiProfile(bindings_from_json(data.get("bindings")), cast("tuple[tuple[str, int], ...]", pairs))
