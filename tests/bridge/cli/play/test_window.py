"""Whether there can be a window, and the sentence where there cannot: the engine runs all the same."""

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bachbridge.cli.play import window
from bachbridge.settings import Settings


def show() -> int | None:
    return window.run_with_window(Settings(), input_name=None, output_name=None, log=None)


def importing(monkeypatch: pytest.MonkeyPatch, failure: Callable[[], ImportError]) -> None:
    """Importing the window fails so."""
    real = builtins.__import__

    def fail(name: str, *rest: object) -> object:
        if name == "bachbridge_gui.app":
            raise failure()
        return real(name, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(builtins, "__import__", fail)


@pytest.fixture(autouse=True)
def _offscreen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.mark.parametrize("platform", ["linux", "freebsd14"])
def test_without_a_display_there_is_none(platform: str) -> None:
    assert window.why_no_window({}, platform) == "There is no window, as there is no display here."
    assert window.why_no_window({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, platform)


@pytest.mark.parametrize(
    ("environment", "platform"),
    [({}, "win32"), ({}, "darwin"), ({"QT_QPA_PLATFORM": "offscreen"}, "linux")],
)
def test_where_a_window_can_be_nothing_is_lacking(
    environment: dict[str, str], platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    assert window.why_no_window(environment, platform) is None


def test_no_display_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert show() is None
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "bachbridge: There is no window, as there is no display here. The engine runs without it.\n"


def test_a_library_that_qt_would_miss_is_named_before_qt_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "bachbridge_gui.setup.missing_libraries.missing_message",
        lambda _: "The window cannot open: install libxcb-cursor0.",
    )
    importing(monkeypatch, lambda: pytest.fail("Qt was asked"))
    assert show() is None
    said = "bachbridge: The window cannot open: install libxcb-cursor0. The engine runs without it.\n"
    assert capsys.readouterr().err == said


def test_a_library_that_qt_misses_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "libEGL.so.1: cannot open shared object file: No such file or directory"
    importing(monkeypatch, lambda: ImportError(said, name="PyQt6.QtGui"))
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    assert show() is None
    told = capsys.readouterr().err
    assert "libEGL.so.1" in told
    assert "sudo apt install libegl1" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("name", ["PyQt6", "PyQt6.QtWidgets"])
def test_without_pyqt6_the_line_that_installs_it_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    importing(monkeypatch, lambda: ModuleNotFoundError(f"No module named '{name}'", name=name))
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    assert show() is None
    told = capsys.readouterr().err
    assert 'pip install "bachbridge[gui]"' in told
    assert len(told.splitlines()) == 1


def test_a_fault_of_our_own_is_not_taken_for_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    importing(monkeypatch, lambda: ImportError("cannot import name 'x'", name="bachbridge_gui.main_window"))
    monkeypatch.setattr("bachbridge_gui.setup.missing_libraries.missing_message", lambda _: None)
    with pytest.raises(ImportError, match="cannot import name"):
        show()


def test_bachbridge_without_a_display_runs_headless(tmp_path: Path) -> None:
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
        said = "bachbridge: There is no window, as there is no display here. The engine runs without it.\n"
        assert done.stderr == said
        assert done.stdout == "headless continue\n"
        assert done.returncode == 0
