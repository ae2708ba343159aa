"""The settings that the app starts with: those of the file, with the options of this run, and never none at all.

A damaged file or a model that is gone costs what it says and nothing else. One sentence on stderr says so, and the
window shows it.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bachbridge.cli.options import apply_options
from bachbridge.errors import ModelError
from bachbridge.settings import Settings
from bachbridge.settings_file import load_or_recover_settings, settings_path


def load_startup_settings(options: Mapping[str, Any]) -> tuple[Settings, str]:
    """Return the settings and "" or a warning, which is on stderr already; raises `ConfigError` for an option."""
    saved, warning = load_or_recover_settings(settings_path())
    settings = apply_options(saved, dict(options))
    problem = _model_problem(settings) if options.get("model") is None else ""
    if problem:
        settings = replace(settings, model=Settings().model)
    sentence = " ".join(filter(None, (warning, problem)))
    if sentence:
        print(f"bachbridge: {sentence}", file=sys.stderr, flush=True)
    return settings, sentence


def _model_problem(settings: Settings) -> str:
    """Return the sentence about a saved model that cannot be used and is replaced; empty if there is nothing to say."""
    from bachbridge.inference.runtime import library

    default = Settings().model
    if settings.model == default:
        return ""
    try:
        library.find_checked_card(settings.model)
    except ModelError as error:
        return f"Your model cannot be used ({str(error).rstrip('.')}): {default} plays instead."
    return ""
