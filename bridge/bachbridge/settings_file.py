"""The file of settings: flat TOML in the user's configuration folder."""

import json
import os
import tomllib
from dataclasses import asdict
from pathlib import Path

from bachbridge.atomic_files import rename_damaged_file
from bachbridge.data_errors import data_error_text
from bachbridge.errors import ConfigError
from bachbridge.settings import Settings, settings_from_table, validated


def settings_path() -> Path:
    """Return the path of the user's settings on this system; the file need not exist."""
    from platformdirs import user_config_path

    return user_config_path("bachbridge", appauthor=False) / "settings.toml"


def load_settings(path: Path) -> Settings:
    """Return the settings of a file, or the defaults if there is none; raises `ConfigError` that says what is wrong."""
    try:
        return settings_from_table(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
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
    """Return the settings of a file and "", or the defaults and a warning if the file was damaged and is now renamed.

    Raises `ConfigError` if a damaged file cannot be renamed.
    """
    try:
        return load_settings(path), ""
    except ConfigError as error:
        try:
            renamed = rename_damaged_file(path)
        except OSError:
            raise error from None
        warning = f"The settings file was damaged and has been renamed to {renamed.name}; default settings are in use."
        return Settings(), warning


def save_settings(settings: Settings, path: Path) -> None:
    """Write the whole file or nothing, creating its folder; raises `ConfigError`."""
    lines = [f"{name} = {_toml_value(value)}\n" for name, value in asdict(validated(settings)).items()]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("".join(lines), encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigError(f"The settings cannot be saved in {path}: {error.strerror}.") from error


def _toml_value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # JSON and TOML write flat printable values alike
