"""Checks of MIDI: the system and its ports, connections with the DAW, feedback, and the time through a port."""

import contextlib
import sys
import time
from collections.abc import Sequence

import mido

from bachbridge.cli.bench.fake_daw import FakeDaw, virtual_port_system
from bachbridge.cli.doctor.findings import Finding
from bachbridge.errors import PortError
from bachbridge.midi.connections import find_connections
from bachbridge.midi.jack import ServerWatch
from bachbridge.midi.loopback import find_loopback, loopback_text
from bachbridge.midi.midi_system import PortListing, list_ports
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME
from bachbridge.music.notes import NS_PER_MS
from bachbridge.protocol.instances import CLIENT_NAME, free_client_name
from bachbridge.protocol.latency import percentiles

_CLIENT = "BachBridge Doctor"
_NOTES, _PAUSE_S, _TIMEOUT_S = 64, 0.01, 1.0
_LATE_MS = 10.0
_FEEDBACK_ADVICE = (
    "In the DAW, switch off monitoring on the track that receives from BachBridge, or take its MIDI output away from "
    f'"{INPUT_NAME}".'
)
_CONNECT_ADVICE = (
    f"In the DAW, send a track's MIDI output to \"{INPUT_NAME}\", and let an instrument's track receive "
    f'"{OUTPUT_NAME}".'
)

Connected = tuple[Sequence[str], Sequence[str]]
"""The other programs' ports that our input receives from, and those that our output plays to."""


def check_midi() -> list[Finding]:
    """Check the MIDI system; the finding about a missing one says what to install."""
    try:
        listing = list_ports()
    except PortError as error:
        return [Finding("MIDI", "bad", str(error))]
    findings = [_describe_ports(listing), *judge_windows_loopback(listing, sys.platform)]
    if virtual_port_system():
        findings.append(check_loopback())
    else:
        findings += judge_connections(_find_connections(), is_running=_is_running(listing))
    return findings


def _describe_ports(listing: PortListing) -> Finding:
    others = [name for name in (*listing.inputs, *listing.outputs) if not _is_own(name)]
    fact = f"{listing.system} works; there are {len(others)} ports of other programs and devices."
    if others:
        return Finding("MIDI", "good", fact, figures={"system": listing.system, "ports": others})
    advice = "Start your DAW, or plug in the keyboard; until then the keys of the window can be played."
    return Finding("MIDI", "warning", fact, advice, {"system": listing.system, "ports": others})


def judge_windows_loopback(listing: PortListing, platform: str) -> list[Finding]:
    """Return a finding about the loopback that takes the place of virtual ports on Windows; none elsewhere."""
    if platform != "win32":
        return []
    text = loopback_text(listing.inputs, listing.outputs)
    if find_loopback(listing.inputs, listing.outputs):
        return [Finding("Loopback", "good", text)]
    fact, _, advice = text.partition(": ")
    return [Finding("Loopback", "bad", f"{fact}.", f"{advice[:1].upper()}{advice[1:]}")]


def _is_own(name: str) -> bool:
    return INPUT_NAME in name or OUTPUT_NAME in name


def _is_running(listing: PortListing) -> bool:
    return free_client_name((*listing.inputs, *listing.outputs)) != CLIENT_NAME


def judge_connections(connected: Connected | None, *, is_running: bool) -> list[Finding]:
    """Return findings about a BachBridge that runs: its connections, and whether its output comes back to it."""
    if not is_running:
        return []
    if connected is None:
        return [Finding("DAW", "good", "a BachBridge is running; this system does not list its connections.")]
    sources, sinks = connected
    loop = [name for name in sources if OUTPUT_NAME in name]
    figures = {"from": list(sources), "to": list(sinks)}
    fact = (
        f"the BachBridge that runs receives from {', '.join(sources) or 'nothing'} and plays to "
        f"{', '.join(sinks) or 'nothing'}."
    )
    findings = [
        Finding("DAW", "good", fact, figures=figures)
        if sources and sinks
        else Finding("DAW", "warning", fact, _CONNECT_ADVICE, figures)
    ]
    if loop:
        what = f'"{OUTPUT_NAME}" is connected to "{INPUT_NAME}", so that BachBridge hears itself.'
        findings.append(Finding("Feedback", "bad", what, _FEEDBACK_ADVICE))
    return findings


def _find_connections() -> Connected | None:
    """Return the connections of the BachBridge that runs, or None if the system does not tell."""
    sources, sinks = find_connections(INPUT_NAME, OUTPUT_NAME, None)
    if sources is None:
        with contextlib.suppress(PortError), contextlib.closing(ServerWatch()) as watch:
            sources, sinks = find_connections(INPUT_NAME, OUTPUT_NAME, watch)
    return None if sources is None or sinks is None else (sources, sinks)


def check_loopback() -> Finding:
    """Measure the time of notes through a virtual port of our own; no other BachBridge may run."""
    times_ns: list[int] = []
    try:
        with FakeDaw(None, None, _CLIENT) as receiver, FakeDaw(None, f"{_CLIENT} In", "BachBridge Patient") as sender:
            for number in range(_NOTES):
                sent_ns = time.monotonic_ns()
                sender.send(mido.Message("note_on", channel=15, note=48 + number % 12, velocity=1))
                times_ns.append(receiver.receive(_TIMEOUT_S)[0] - sent_ns)
                time.sleep(_PAUSE_S)
    except PortError as error:
        return Finding("Loopback", "bad", str(error))
    return judge_loopback(times_ns)


def judge_loopback(times_ns: Sequence[int]) -> Finding:
    """Return what the times through a port, in ns, mean for the music."""
    low_ms, median_ms, high_ms = (time_ns / NS_PER_MS for time_ns in percentiles(times_ns, (0.05, 0.5, 0.95)))
    figures = {"median_ms": round(median_ms, 3), "jitter_ms": round(high_ms - low_ms, 3)}
    fact = f"a note takes {median_ms:.1f} ms through a port, with a jitter of {high_ms - low_ms:.1f} ms."
    if high_ms < _LATE_MS:
        return Finding("Loopback", "good", fact, figures=figures)
    return Finding("Loopback", "warning", fact, "Choose a smaller buffer for the MIDI system, such as JACK's.", figures)
