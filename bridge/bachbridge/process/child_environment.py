"""The variables of the environment that child processes get: a list of what is known to be needed."""

from collections.abc import Mapping

_NAMES = frozenset(
    (
        # everywhere
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "COLUMNS", "NO_COLOR"),
        *("TMPDIR", "TMP", "TEMP", "VIRTUAL_ENV"),
        # windows on Linux, and the sound servers behind D-Bus
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS"),
        # where libraries lie; pw-jack sets the first
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
        # Windows
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"),
        *("PROGRAMFILES", "USERPROFILE", "USERNAME", "HOMEDRIVE", "HOMEPATH", "COMMONPROGRAMFILES"),
        *("NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    )
)
_PREFIXES = (
    *("LC_", "XDG_", "PYTHON", "BACHBRIDGE_", "QT_", "JACK_", "ALSA_", "PIPEWIRE_", "PULSE_", "SNAP", "FLATPAK_"),
    *("ORT_", "OMP_", "OPENBLAS_", "MKL_"),  # telemetry off, and numbers of threads
    *("_PYI_", "_MEIPASS"),  # a frozen program that starts itself
)


def minimal_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a child process may need."""
    return {name: value for name, value in environment.items() if _is_needed(name.upper())}


def _is_needed(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)
