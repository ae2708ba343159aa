"""`bachbridge bench --load`: how many notes have their chord in time while other programs keep the machine busy."""

import json as json_
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from bachbridge.cli.bench.fake_daw import ensure_midi_system
from bachbridge.cli.bench.latency_probe import LatencyProbe
from bachbridge.cli.bench.report import environment_facts, percentiles_ms, print_facts, progress_bar

_IN_TIME_NS = 30_000_000
_BUSY_LOOP = "while True: pass"


def bench_load(*, json: bool, chords: int) -> None:
    """Harmonize `chords` quarter notes at 100 bpm with all cores but one busy; print a table or JSON."""
    busy_count = max(1, (os.cpu_count() or 2) - 1)
    with (
        ensure_midi_system() as system,
        progress_bar() as report_progress,
        LatencyProbe() as probe,
        _busy_processes(busy_count),
    ):
        probe.measure_quarters(chords, report_progress)
    [(name, times_ns)] = probe.harmony_times_ns.items()
    in_time = sum(time_ns <= _IN_TIME_NS for time_ns in times_ns) / chords
    figures = {name: percentiles_ms(times_ns)}
    report = {
        **environment_facts(system),
        "busy_processes": busy_count,
        "milliseconds": figures,
        "chords_within_30_ms": round(in_time, 4),
        "without_a_complete_chord": probe.notes_without_chord,
    }
    if json:
        print(json_.dumps(report, indent=2))
        return
    print_facts(
        figures,
        (
            ("notes whose chord came within 30 ms", f"{100 * in_time:.1f} % (wanted: 99)"),
            ("notes without a complete chord", f"{probe.notes_without_chord}"),
            ("busy programs beside it", f"{busy_count}"),
            ("MIDI", f"{report['midi']}"),
            ("machine", f"{report['machine']}, {report['date']}"),
        ),
    )


@contextmanager
def _busy_processes(count: int) -> Generator[None]:
    """Keep `count` cores busy with processes of normal priority."""
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY_LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
