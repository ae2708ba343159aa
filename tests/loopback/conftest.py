"""An X display without a screen."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
SCREEN_SIZE = 1600, 1200
"""Width and height of the display: at 200 % the window has room for its least size."""


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """Yield the name of an X display without a screen."""
    if not shutil.which("Xvfb") or not shutil.which("xdotool"):
        problem = "Xvfb or xdotool is not installed (apt install xvfb xdotool)"
        if os.environ.get("CI"):
            pytest.fail(f"A display is required here: {problem}")
        pytest.skip(problem)
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "{}x{}x24".format(*SCREEN_SIZE), "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as number_pipe:
        number = number_pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)
