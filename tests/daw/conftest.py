"""A real DAW in real time: Ardour without a window, on a JACK server without a sound card."""

import os
from collections.abc import Iterator

import pytest

from bachbridge.errors import PortError
from bachbridge.midi.jack import DummyServer
from tests.daw.ardour import Ardour, find_program
from tests.daw.phrases import NOTES
from tests.daw.stage import Stage, open_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield the Ardour and the engine that all tests here share. Without Ardour, they are skipped, or fail in CI.

    JACK runs with real-time priority where the system allows it, and otherwise without.
    """
    folder = tmp_path_factory.mktemp("ardour")
    program, problem = find_program(), ""
    if program is None:
        problem = "Ardour is not installed (apt install ardour)"
    elif not DummyServer.is_available():
        problem = "the JACK server is not installed (apt install jackd2)"
    else:
        try:
            with (
                DummyServer(f"bachbridge-daw-{os.getpid()}", 256, realtime=True),
                Ardour(program, folder) as ardour,
                open_stage(ardour, NOTES, folder) as stage,
            ):
                yield stage
                return
        except PortError as error:
            problem = str(error)
    if os.environ.get("CI") or os.environ.get("BACHBRIDGE_REQUIRE_PORTS") == "1":
        pytest.fail(f"A DAW is required here: {problem}")
    pytest.skip(problem)
