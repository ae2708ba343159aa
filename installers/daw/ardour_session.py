"""Make a session of Ardour that is ready for BachBridge: `python installers/daw/ardour_session.py FOLDER`.

It has a MIDI track to BachBridge and a MIDI track for its answer. Ardour's own program for scripts,
`luasession`, writes it, so it fits the installed version. The two ports are connected once, in Ardour's window.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = Path(__file__).with_suffix(".lua")
_ROOTS = (Path("/usr/lib"), Path("/usr/local/lib"), Path("/opt"))
_BACKEND = "None (Dummy)"
"""The session is only written, so no sound device is needed."""
_LIMIT_S = 120


def find_luasession() -> Path | None:
    """Return Ardour's program for scripts, None if Ardour is not installed."""
    return next((path for root in _ROOTS for path in sorted(root.glob("[Aa]rdour*/**/luasession"))), None)


def make_session(program: Path, folder: Path) -> str:
    """Write the session into `folder`, which must not exist; return a sentence about a failure, or an empty string."""
    name = program.parent.name
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(program.parent),
        "ARDOUR_DATA_PATH": f"/usr/share/{name}",
        "ARDOUR_CONFIG_PATH": f"/etc/{name}",
        "ARDOUR_DLL_PATH": str(program.parent),
        "SESSION_FOLDER": str(folder),
        "SESSION_NAME": folder.name,
        "SESSION_BACKEND": _BACKEND,
    }
    try:
        subprocess.run([program, _SCRIPT], env=environment, check=True, capture_output=True, timeout=_LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        return f"Ardour could not make the session: {error}."
    if not (folder / f"{folder.name}.ardour").is_file():
        return f"Ardour wrote no session into {folder}: open Ardour once, so that it has its settings, and try again."
    return ""


def main(arguments: Sequence[str]) -> str:
    """Return the sentence to exit with; empty if all went well."""
    if len(arguments) != 1:
        return "Name one new folder: python installers/daw/ardour_session.py FOLDER"
    folder = Path(arguments[0]).resolve()
    if folder.exists():
        return f"{folder} exists already: name a new folder."
    program = find_luasession()
    if program is None:
        return "Ardour is not installed, or without its program luasession: install Ardour, then try again."
    problem = make_session(program, folder)
    if not problem:
        print(f"wrote {folder}: start BachBridge, open the session, connect its tracks in Window, MIDI Connections")
    return problem


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
