"""Real ports without hardware: one JACK server without sound card for all tests of this folder; and a display."""

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
    """The server. Where it cannot be had the tests are skipped, or fail if ports are required."""
    lacking = "" if DummyServer.is_available() else "there is no JACK server to start (apt install jackd2)"
    server = DummyServer(f"bachbridge-test-{os.getpid()}")
    try:
        if not lacking:
            with server:
                list_ports()
                yield server
                return
    except PortError as error:
        lacking = str(error)
    if os.environ.get("CI") or os.environ.get("BACHBRIDGE_REQUIRE_PORTS") == "1":
        pytest.fail(f"Real MIDI ports are required here: {lacking}")
    pytest.skip(lacking)


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """An X server without a screen."""
    if not shutil.which("Xvfb") or not shutil.which("xdotool"):
        lacking = "there is no Xvfb and xdotool (apt install xvfb xdotool)"
        if os.environ.get("CI"):
            pytest.fail(f"A display is required here: {lacking}")
        pytest.skip(lacking)
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)
