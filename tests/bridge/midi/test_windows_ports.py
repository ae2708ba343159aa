"""The ports on Windows, with a fake of rtmidi: a loopback takes the place of virtual ports."""

import sys
from collections.abc import Callable

import pytest

from bachbridge.errors import PortError
from bachbridge.midi import midi_system, ports
from bachbridge.midi.midi_system import find_free_client_name
from bachbridge.midi.ports import Ports
from bachbridge.protocol.events import PortsChanged
from bachbridge.protocol.notices import PortNames

PAIR = ["Default App Loopback (A)", "Default App Loopback (B)"]


class FakePort:
    """An `rtmidi.MidiIn` or `rtmidi.MidiOut` of a machine whose list of ports the test changes."""

    def __init__(self, listed: list[str], log: list[str]) -> None:
        self._listed, self._log = listed, log
        self.callback: Callable[..., None] | None = None

    def get_ports(self) -> list[str]:
        return [f"{name} {place}" for place, name in enumerate(self._listed)]

    def open_port(self, number: int, name: str) -> None:
        self._log.append(f"open {self._listed[number]} as {name}")

    def close_port(self) -> None:
        self._log.append("close")

    def delete(self) -> None:
        self._log.append("delete")

    def ignore_types(self, **_: bool) -> None: ...

    def set_callback(self, callback: Callable[..., None]) -> None:
        self.callback = callback

    def send_message(self, data: bytes) -> None:
        self._log.append(f"send {data.hex()}")


class FakeRtMidi:
    """The module rtmidi on Windows."""

    API_WINDOWS_MM, API_UNIX_JACK, API_LINUX_ALSA, API_MACOSX_CORE = 4, 3, 2, 1
    RtMidiError = RuntimeError

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.outputs: list[str] = ["Microsoft GS Wavetable Synth"]
        self.log: list[str] = []
        self.receivers: list[FakePort] = []

    def MidiIn(self, _: int, name: str) -> FakePort:  # noqa: N802 # rtmidi's name
        self.receivers.append(FakePort(self.inputs, self.log))
        return self.receivers[-1]

    def MidiOut(self, _: int, name: str) -> FakePort:  # noqa: N802 # rtmidi's name
        return FakePort(self.outputs, self.log)

    def plug(self, *names: str) -> None:
        """Add ports in both directions, before those that are there: their numbers change."""
        self.inputs[:0] = names
        self.outputs[:0] = names


@pytest.fixture
def rtmidi(monkeypatch: pytest.MonkeyPatch) -> FakeRtMidi:
    fake = FakeRtMidi()
    monkeypatch.setattr(midi_system, "load_rtmidi", lambda: fake)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ports, "_DRAIN_S", 0)
    return fake


def ignore(at_ns: int, data: bytes) -> None: ...


def test_ports_use_one_end_of_a_pair(rtmidi: FakeRtMidi) -> None:
    rtmidi.plug(*PAIR)
    received: list[bytes] = []
    opened = Ports(None, None, lambda _, data: received.append(data))
    assert opened.state == PortsChanged(PAIR[0], PAIR[0])
    assert rtmidi.log == [f"open {PAIR[0]} as BachBridge Out", f"open {PAIR[0]} as BachBridge In"]
    assert opened.send(b"\x90\x3c\x40")
    callback = rtmidi.receivers[-1].callback
    assert callback
    callback(([0x90, 60, 64], 0.0), None)
    assert received == [b"\x90\x3c\x40"]


def test_ports_keep_their_end_when_numbers_change(rtmidi: FakeRtMidi) -> None:
    rtmidi.plug(*PAIR)
    opened = Ports(None, None, ignore)
    rtmidi.plug("Keyboard")
    assert not opened.refresh()
    assert opened.state == PortsChanged(PAIR[0], PAIR[0])
    assert opened.port_names() == PortNames(("Keyboard", *PAIR), ("Keyboard", *PAIR, "Microsoft GS Wavetable Synth"))


def test_waiting_ports_use_a_loopback_that_appears(rtmidi: FakeRtMidi) -> None:
    opened = Ports(None, None, ignore, wait_for_ports=True)
    assert opened.state == PortsChanged("", "")
    assert not opened.send(b"\x90\x3c\x40")
    rtmidi.plug("loopMIDI Port")
    assert not opened.refresh()
    rtmidi.plug("BachBridge Out", "BachBridge In")
    assert opened.refresh()
    assert opened.state == PortsChanged("BachBridge In", "BachBridge Out")
    assert rtmidi.receivers[-1].callback
    assert "BachBridge In" in opened.port_names().inputs


def test_loopback_that_goes_is_used_again_when_it_is_back(rtmidi: FakeRtMidi) -> None:
    rtmidi.plug(*PAIR)
    opened = Ports(None, None, ignore)
    inputs, outputs = list(rtmidi.inputs), list(rtmidi.outputs)
    rtmidi.inputs.clear()
    rtmidi.outputs.clear()
    assert opened.refresh()
    assert opened.state == PortsChanged("", "")
    rtmidi.inputs.extend(inputs)
    rtmidi.outputs.extend(outputs)
    assert opened.refresh()
    assert opened.state == PortsChanged(PAIR[0], PAIR[0])


def test_ports_without_loopback_say_how_to_create_one(rtmidi: FakeRtMidi) -> None:
    with pytest.raises(PortError, match="Windows MIDI Settings"):
        Ports(None, None, ignore)
    rtmidi.plug("loopMIDI Port")
    with pytest.raises(PortError, match='"loopMIDI Port" goes one way only: create a second'):
        Ports(None, None, ignore)
    assert rtmidi.log.count("delete") == 4


def test_named_port_gets_the_end_that_belongs_to_it(rtmidi: FakeRtMidi) -> None:
    rtmidi.plug(*PAIR)
    assert Ports("loopback (b)", None, ignore).state == PortsChanged(PAIR[1], PAIR[1])
    rtmidi.plug("Keyboard")
    assert Ports("keyb", None, ignore).state == PortsChanged("Keyboard", PAIR[0])


def test_ports_named_after_us_are_no_second_instance(rtmidi: FakeRtMidi) -> None:
    rtmidi.plug("BachBridge In", "BachBridge Out")
    assert find_free_client_name() == "BachBridge"
