"""System libraries that Qt needs and the machine lacks, reported in one sentence with the command that installs them.

The wheels of PyQt6 contain Qt but no system libraries. If Qt's own modules lack one, their import fails, which can be
caught; if its plugin for X11 lacks one, Qt ends the whole process. So the check is made before a QApplication is
created. Nothing here imports PyQt6.
"""

import ctypes
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping

from bachbridge.install_advice import install_advice

_WINDOW_LIBRARIES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
}
"""Libraries that every window needs, each with its Debian package and its Fedora package."""
_X11_LIBRARIES = {
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    **{
        f"libxcb-{name}.so.{number}": (f"libxcb-{name}{number}", "libxcb")
        for name, number in (("randr", 0), ("render", 0), ("shape", 0), ("shm", 0), ("sync", 1), ("xfixes", 0))
    },
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
}
"""Libraries that a window on X11 needs in addition."""
_PACKAGES = {**_WINDOW_LIBRARIES, **_X11_LIBRARIES}
_LIBRARY_FILE = re.compile(r"lib[\w+.-]*?\.so(?:\.\d+)*")


def required_libraries(environment: Mapping[str, str], platform: str = sys.platform) -> tuple[str, ...]:
    """Return the libraries that the window will need with these environment variables; none if Qt contains them all."""
    if platform != "linux":
        return ()
    chosen = environment.get("QT_QPA_PLATFORM", "")
    x11 = chosen.startswith("xcb") or (not chosen and not environment.get("WAYLAND_DISPLAY"))
    return (*_WINDOW_LIBRARIES, *(_X11_LIBRARIES if x11 else ()))


def missing_message(
    environment: Mapping[str, str] = os.environ, load_library: Callable[[str], object] = ctypes.CDLL
) -> str | None:
    """Return a sentence about the libraries that this machine cannot load, before Qt needs them; else None."""
    return install_message(name for name in required_libraries(environment) if not _can_load(name, load_library))


def import_error_message(message: str) -> str | None:
    """Return the sentence for the message of an ImportError or of the loader; None if it is about something else."""
    if "No module named 'PyQt6" in message:
        return f"The window needs PyQt6: {install_advice('gui')}."
    if "cannot open shared object file" not in message:
        return None
    return install_message(_LIBRARY_FILE.findall(message)[:1])


def install_message(libraries: Iterable[str]) -> str | None:
    """Return one sentence with the command that installs these libraries; None if there are none."""
    missing = list(dict.fromkeys(libraries))
    if not missing:
        return None
    known = [_PACKAGES[name] for name in missing if name in _PACKAGES]
    problem = f"The window cannot open because the system lacks {_joined(missing)}"
    if not known:
        return f"{problem}: install the package that contains it; the engine runs without a window."
    debian, fedora = (" ".join(dict.fromkeys(names)) for names in zip(*known, strict=True))
    return (
        f'{problem}: install what is missing with "sudo apt install {debian}" (on Fedora "sudo dnf install {fedora}").'
    )


def _can_load(name: str, load_library: Callable[[str], object]) -> bool:
    try:
        load_library(name)
    except OSError:
        return False
    return True


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
