"""Presets: all settings, the learnt controllers and a program number under one name, in a file that can be given away.

A preset from a stranger is held against the same rules as any setting (`config.with_value`); one of a newer version
names it. Nothing of a file is taken unless all of it can be.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from bachbridge import __version__
from bachbridge.errors import ConfigError
from bachbridge.settings import Settings, option_name, with_setting
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.midi_profiles import bindings_from_json, bindings_to_json
from bachbridge_gui.state.json_store import JsonObject, JsonStore, read_json, write_json

SUFFIX = ".bachbridge.json"
FORMAT = 1
_KNOWN_KEYS = {"format", "made_with", "program", "settings", "bindings"}


@dataclass(frozen=True, slots=True)
class Preset:
    """`program` (from 0) is the program change that calls it; None: none does."""

    settings: Settings
    bindings: tuple[Binding, ...] = ()
    program: int | None = None


class PresetFolder:
    """The presets in a folder; every method raises `ConfigError` (or `BachBridgeError`) with a sentence."""

    def __init__(self, folder: Path) -> None:
        self._json_store = JsonStore(folder, SUFFIX, "preset")

    def names(self) -> list[str]:
        return self._json_store.names()

    def load(self, name: str) -> Preset:
        return preset_from_json(self._json_store.load(name))

    def save(self, name: str, preset: Preset) -> None:
        self._json_store.save(name, preset_to_json(preset))

    def delete(self, name: str) -> bytes:
        """What it was is returned, for `restore`."""
        return self._json_store.delete(name)

    def restore(self, name: str, content: bytes) -> None:
        self._json_store.restore(name, content)

    def export(self, name: str, path: Path) -> None:
        """A copy for somebody else, checked before it goes out."""
        write_json(path, preset_to_json(self.load(name)))

    def import_file(self, path: Path) -> str:
        """A stranger's file, checked, under its own name or, where that is taken, the next free one; that name."""
        preset = preset_from_json(read_json(path, "preset"))
        name = self._unused_name(path.name.removesuffix(SUFFIX).removesuffix(".json"))
        self.save(name, preset)
        return name

    def names_by_program(self) -> dict[int, str]:
        """Which preset a program calls; damaged ones call nothing, and of two the first by name is called."""
        found: dict[int, str] = {}
        for name in self.names():
            try:
                program = self.load(name).program
            except ConfigError:
                continue
            if program is not None:
                found.setdefault(program, name)
        return found

    def _unused_name(self, name: str) -> str:
        taken = {known.casefold() for known in self.names()}
        if name.casefold() not in taken:
            return name
        return next(f"{name} {n}" for n in range(2, len(taken) + 3) if f"{name} {n}".casefold() not in taken)


def preset_to_json(preset: Preset) -> JsonObject:
    """The preset as it is written."""
    return {
        "format": FORMAT,
        "made_with": __version__,
        "program": None if preset.program is None else preset.program + 1,
        "settings": asdict(preset.settings),
        "bindings": bindings_to_json(preset.bindings),
    }


def preset_from_json(data: JsonObject) -> Preset:
    """The inverse of `table_of`, of what a stranger may have written."""
    maker = str(data.get("made_with", "another version"))[:20]
    if data.get("format") != FORMAT or not data.keys() >= {"settings", "bindings"}:
        if isinstance(data.get("format"), int) and data["format"] > FORMAT:
            raise _newer_version_error(maker, "its format")
        raise ConfigError("This file is no preset of BachBridge: choose another one.")
    unknown = data.keys() - _KNOWN_KEYS
    if unknown:
        raise _newer_version_error(maker, f'"{min(unknown)[:40]}"')
    program: Any = data.get("program")
    if program is not None and (isinstance(program, bool) or program not in range(1, 129)):
        raise ConfigError("This preset's program is not one from 1 to 128: choose another file.")
    settings = _settings_from_json(data["settings"], maker)
    return Preset(settings, bindings_from_json(data["bindings"]), None if program is None else int(program) - 1)


def _settings_from_json(value: object, maker: str) -> Settings:
    if not isinstance(value, dict):
        raise ConfigError("This preset's settings are damaged: choose another file.")
    known = {field.name for field in fields(Settings)}
    settings = Settings()
    for name, item in cast("Mapping[str, object]", value).items():
        if name not in known:
            raise _newer_version_error(maker, f'the setting "{option_name(name)[:40]}"')
        settings = with_setting(settings, name, _checked_value(name, item))
    return settings


def _checked_value(name: str, item: object) -> object:
    """JSON's lists and plain values; objects inside objects are nobody's setting."""
    if item is None or isinstance(item, dict):
        raise ConfigError(f"This preset's {option_name(name)} is no value: choose another file.")
    return item


def _newer_version_error(maker: str, what: str) -> ConfigError:
    return ConfigError(
        f"This preset was made with BachBridge {maker} and has {what}, which {__version__} does not know: update it."
    )
