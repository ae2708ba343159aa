"""The sentence for a machine without the libraries that Qt needs."""

import subprocess
import sys

import pytest

from bachbridge.install_advice import install_advice
from bachbridge_gui.setup.missing_libraries import (
    import_error_message,
    install_message,
    missing_message,
    required_libraries,
)

X11 = {"DISPLAY": ":0"}


def loader_without(*names: str):
    def load(name: str) -> None:
        if name in names:
            raise OSError(name)

    return load


def test_missing_message_is_none_on_complete_machine():
    assert missing_message(X11, loader_without()) is None


def test_missing_message_has_install_command():
    assert missing_message({"QT_QPA_PLATFORM": "xcb"}, loader_without("libxcb-cursor.so.0")) == (
        "The window cannot open because the system lacks libxcb-cursor.so.0: install what is missing with "
        '"sudo apt install libxcb-cursor0" (on Fedora "sudo dnf install xcb-util-cursor").'
    )
    message = missing_message(X11, loader_without("libEGL.so.1", "libxcb-shape.so.0", "libxcb-sync.so.1"))
    assert message is not None
    assert "libEGL.so.1, libxcb-shape.so.0 and libxcb-sync.so.1" in message
    assert '"sudo apt install libegl1 libxcb-shape0 libxcb-sync1"' in message
    assert '"sudo dnf install libglvnd-egl libxcb"' in message


@pytest.mark.parametrize("environment", [{"WAYLAND_DISPLAY": "wayland-0"}, {"QT_QPA_PLATFORM": "offscreen"}])
def test_x11_libraries_are_required_on_x11_only(environment: dict[str, str]):
    assert "libEGL.so.1" in required_libraries(environment, "linux")
    assert "libxcb-cursor.so.0" not in required_libraries(environment, "linux")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_platforms_require_no_libraries(platform: str):
    assert required_libraries(X11, platform) == ()


def test_import_error_message_explains_loader_message():
    message = import_error_message("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert message is not None
    assert message.count("libegl1") == 1
    unknown = import_error_message(
        "ImportError: libfoo-2.so.7: cannot open shared object file: No such file or directory"
    )
    assert unknown is not None
    assert "libfoo-2.so.7: install the package that contains it" in unknown
    assert install_advice("gui") in str(import_error_message("No module named 'PyQt6'"))
    assert import_error_message("No module named 'numpy'") is None
    assert import_error_message("division by zero") is None


def test_install_message_is_none_for_no_libraries():
    assert install_message([]) is None


def test_missing_libraries_imports_no_qt():
    code = (
        "import sys, bachbridge_gui.setup.missing_libraries;"
        "sys.exit(any(name.startswith('PyQt6') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
