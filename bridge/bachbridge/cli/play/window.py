"""The app with its window, or one sentence that says why no window can be opened."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bachbridge.install_advice import install_advice
from bachbridge.process.entry_points import WINDOW_GROUP, EntryPointError, load_entry_point
from bachbridge.settings import Settings

_NO_DISPLAY = "There is no window, as there is no display here."


def run_with_window(
    settings: Settings, *, input_name: str | None, output_name: str | None, log: Path | None, settings_warning: str = ""
) -> int | None:
    """Play with the window until it is closed and return its exit code.

    If there can be no window, print a sentence on stderr and return None.
    """
    run, obstacle = _load_window()
    if run is None:
        print(f"bachbridge: {obstacle} The engine runs without it.", file=sys.stderr, flush=True)
        return None
    return run(settings, input_name=input_name, output_name=output_name, log=log, startup_notice=settings_warning)


def _load_window() -> tuple[Callable[..., int | None] | None, str]:
    """Return the function that opens the window, or None and the reason why there is none."""
    try:
        obstacle = why_no_window(os.environ, sys.platform)
        return (None, obstacle) if obstacle else (load_entry_point(WINDOW_GROUP, "run"), "")
    except EntryPointError as error:
        return None, str(error)
    except ImportError as error:
        return None, _import_error_text(error)


def why_no_window(environment: Mapping[str, str], platform: str) -> str | None:
    """Return the reason why no window can be opened, in a sentence; None if none is known."""
    shown = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY") or environment.get("QT_QPA_PLATFORM")
    if platform not in ("win32", "darwin") and not shown:
        return _NO_DISPLAY
    return load_entry_point(WINDOW_GROUP, "missing-libraries")(environment)


def _import_error_text(error: ImportError) -> str:
    if (error.name or "").partition(".")[0] == "PyQt6" and isinstance(error, ModuleNotFoundError):
        return f"There is no window, as the package PyQt6 is missing: {install_advice('gui')}."
    sentence = load_entry_point(WINDOW_GROUP, "import-error")(str(error))
    if sentence is None:
        raise error
    return sentence
