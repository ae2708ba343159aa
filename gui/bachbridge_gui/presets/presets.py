"""Presets: all settings, the learnt controllers and a program number under one name, in a file that can be shared.

A preset from another person is checked by the same rules as any setting (`settings.with_setting`). If the file comes
from a newer version, the error says so. A file is applied as a whole or not at all.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from bachbridge import __version__
from bachbridge.errors import ConfigError
from bachbridge.settings import Settings, option_name, settings_from_table
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.presets.midi_profiles import BindingRows, binding_rows, bindings_from_rows
from bachbridge_gui.state.json_store import JsonObject, JsonStore, convert_json, read_json, write_json
from bachbridge_gui.translation import tr

SUFFIX = ".bachbridge.json"
FORMAT = 1

SettingJson = bool | int | float | str | list[int]


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that a preset restores."""

    settings: Settings
    bindings: tuple[Binding, ...] = ()
    program: int | None = None
    """The program change (0-based) that calls the preset; None: none does."""


class PresetFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a preset's file."""

    format: Literal[1] = FORMAT
    made_with: str = "another version"
    program: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    """1-based, as keyboards show it."""
    settings: dict[str, SettingJson]
    bindings: BindingRows


class PresetFolder:
    """The presets in a folder. Every method raises `ConfigError` (or `BachBridgeError`) with a sentence."""

    def __init__(self, folder: Path) -> None:
        self._json_store = JsonStore(folder, SUFFIX, "preset")

    def names(self) -> list[str]:
        return self._json_store.names()

    def load(self, name: str) -> Preset:
        return preset_from_json(self._json_store.load(name))

    def save(self, name: str, preset: Preset) -> None:
        self._json_store.save(name, preset_to_json(preset))

    def delete(self, name: str) -> bytes:
        """Delete a preset and return its content, for `restore`."""
        return self._json_store.delete(name)

    def restore(self, name: str, content: bytes) -> None:
        self._json_store.restore(name, content)

    def export(self, name: str, path: Path) -> None:
        """Write a checked copy of a preset to a file for somebody else."""
        write_json(path, preset_to_json(self.load(name)))

    def import_file(self, path: Path) -> str:
        """Check a stranger's file and save it under its own name, or the next free one; return that name."""
        preset = preset_from_json(read_json(path, "preset"))
        name = self._unused_name(path.name.removesuffix(SUFFIX).removesuffix(".json"))
        self.save(name, preset)
        return name

    def names_by_program(self) -> dict[int, str]:
        """Map each program to the preset that it calls: the first by name; damaged presets are left out."""
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
    """Convert a preset to the JSON object of its file."""
    content = PresetFile(
        made_with=__version__,
        program=None if preset.program is None else preset.program + 1,
        settings=asdict(preset.settings),
        bindings=binding_rows(preset.bindings),
    )
    return msgspec.to_builtins(content)


def preset_from_json(table: JsonObject) -> Preset:
    """Convert the JSON object of a file to a preset; `ConfigError` if it is damaged or of a newer version."""
    maker, file_format = str(table.get("made_with", tr("another version")))[:20], table.get("format")
    if isinstance(file_format, int) and file_format > FORMAT:
        raise _newer_version_error(maker, tr("its format"))
    if file_format != FORMAT or not table.keys() >= {"settings", "bindings"}:
        raise ConfigError(tr("This file is not a preset of BachBridge: choose another one."))
    unknown = table.keys() - set(PresetFile.__struct_fields__)
    if unknown:
        raise _newer_version_error(maker, f'"{min(unknown)[:40]}"')
    content = convert_json(table, PresetFile, "preset")
    program = None if content.program is None else content.program - 1
    return Preset(_settings_from_json(content.settings, maker), bindings_from_rows(content.bindings), program)


def _settings_from_json(values: dict[str, SettingJson], maker: str) -> Settings:
    known = {field.name for field in fields(Settings)}
    for name in values:
        if name not in known:
            raise _newer_version_error(maker, tr('the setting "{name}"', name=option_name(name)[:40]))
    return settings_from_table(values)


def _newer_version_error(maker: str, what: str) -> ConfigError:
    return ConfigError(
        tr(
            "This preset was made with BachBridge {maker} and has {what}, which {version} does not know: update it.",
            maker=maker,
            what=what,
            version=__version__,
        )
    )
