"""Real ports without hardware: one JACK server without sound card for all tests of this folder."""

import os
from collections.abc import Iterator

import pytest

from bachbridge.errors import PortError
from bachbridge.jack import DummyServer
from bachbridge.ports import list_ports


@pytest.fixture(scope="session")
def jack() -> Iterator[DummyServer]:
    """The server. Where it cannot be had the tests are skipped, or fail if ports are required."""
    lacking = "" if DummyServer.available() else "there is no JACK server to start (apt install jackd2)"
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
