"""`bachbridge calibrate`: sends notes through the DAW and back, and proposes the setting `latency_ms`.

First one note is repeated until it comes back, while the user makes the connections. Then notes of different pitches
follow at irregular intervals, since a DAW that works in blocks of equal length would treat regular ones all alike.
"""

import json as json_format
import sys
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random

from rich.table import Table

from bachbridge.cli.play.round_trips import RoundTrips, pair_round_trips, propose_latency_ms
from bachbridge.console import make_console
from bachbridge.errors import PortError
from bachbridge.midi import messages as midi
from bachbridge.midi.ports import INPUT_NAME, OUTPUT_NAME, Ports
from bachbridge.settings import with_setting
from bachbridge.settings_file import load_or_recover_settings, save_settings, settings_path

NOTES = 32
_CHANNEL, _VELOCITY, _NOTE_S = 15, 20, 0.04
_PROBE_PITCH, _PITCHES = 47, range(48, 84)
_PROBE_S, _SETTLE_S, _STRAGGLERS_S = 0.5, 0.3, 0.6
_INTERVALS_S = (0.08, 0.16)

_Arrivals = SimpleQueue[tuple[int, bytes]]


def calibrate(input_name: str | None, output_name: str | None, *, wait_s: float, save: bool, json: bool) -> None:
    """Measure, print the proposal, and keep it in the settings file if `save`; raises `PortError`, `ConfigError`."""
    path = settings_path() if save else None
    saved, warning = load_or_recover_settings(path) if path else (None, "")
    if warning:
        print(f"bachbridge: {warning}", file=sys.stderr)
    trips = measure_round_trips(input_name, output_name, wait_s=wait_s)
    latency_ms = propose_latency_ms(trips)
    if path and saved:
        save_settings(with_setting(saved, "latency_ms", latency_ms), path)
    if json:
        print(json_format.dumps(_as_figures(trips, latency_ms, saved=save)))
    else:
        _print_result(trips, latency_ms, path)


def measure_round_trips(input_name: str | None, output_name: str | None, *, wait_s: float) -> RoundTrips:
    """Send the notes and collect what comes back; raises `PortError` if nothing does within `wait_s`."""
    arrivals: _Arrivals = SimpleQueue()
    ports = Ports(input_name, output_name, lambda at_ns, data: arrivals.put((at_ns, data)))
    try:
        sink, source = ports.state.output or OUTPUT_NAME, ports.state.input or INPUT_NAME
        _await_connection(ports, arrivals, sink, source, wait_s)
        return _send_notes(ports, arrivals)
    finally:
        ports.close()


def _await_connection(ports: Ports, arrivals: _Arrivals, sink: str, source: str, wait_s: float) -> None:
    """Repeat a note until it comes back."""
    advice = f'connect "{sink}" to a track of your DAW, and the MIDI output of this track to "{source}"'
    print(f"Waiting for a note to come back: {advice}.", file=sys.stderr)
    last_s = time.monotonic() + wait_s
    _send_note(ports, _PROBE_PITCH)
    while not _await_probe(arrivals, min(last_s, time.monotonic() + _PROBE_S)):
        if time.monotonic() >= last_s:
            raise PortError(f"No note came back: {advice}, and try again.")
        _send_note(ports, _PROBE_PITCH)
    time.sleep(_SETTLE_S)


def _await_probe(arrivals: _Arrivals, until_s: float) -> bool:
    """Return True as soon as the probing note is back, False if it is not by `until_s`."""
    while True:
        try:
            _, data = arrivals.get(timeout=max(0.0, until_s - time.monotonic()))
        except Empty:
            return False
        match midi.decode(data):
            case midi.NoteOn(_, pitch, _) if pitch == _PROBE_PITCH:
                return True
            case _:
                pass


def _send_notes(ports: Ports, arrivals: _Arrivals) -> RoundTrips:
    chance = Random(NOTES)
    while not arrivals.empty():
        arrivals.get()
    sent_ns: dict[int, int] = {}
    for pitch in chance.sample(_PITCHES, NOTES):
        sent_ns[pitch] = _send_note(ports, pitch)
        time.sleep(chance.uniform(*_INTERVALS_S))
    time.sleep(_STRAGGLERS_S)
    return pair_round_trips(sent_ns, [arrivals.get() for _ in range(arrivals.qsize())])


def _send_note(ports: Ports, pitch: int) -> int:
    """Play a short note and return when it was sent (ns); raises `PortError` if the MIDI system is gone."""
    at_ns = time.monotonic_ns()
    if not ports.send(midi.note_on(_CHANNEL, pitch, _VELOCITY)):
        raise PortError("The MIDI output does not accept notes: restart the MIDI system and try again.")
    time.sleep(_NOTE_S)
    ports.send(midi.note_off(_CHANNEL, pitch))
    return at_ns


def _as_figures(trips: RoundTrips, latency_ms: int, *, saved: bool) -> dict[str, float]:
    return {
        "sent": trips.sent,
        "lost": trips.lost,
        "median_ms": round(trips.median_ms, 2),
        "spread_ms": round(trips.spread_ms, 2),
        "latency_ms": latency_ms,
        "saved": saved,
    }


def _print_result(trips: RoundTrips, latency_ms: int, path: Path | None) -> None:
    table = Table("notes", "lost", "round trip (median)", "middle 80 % within", "play earlier")
    table.add_row(
        str(trips.sent),
        str(trips.lost),
        f"{trips.median_ms:.1f} ms",
        f"{trips.spread_ms:.1f} ms",
        f"{latency_ms} ms",
    )
    make_console().print(table)
    if path:
        print(f"latency_ms = {latency_ms} is now in force: it was saved in {path}.")
    else:
        print(f"Put it in force with: bachbridge --latency-ms {latency_ms} (or keep it: bachbridge calibrate --save)")
