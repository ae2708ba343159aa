"""Ports that are closed while messages stream in, as when BachBridge ends under a DAW whose clock runs."""

import sys
import threading
from pathlib import Path

from bachbridge.engine.ports.client import PortClient
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import INPUT_NAME
from tests.support.port_daw import daw

PROGRAM = """
import pathlib, sys
from bachbridge.engine.ports.broker import main
main()
pathlib.Path(sys.argv[1]).touch()
"""
CLOCK = b"\xf8"
MESSAGES, PAUSE_S = 500, 0.0003
"""So many arrive before the ports are closed. In each period of JACK there are several."""


def test_ports_close_by_themselves_while_a_clock_runs(jack: DummyServer, tmp_path: Path) -> None:
    closed, has_arrived, is_over = tmp_path / "closed", threading.Event(), threading.Event()
    arrivals = 0

    def count(_: int, __: bytes) -> None:
        nonlocal arrivals
        arrivals += 1
        if arrivals == MESSAGES:
            has_arrived.set()

    client = PortClient(None, None, count, lambda _: None, command=[sys.executable, "-c", PROGRAM, str(closed)])
    with daw(None, INPUT_NAME, "Clock") as clock:

        def stream() -> None:
            while not is_over.wait(PAUSE_S):
                clock.send(CLOCK)

        thread = threading.Thread(target=stream)
        thread.start()
        try:
            assert has_arrived.wait(20)
            client.close()
            # A process that hangs is killed, and JACK then stands still for seconds.
            assert closed.exists()
        finally:
            is_over.set()
            thread.join()
            client.close()
