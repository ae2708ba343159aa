"""The app in the terminal on real ports: it says where it listens, and Ctrl-C ends it quietly."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME


def started(*arguments: str, home: Path) -> subprocess.Popen[str]:
    own = {"XDG_CONFIG_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        # A test run that was started in the background hands down an ignored Ctrl-C.
        ["env", "--default-signal=INT", sys.executable, "-m", "bachbridge.cli.main", *arguments],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.usefixtures("jack")
def test_ctrl_c_ends_the_app_quietly(tmp_path: Path) -> None:
    app = started("--headless", home=tmp_path)
    assert app.stdout
    assert app.stdout.readline() == f'Listening to "{INPUT_NAME}", playing to "{OUTPUT_NAME}".\n'
    app.send_signal(signal.SIGINT)
    _, errors = app.communicate(timeout=30)
    assert (app.returncode, errors) == (0, "")


@pytest.mark.usefixtures("jack")
def test_an_unknown_port_gets_one_sentence(tmp_path: Path) -> None:
    app = started("--headless", "--in", "no such port", home=tmp_path)
    printed, errors = app.communicate(timeout=30)
    assert (app.returncode, printed) == (1, "")
    assert len(errors.splitlines()) == 1
    assert '"no such port"' in errors
