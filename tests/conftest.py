"""Fixtures and settings of all tests: real ports without hardware, and how hard the property tests look.

`make soak` takes the profile of that name. Only there is a failing case shrunk: with a long random dialogue that takes
longer than a test may.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from bachbridge.errors import PortError
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.midi_system import list_ports

settings.register_profile("default", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
settings.register_profile("soak", max_examples=5000, deadline=None)
settings.load_profile("default")


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
