"""A display that does not answer costs one sentence, never the process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge_gui.setup.display import answering_platforms, display_obstacle

DEAD = {
    "no X server": {"DISPLAY": ":87"},
    "no display's name": {"DISPLAY": "foo bar"},
    "no host": {"DISPLAY": "no.such.host.invalid:0"},
    "no Wayland server": {"WAYLAND_DISPLAY": "wayland-87", "XDG_RUNTIME_DIR": "/tmp"},  # noqa: S108 # nothing is there
    "no folder": {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/dev/null"},
    "long name": {"WAYLAND_DISPLAY": "w" * 5000, "XDG_RUNTIME_DIR": "/dev/null"},
    "neither": {"WAYLAND_DISPLAY": "wayland-87", "DISPLAY": ":87"},
    "X11 named": {"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":87"},
    "unknown plugin": {"QT_QPA_PLATFORM": "butler"},
    "unknown plugins": {"QT_QPA_PLATFORM": "butler:size=1;xcb", "DISPLAY": ":87"},
}
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one display")


@linux
@pytest.mark.parametrize("environment", DEAD.values(), ids=list(DEAD))
def test_display_that_does_not_answer_is_named(environment: dict[str, str]) -> None:
    sentence = display_obstacle({"PATH": os.environ["PATH"], **environment}, "linux")
    assert sentence.startswith("There is no window, as ")
    assert any(value in sentence for value in environment.values())


@linux
def test_display_that_answers_is_used(tmp_path: Path) -> None:
    assert display_obstacle({"QT_QPA_PLATFORM": "offscreen"}, "linux") == ""
    assert display_obstacle({"QT_QPA_PLATFORM": "xcb;minimal:x", "DISPLAY": ":87"}, "linux") == ""
    environment = {"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": str(tmp_path), "DISPLAY": ":87"}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "w"))
        server.listen()
        assert display_obstacle(environment, "linux") == ""
        assert answering_platforms(environment, "linux") == "wayland"
    assert answering_platforms({"DISPLAY": ":87"}, "linux") == ""
    assert answering_platforms({"QT_QPA_PLATFORM": "offscreen"}, "linux") == ""


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_system_with_one_display_needs_no_check(platform: str) -> None:
    assert display_obstacle({}, platform) == ""
    assert answering_platforms({}, platform) == ""


@linux
def test_app_without_a_display_goes_on_without_a_window(tmp_path: Path) -> None:
    program = (
        "from bachbridge.cli.play import window\n"
        "from bachbridge.settings import Settings\n"
        "print(window.run_with_window(Settings(), input_name=None, output_name=None, log=None))\n"
    )
    own = {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path), "QT_QPA_PLATFORM": "butler"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "None\n")
    assert len(done.stderr.splitlines()) == 1
    assert "QT_QPA_PLATFORM=butler" in done.stderr
    assert "The engine runs without it." in done.stderr
