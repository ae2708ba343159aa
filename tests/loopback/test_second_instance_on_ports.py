"""Two engines at once on real ports: each has ports of its own."""

import pytest

from bachbridge.midi import messages as midi
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.notices import Received
from bachbridge.settings import Settings
from tests.support.port_daw import await_message, daw


@pytest.mark.usefixtures("jack")
def test_second_engine_has_ports_of_its_own() -> None:
    with EngineLink(Settings()) as first:
        assert await_message(first, PortsChanged) == PortsChanged("BachBridge In", "BachBridge Out")
        with EngineLink(Settings()) as second:
            assert await_message(second, PortsChanged).output == "BachBridge 2 Out"
            with daw("BachBridge 2 Out", "BachBridge 2 In") as player:
                player.send(midi.note_on(0, 60, 80))
                player.send(midi.note_off(0, 60))
                assert await_message(second, Received).data[1] == 60
