"""The app in a terminal on real ports: it prints its port names, and Ctrl-C ends it quietly."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME


def start_app(*arguments: str, home: Path) -> subprocess.Popen[str]:
    extra = {"XDG_CONFIG_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        # A test run that was started in the background ignores Ctrl-C, and its children would inherit that.
        ["env", "--default-signal=INT", sys.executable, "-m", "bachbridge.cli.main", *arguments],
        env={**os.environ, **extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.usefixtures("jack")
def test_app_ends_quietly_on_ctrl_c(tmp_path: Path) -> None:
    app = start_app("--headless", home=tmp_path)
    assert app.stdout
    assert app.stdout.readline() == f'Listening to "{INPUT_NAME}", playing to "{OUTPUT_NAME}".\n'
    app.send_signal(signal.SIGINT)
    _, errors = app.communicate(timeout=30)
    assert (app.returncode, errors) == (0, "")


@pytest.mark.usefixtures("jack")
def test_app_reports_an_unknown_port_in_one_sentence(tmp_path: Path) -> None:
    app = start_app("--headless", "--in", "no such port", home=tmp_path)
    printed, errors = app.communicate(timeout=30)
    assert (app.returncode, printed) == (1, "")
    assert len(errors.splitlines()) == 1
    assert '"no such port"' in errors
