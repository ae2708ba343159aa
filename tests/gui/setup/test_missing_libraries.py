"""The sentence for a machine that lacks what Qt needs."""

import subprocess
import sys

import pytest

from bachbridge_gui.setup.missing_libraries import (
    import_error_message,
    install_message,
    missing_message,
    required_libraries,
)

X11 = {"DISPLAY": ":0"}


def lacking(*names: str):
    def opens(name: str) -> None:
        if name in names:
            raise OSError(name)

    return opens


def test_a_machine_with_everything_is_told_nothing():
    assert missing_message(X11, lacking()) is None


def test_what_is_missing_is_said_with_the_line_that_installs_it():
    assert missing_message({"QT_QPA_PLATFORM": "xcb"}, lacking("libxcb-cursor.so.0")) == (
        "The window cannot open because the system lacks libxcb-cursor.so.0: install what is missing with "
        '"sudo apt install libxcb-cursor0" (on Fedora "sudo dnf install xcb-util-cursor").'
    )
    said = missing_message(X11, lacking("libEGL.so.1", "libxcb-shape.so.0", "libxcb-sync.so.1"))
    assert said is not None
    assert "libEGL.so.1, libxcb-shape.so.0 and libxcb-sync.so.1" in said
    assert '"sudo apt install libegl1 libxcb-shape0 libxcb-sync1"' in said
    assert '"sudo dnf install libglvnd-egl libxcb"' in said


@pytest.mark.parametrize("environment", [{"WAYLAND_DISPLAY": "wayland-0"}, {"QT_QPA_PLATFORM": "offscreen"}])
def test_libraries_of_x11_are_not_missed_elsewhere(environment: dict[str, str]):
    assert "libEGL.so.1" in required_libraries(environment, "linux")
    assert "libxcb-cursor.so.0" not in required_libraries(environment, "linux")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_bring_all_of_it(platform: str):
    assert required_libraries(X11, platform) == ()


def test_the_loaders_message_is_explained():
    said = import_error_message("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert said is not None
    assert said.count("libegl1") == 1
    unknown = import_error_message(
        "ImportError: libfoo-2.so.7: cannot open shared object file: No such file or directory"
    )
    assert unknown is not None
    assert "libfoo-2.so.7: install the package that contains it" in unknown
    assert "pip install pyqt6" in str(import_error_message("No module named 'PyQt6'"))
    assert import_error_message("No module named 'numpy'") is None
    assert import_error_message("division by zero") is None


def test_nothing_is_said_of_nothing():
    assert install_message([]) is None


def test_it_can_be_asked_without_qt():
    code = (
        "import sys, bachbridge_gui.setup.missing_libraries;"
        "sys.exit(any(name.startswith('PyQt6') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
