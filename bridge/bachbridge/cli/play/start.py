"""`make run`: the app if this machine has a display and a MIDI system, otherwise the demo.

Without one of them nobody could see or hear anything. Then one line says what is missing, and the demo shows the same
engine at work by writing files.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bachbridge.cli.play.startup_settings import load_startup_settings
from bachbridge.settings import Settings


def start_app_or_demo() -> None:
    """Start the app, or print what is missing for it and run the demo in the current folder."""
    missing = missing_for_app(os.environ, sys.platform, has_midi=_has_midi_system())
    if missing is None:
        from bachbridge.cli.play.terminal import run_in_terminal
        from bachbridge.cli.play.window import run_with_window

        settings, warning = load_startup_settings({})
        code = run_with_window(settings, input_name=None, output_name=None, log=None, settings_warning=warning)
        if code is not None:
            sys.exit(code)
        run_in_terminal(settings, input_name=None, output_name=None, log=None)
    else:
        from bachbridge.cli.play.demo import run_demo

        print(f"There is no {missing} here, so the demo runs instead of the app.", flush=True)
        defaults = Settings()
        run_demo(Path(), model=defaults.model, temperature=defaults.temperature, seed=0)


def missing_for_app(environment: Mapping[str, str], platform: str, *, has_midi: bool) -> str | None:
    """Return what the app needs and this machine does not have, in words; None if it has everything."""
    display = platform in ("win32", "darwin") or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    match bool(display), has_midi:
        case True, True:
            return None
        case False, True:
            return "display"
        case True, False:
            return "MIDI system"
        case _:
            return "display and no MIDI system"


def _has_midi_system() -> bool:
    from bachbridge.errors import PortError
    from bachbridge.midi.midi_system import find_system

    try:
        find_system()
    except PortError:
        return False
    return True
