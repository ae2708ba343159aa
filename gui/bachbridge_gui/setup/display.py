"""The displays that the environment names, asked for an answer before Qt opens a window on them.

Qt ends the whole process (SIGABRT) if it finds no display server or no plugin for it. So X11's library is asked to
connect first, or Wayland's socket; whatever else the environment names is tried by a process of its own.
"""

import ctypes
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

_TIMEOUT_S = 3.0
_PROBE_TIMEOUT_S = 15.0
_PROBE = "from PyQt6.QtGui import QGuiApplication; QGuiApplication([])"
_NEED_NO_SERVER = {"offscreen", "minimal"}


def display_obstacle(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """Return the sentence that says why no window can be opened; empty if one can."""
    named = _named_platforms(environment)
    if any(_can_open(name, environment, platform) for name in named or _found_platforms(environment, platform)):
        return ""
    if named:
        return (
            f"There is no window, as Qt cannot use QT_QPA_PLATFORM={environment['QT_QPA_PLATFORM']} here: correct it "
            "or leave it out."
        )
    places = [f"{name}={environment[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if environment.get(name)]
    return f"There is no window, as no display answers at {' or '.join(places)}: start one or correct the name."


def answering_platforms(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """Return the value of QT_QPA_PLATFORM with which Qt tries only displays that answer; empty if it may try all."""
    found = _found_platforms(environment, platform)
    if _named_platforms(environment) or len(found) < 2:
        return ""
    answering = [name for name in found if _can_open(name, environment, platform)]
    return ";".join(answering) if len(answering) < len(found) else ""


def _named_platforms(environment: Mapping[str, str]) -> list[str]:
    """Return the plugins that QT_QPA_PLATFORM names, without their options."""
    return [part.partition(":")[0] for part in environment.get("QT_QPA_PLATFORM", "").split(";") if part]


def _found_platforms(environment: Mapping[str, str], platform: str) -> list[str]:
    """Return the plugins for the displays that the environment names, or the system's own."""
    if platform in ("win32", "darwin"):
        return ["windows" if platform == "win32" else "cocoa"]
    displays = {"wayland": "WAYLAND_DISPLAY", "xcb": "DISPLAY"}
    return [name for name, variable in displays.items() if environment.get(variable)]


def _can_open(name: str, environment: Mapping[str, str], platform: str) -> bool:
    is_unusual = any(environment.get(variable) for variable in ("QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH"))
    match name:
        case _ if name in _NEED_NO_SERVER and not is_unusual:
            return True
        case "windows" | "cocoa" if platform == {"windows": "win32", "cocoa": "darwin"}[name] and not is_unusual:
            return True
        case "xcb" if not is_unusual:
            return _answers_as_x_server(environment.get("DISPLAY", ""))
        case "wayland" | "wayland-egl" | "wayland-brcm" if not is_unusual:
            return _answers_as_wayland_server(environment)
        case _:
            return _passes_probe(name, environment)


def _answers_as_x_server(display: str) -> bool:
    """Return True if X11's library connects, or is missing, about which `missing_libraries` speaks."""
    answers: list[bool] = []

    def connect() -> None:
        library = ctypes.CDLL("libxcb.so.1")
        library.xcb_connect.restype = ctypes.c_void_p
        connection = ctypes.c_void_p(library.xcb_connect(display.encode(errors="replace"), None))
        answers.append(not library.xcb_connection_has_error(connection))
        library.xcb_disconnect(connection)

    try:
        ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    # A host that does not answer would keep us, and Qt, for minutes.
    thread = threading.Thread(target=connect, name="display", daemon=True)
    thread.start()
    thread.join(_TIMEOUT_S)
    return answers == [True]


def _answers_as_wayland_server(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY") or "wayland-0"
    path = Path(environment.get("XDG_RUNTIME_DIR") or "/nonexistent") / name
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_TIMEOUT_S)
        try:
            client.connect(str(path))
        except (OSError, ValueError):
            return False
    return True


def _passes_probe(name: str, environment: Mapping[str, str]) -> bool:
    """Return True if another process can start Qt with this plugin; a frozen program cannot find out."""
    if getattr(sys, "frozen", False):
        return True
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env={**environment, "QT_QPA_PLATFORM": name},
            check=False,
            capture_output=True,
            timeout=_PROBE_TIMEOUT_S,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0
