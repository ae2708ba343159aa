"""Real ports without hardware, through a JACK server without a sound card; and an X display without a screen."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from bachbridge.errors import PortError
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import list_ports


@pytest.fixture(scope="session")
def jack() -> Iterator[DummyServer]:
    """Yield the server that all tests here share. Without one, they are skipped, or fail if ports are required."""
    problem = "" if DummyServer.is_available() else "the JACK server is not installed (apt install jackd2)"
    server = DummyServer(f"bachbridge-test-{os.getpid()}")
    try:
        if not problem:
            with server:
                list_ports()
                yield server
                return
    except PortError as error:
        problem = str(error)
    if os.environ.get("CI") or os.environ.get("BACHBRIDGE_REQUIRE_PORTS") == "1":
        pytest.fail(f"Real MIDI ports are required here: {problem}")
    pytest.skip(problem)


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """Yield the name of an X display without a screen."""
    if not shutil.which("Xvfb") or not shutil.which("xdotool"):
        problem = "Xvfb or xdotool is not installed (apt install xvfb xdotool)"
        if os.environ.get("CI"):
            pytest.fail(f"A display is required here: {problem}")
        pytest.skip(problem)
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as number_pipe:
        number = number_pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)
