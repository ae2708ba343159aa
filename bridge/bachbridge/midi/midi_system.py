"""The MIDI system of this machine, and which ports it lists.

It is the ALSA sequencer or else JACK on Linux, CoreMIDI on macOS, and MultiMedia (without virtual ports) on Windows.
rtmidi, which speaks to all of them, is loaded only when ports are wanted.
"""

import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from bachbridge.errors import PortError
from bachbridge.install_advice import install_advice
from bachbridge.midi import jack
from bachbridge.protocol.instances import CLIENT_NAME, free_client_name

_ALSA_DEVICE = "/dev/snd/seq"
_DISAPPEAR_S, _POLL_S = 1.0, 0.1


@dataclass(frozen=True, slots=True)
class PortListing:
    """The other programs' ports: `inputs` to receive from, `outputs` to send to, in the MIDI system `system`."""

    system: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@cache
def load_rtmidi() -> Any:
    """Return the module rtmidi; raises `PortError` if a library that it needs is missing."""
    try:
        import rtmidi
    except ModuleNotFoundError as error:
        raise PortError(missing_library_text(sys.version_info[:2], sys.platform, install_advice("midi"))) from error
    except ImportError as error:
        raise PortError(
            f'The MIDI library cannot be loaded ({error}): install it, on Debian with "sudo apt install libasound2".'
        ) from error
    return rtmidi


def missing_library_text(version: tuple[int, int], platform: str, advice: str) -> str:
    """Return what to do about a missing python-rtmidi, for which there are wheels up to Python 3.12."""
    if version < (3, 13):
        return f"The MIDI library is missing: {advice}."
    needed = "a C++ compiler"
    if platform == "linux":
        needed = 'a compiler and headers ("sudo apt install build-essential python3-dev libasound2-dev")'
    number = ".".join(map(str, version))
    return (
        f"Python {number} has no ready-made MIDI library: install BachBridge with Python 3.12, or install {needed} and "
        f"then {advice}."
    )


def find_system() -> int:
    """Return rtmidi's number of the MIDI system to use; the `PortError` raised says what to install or enable."""
    rtmidi = load_rtmidi()
    if sys.platform == "darwin":
        return rtmidi.API_MACOSX_CORE
    if sys.platform == "win32":
        return rtmidi.API_WINDOWS_MM
    compiled = rtmidi.get_compiled_api()
    if rtmidi.API_LINUX_ALSA in compiled and os.access(_ALSA_DEVICE, os.R_OK | os.W_OK):
        return rtmidi.API_LINUX_ALSA
    if rtmidi.API_UNIX_JACK in compiled and jack.is_server_running():
        return rtmidi.API_UNIX_JACK
    raise PortError(
        'This machine has no MIDI system: enable ALSA\'s sequencer with "sudo modprobe snd-seq", '
        'or install JACK with "sudo apt install jackd2" and start it with "jackd -d dummy &".'
    )


def create_port(kind: str, system: int, client: str = CLIENT_NAME) -> Any:
    """Return an `rtmidi.MidiIn` or `rtmidi.MidiOut` (`kind`) without an open port; raises `PortError` if it fails."""
    rtmidi = load_rtmidi()
    try:
        return getattr(rtmidi, kind)(system, name=client)
    except (rtmidi.RtMidiError, OSError) as error:
        raise PortError(f"The MIDI system does not accept BachBridge ({error}): restart it and try again.") from error


def _system_name(system: int) -> str:
    """Return the MIDI system's name as people write it; rtmidi's is "Jack"."""
    name = str(load_rtmidi().get_api_display_name(system))
    return "JACK" if name == "Jack" else name


def list_ports() -> PortListing:
    """Return the ports that exist now; raises `PortError` if there is no MIDI system."""
    system = find_system()
    source, sink = create_port("MidiIn", system), create_port("MidiOut", system)
    listing = PortListing(_system_name(system), port_names(source), port_names(sink))
    source.delete()
    sink.delete()
    return listing


def find_free_client_name() -> str:
    """Return the name for our ports that no other BachBridge has; "BachBridge" if there is no MIDI system.

    The ports of a BachBridge that has just ended may still be listed: they are given a moment to disappear. On Windows
    ports of our name are a loopback, which several programs can use.
    """
    if sys.platform == "win32":
        return CLIENT_NAME
    last_s = time.monotonic() + _DISAPPEAR_S
    while True:
        try:
            listing = list_ports()
        except PortError:
            return CLIENT_NAME
        name = free_client_name((*listing.inputs, *listing.outputs))
        if name == CLIENT_NAME or time.monotonic() > last_s:
            return name
        time.sleep(_POLL_S)


def port_names(port: Any) -> tuple[str, ...]:
    """Return the names that the system lists for an rtmidi port, in the order of rtmidi's numbers."""
    return tuple(name or "" for name in port.get_ports())
