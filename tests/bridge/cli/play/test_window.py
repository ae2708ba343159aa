"""The app's window, or the sentence that says why there is none; the engine runs in any case."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bachbridge.cli.play import window
from bachbridge.install_advice import install_advice, reinstall_advice
from bachbridge.process import entry_points
from bachbridge.settings import Settings


def show() -> int | None:
    return window.run_with_window(Settings(), input_name=None, output_name=None, log=None)


def fail_to_import_window(monkeypatch: pytest.MonkeyPatch, make_error: Callable[[], ImportError]) -> None:
    """Let the import of the window raise this error."""
    load = entry_points.load_entry_point

    def load_or_fail(group: str, name: str) -> Any:
        if name == "run":
            raise make_error()
        return load(group, name)

    monkeypatch.setattr(window, "load_entry_point", load_or_fail)


@pytest.fixture(autouse=True)
def _offscreen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.mark.parametrize("platform", ["linux", "freebsd14"])
def test_without_display_there_is_no_window(platform: str) -> None:
    assert window.why_no_window({}, platform) == "There is no window, as there is no display here."
    assert window.why_no_window({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, platform)


@pytest.mark.parametrize(
    ("environment", "platform"),
    [({}, "win32"), ({}, "darwin"), ({"QT_QPA_PLATFORM": "offscreen"}, "linux")],
)
def test_window_is_possible_with_display(
    environment: dict[str, str], platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    assert window.why_no_window(environment, platform) is None


def test_missing_display_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert show() is None
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "bachbridge: There is no window, as there is no display here. The engine runs without it.\n"


def test_missing_library_is_named_before_qt_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "bachbridge_gui.setup.missing_libraries.missing_message",
        lambda _: "The window cannot open: install libxcb-cursor0.",
    )
    fail_to_import_window(monkeypatch, lambda: pytest.fail("Qt was imported"))
    assert show() is None
    expected = "bachbridge: The window cannot open: install libxcb-cursor0. The engine runs without it.\n"
    assert capsys.readouterr().err == expected


def test_library_that_qt_lacks_is_named_with_install_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "libEGL.so.1: cannot open shared object file: No such file or directory"
    fail_to_import_window(monkeypatch, lambda: ImportError(message, name="PyQt6.QtGui"))
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    assert show() is None
    error = capsys.readouterr().err
    assert "libEGL.so.1" in error
    assert "sudo apt install libegl1" in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("name", ["PyQt6", "PyQt6.QtWidgets"])
def test_missing_pyqt6_is_named_with_install_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_to_import_window(monkeypatch, lambda: ModuleNotFoundError(f"No module named '{name}'", name=name))
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    assert show() is None
    error = capsys.readouterr().err
    assert install_advice("gui") in error
    assert len(error.splitlines()) == 1


def test_other_import_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_to_import_window(monkeypatch, lambda: ImportError("cannot import name 'x'", name="bachbridge_gui.main_window"))
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    with pytest.raises(ImportError, match="cannot import name"):
        show()


def test_unregistered_window_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entry_points, "entry_points_in", lambda _: {})
    assert show() is None
    error = capsys.readouterr().err
    assert reinstall_advice() in error
    assert len(error.splitlines()) == 1


def test_bachbridge_without_display_runs_headless(tmp_path: Path) -> None:
    known = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "JACK_DEFAULT_SERVER"}
    own = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment = {name: value for name, value in os.environ.items() if name not in known} | own
    program = (
        "import sys; sys.argv = ['bachbridge']\n"
        "from bachbridge.cli.play import terminal\n"
        "terminal.run_in_terminal = lambda settings, **_: print('headless', settings.mode)\n"
        "from bachbridge.cli.main import main\n"
        "main()"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    if sys.platform == "linux":
        expected = "bachbridge: There is no window, as there is no display here. The engine runs without it.\n"
        assert done.stderr == expected
        assert done.stdout == "headless continue\n"
        assert done.returncode == 0
