"""The file of settings: flat TOML in the user's configuration folder."""

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bachbridge.atomic_files import atomic_output, rename_damaged_file
from bachbridge.data_errors import data_error_text
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.settings import Settings, settings_from_table, validated, with_setting

_MAX_BYTES, _MAX_LINE_BYTES = 1 << 15, 1 << 11
"""A file of settings takes some 3 KiB. The time to parse one line grows with the square of its dots."""


def settings_path() -> Path:
    """Return the path of the user's settings on this system; the file need not exist."""
    from platformdirs import user_config_path

    return user_config_path("bachbridge", appauthor=False) / "settings.toml"


def load_settings(path: Path) -> Settings:
    """Return the settings of a file, or the defaults if there is none; raises `ConfigError` that says what is wrong."""
    try:
        return settings_from_table(_read_table(path))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, ConfigError) as error:
        raise ConfigError(
            f"The settings file {path} cannot be read ({_problem_text(error)}): correct it or delete it."
        ) from error


def _problem_text(error: Exception) -> str:
    """Say what is wrong with the file, as a part of a sentence."""
    match error:
        case OSError():
            return error.strerror or "it cannot be opened"
        case UnicodeDecodeError():
            return "it is no text in UTF-8"
        case _:
            return data_error_text(error).rstrip(".")


def load_or_recover_settings(path: Path) -> tuple[Settings, str]:
    """Return as many settings of a file as are sound, and "" or a warning that says what became of the file.

    A damaged file is renamed, never lost. If it held sound values too, a new file is written with these.
    """
    try:
        table = _read_table(path)
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        reason = error.strerror or str(error)
        return Settings(), f"The settings file {path} cannot be read ({reason}): default settings are in use."
    except ValueError:
        return Settings(), f"The settings file was damaged and {_set_aside(path)}; default settings are in use."
    settings, problems = _sound_settings(table)
    if not problems:
        return settings, ""
    outcome = _set_aside(path)
    with suppress(ConfigError):
        save_settings(settings, path)
    more = f" and {len(problems) - 1} more values" if len(problems) > 1 else ""
    return settings, f"{problems[0].rstrip('.')}{more}: the settings file {outcome}; its other values are in use."


def _read_table(path: Path) -> dict[str, Any]:
    """Return the values in the file, unchecked; raises `OSError`, or `ValueError` if it is no file of settings."""
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES or max(map(len, content.split(b"\n"))) > _MAX_LINE_BYTES:
        raise ValueError("it is too large")
    try:
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _set_aside(path: Path) -> str:
    """Rename a damaged file and return what became of it, as the end of a sentence."""
    try:
        renamed = rename_damaged_file(path)
    except OSError as error:
        return f"cannot be renamed ({error.strerror})"
    return f"has been renamed to {renamed.name}"


def _sound_settings(table: Mapping[str, object]) -> tuple[Settings, list[str]]:
    """Return the settings with all values of the table that can be in force together, and what is wrong with others."""
    with suppress(ConfigError):
        return settings_from_table(table), []
    settings, refused = Settings(), dict(table)
    problems: list[str] = []
    # Some values are sound only beside others, which may follow: whatever was refused is tried again.
    for _ in range(2):
        problems = []
        for name, value in list(refused.items()):
            try:
                settings = with_setting(settings, name, value)
                del refused[name]
            except ConfigError as error:
                problems.append(str(error))
    return settings, problems


def save_settings(settings: Settings, path: Path) -> None:
    """Write the whole file or nothing, creating its folder; raises `ConfigError`. Only its owner may read the file."""
    lines = [f"{name} = {_toml_value(value)}\n" for name, value in asdict(validated(settings)).items()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The settings cannot be saved in {path}: {error.strerror}.") from error
    try:
        with atomic_output(path, private=True) as scratch:
            scratch.write_text("".join(lines), encoding="utf-8")
    except BachBridgeError as error:
        raise ConfigError(f"The settings cannot be saved: {error}") from error


def _toml_value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # JSON and TOML write flat printable values alike
