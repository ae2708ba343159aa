"""The app with its window, where a window can be opened; the sentence that says why not, where none can."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bachbridge.settings import Settings

_PYQT_MISSING = 'There is no window, as the package PyQt6 is missing: install it with pip install "bachbridge[gui]".'
_NO_DISPLAY = "There is no window, as there is no display here."


def run_with_window(
    settings: Settings, *, input_name: str | None, output_name: str | None, log: Path | None, settings_warning: str = ""
) -> int | None:
    """Play with the window until it is closed; the exit code, or None, and a sentence on stderr, if there is none."""
    lack = why_no_window(os.environ, sys.platform)
    if lack is None:
        try:
            from bachbridge_gui.app import run
        except ImportError as error:
            lack = _import_error_text(error)
        else:
            return run(
                settings, input_name=input_name, output_name=output_name, log=log, startup_notice=settings_warning
            )
    print(f"bachbridge: {lack} The engine runs without it.", file=sys.stderr, flush=True)
    return None


def why_no_window(environment: Mapping[str, str], platform: str) -> str | None:
    """Why no window can be opened, in a sentence; None if nothing is known against it."""
    from bachbridge_gui.setup.missing_libraries import missing_message

    shown = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY") or environment.get("QT_QPA_PLATFORM")
    if platform not in ("win32", "darwin") and not shown:
        return _NO_DISPLAY
    return missing_message(environment)


def _import_error_text(error: ImportError) -> str:
    from bachbridge_gui.setup.missing_libraries import import_error_message

    if (error.name or "").partition(".")[0] == "PyQt6" and isinstance(error, ModuleNotFoundError):
        return _PYQT_MISSING
    sentence = import_error_message(str(error))
    if sentence is None:
        raise error
    return sentence
