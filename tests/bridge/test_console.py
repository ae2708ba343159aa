"""Tables without colours where nobody wants them, and progress bars that only a terminal shows."""

import io
import sys

import pytest

from bachbridge.console import make_console, track_progress


def printed(monkeypatch: pytest.MonkeyPatch, no_color: str) -> str:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    console = make_console()
    console.file = io.StringIO()
    console.print("[bold red]result[/]", 12)
    return console.file.getvalue()


def test_no_color_turns_off_colours_and_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in printed(monkeypatch, "1")
    assert "\x1b[" in printed(monkeypatch, "")


def test_progress_is_silent_unless_stderr_is_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not sys.stderr.isatty()
    assert list(track_progress(range(3), "working", 3)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
