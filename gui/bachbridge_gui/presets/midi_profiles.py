"""Controller bindings in files: named MIDI profiles, and the same rows inside presets.

Besides the bindings, a profile holds the controllers that the engine itself listens to (panic, end of phrase, …), so
that a profile covers all the knobs of a keyboard. Channels are 1-based in files, as people count them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from bachbridge.errors import ConfigError
from bachbridge.settings import Settings
from bachbridge_gui.presets.midi_bindings import Binding
from bachbridge_gui.settings.targets import ENGINE_COMMAND_SETTINGS, is_target
from bachbridge_gui.state.json_store import JsonObject, JsonStore, convert_json
from bachbridge_gui.translation import tr

FORMAT = 1


@dataclass(frozen=True, slots=True)
class MidiProfile:
    """All bindings of a keyboard's controllers."""

    bindings: tuple[Binding, ...] = ()
    own: tuple[tuple[str, int], ...] = ()
    """The engine's own controllers: pairs of a setting (`targets.ENGINE_COMMAND_SETTINGS`) and a controller number."""


class BindingRow(msgspec.Struct, frozen=True):
    """A binding as it is written in a file."""

    target: str
    controller: Annotated[int, msgspec.Meta(ge=0, le=127)]
    channel: Annotated[int, msgspec.Meta(ge=1, le=16)] | None = None
    """1-based; None: any channel."""


BindingRows = Annotated[list[BindingRow], msgspec.Meta(max_length=256)]


class ProfileFile(msgspec.Struct, frozen=True):
    """The content of a profile's file."""

    format: Annotated[int, msgspec.Meta(ge=1)]
    bindings: BindingRows
    own: dict[str, Annotated[int, msgspec.Meta(ge=-1, le=127)]] = {}  # msgspec copies the default for each instance


class ProfileFolder:
    """The profiles in a folder. Every method raises `ConfigError` with a sentence for the user."""

    def __init__(self, folder: Path) -> None:
        self._json_store = JsonStore(folder, ".json", "profile")

    def names(self) -> list[str]:
        return self._json_store.names()

    def load(self, name: str) -> MidiProfile:
        return _profile_from_json(self._json_store.load(name))

    def save(self, name: str, profile: MidiProfile) -> None:
        content = ProfileFile(FORMAT, binding_rows(profile.bindings), dict(profile.own))
        self._json_store.save(name, msgspec.to_builtins(content))

    def rename(self, name: str, new_name: str) -> None:
        self._json_store.rename(name, new_name)

    def delete(self, name: str) -> bytes:
        return self._json_store.delete(name)

    def restore(self, name: str, content: bytes) -> None:
        self._json_store.restore(name, content)


def engine_controllers(settings: Settings) -> tuple[tuple[str, int], ...]:
    """Return the engine's own controllers as they are set."""
    return tuple((setting, getattr(settings, setting)) for setting in ENGINE_COMMAND_SETTINGS.values())


def binding_rows(bindings: tuple[Binding, ...]) -> list[BindingRow]:
    """Convert bindings to the rows that are written into files."""
    return [
        BindingRow(binding.target, binding.controller, None if binding.channel is None else binding.channel + 1)
        for binding in bindings
    ]


def bindings_from_rows(rows: list[BindingRow]) -> tuple[Binding, ...]:
    """Convert the rows of a file to bindings; `ConfigError` if this version does not know a target."""
    unknown = next((row.target for row in rows if not is_target(row.target)), None)
    if unknown is not None:
        raise ConfigError(
            tr(
                "A controller moves {unknown}, which this version does not have: update BachBridge.",
                unknown=unknown[:40],
            )
        )
    return tuple(Binding(row.target, row.controller, None if row.channel is None else row.channel - 1) for row in rows)


def _profile_from_json(table: JsonObject) -> MidiProfile:
    content = convert_json(table, ProfileFile, "profile")
    if content.format > FORMAT:
        raise ConfigError(tr("This profile was saved by a later version: update BachBridge."))
    if not content.own.keys() <= set(ENGINE_COMMAND_SETTINGS.values()):
        raise ConfigError(tr("This profile has commands that this version does not know: choose another one."))
    return MidiProfile(bindings_from_rows(content.bindings), tuple(content.own.items()))
