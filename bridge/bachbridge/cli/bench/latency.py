"""`bachbridge bench`: latencies over real ports, seen from the engine and from the other end of the cable.

This process is the DAW: it plays into "BachBridge In" and receives from "BachBridge Out". First, single notes go
through and come back (thru). Then short phrases are played, ended by silence or by a controller, each as soon as the
answer before it has begun. Then phrase after phrase is answered, fast and at a high temperature so that many notes
come, until there are enough. Meanwhile the player plays on and keeps changing the seed, which makes the model read the
whole phrase anew each time, so that its process is never idle. Last, harmonized notes alternate with notes that are
only passed on, at the same pace: the ratio of their times is the cost of harmony.
"""

import json as json_
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bachbridge.cli.bench.fake_daw import ensure_midi_system
from bachbridge.cli.bench.latency_probe import BENCH_SETTINGS, PHRASES_PER_ENDING, LatencyProbe, TimesNs
from bachbridge.cli.bench.process_stats import child_running, resident_mb
from bachbridge.cli.bench.report import Figures, environment_facts, percentiles_ms, print_facts, progress_bar
from bachbridge.engine.session_log import read_log
from bachbridge.process.ipc import process_module
from bachbridge.protocol.effects import AnswerStarted
from bachbridge.protocol.events import Answer


def bench_latency(*, json: bool, notes: int, chords: int) -> None:
    """Measure at least `notes` answered notes and `chords` harmonized ones, and print a table or JSON."""
    with ensure_midi_system() as system, TemporaryDirectory() as folder, progress_bar() as report_progress:
        log = Path(folder) / "session.log"
        with LatencyProbe(log) as probe:
            probe.measure_thru()
            probe.measure_phrases()
            probe.measure_dialogue(notes, report_progress)
            children = {role: child_running(probe.engine_pid, process_module(role)) for role in ("ports", "model")}
            memory = {role: resident_mb(pid) for role, pid in {"engine": probe.engine_pid, **children}.items()}
            times_ns = probe.latencies_ns()
            probe.measure_harmony(chords, report_progress)
            times_ns |= probe.harmony_times_ns
        times_ns |= {
            f"first note ready after the phrase's end by {ending}": times
            for ending, times in _first_note_ready_times(log).items()
        }
    figures = {name: percentiles_ms(times) for name, times in times_ns.items()}
    report = {
        **environment_facts(system),
        "model": BENCH_SETTINGS.model,
        "milliseconds": figures,
        "harmony_against_thru": _harmony_to_thru_ratios(figures),
        "unanswered": probe.notes_without_chord,
        "model_step_ms": probe.model_step_ns / 1e6,
        "resident_mb": memory,
    }
    if json:
        print(json_.dumps(report, indent=2))
    else:
        _print_report(report)


def _first_note_ready_times(log: Path) -> dict[str, TimesNs]:
    """Return, by the kind of ending, the times from a phrase's end to the first part of its answer in the engine.

    By the time that silence ends a phrase, the answer has been asked for and may have come: it then took no time. A
    controller may end the phrase together with its last note.
    """
    ended_ns: dict[int, int] = {}
    came_ns: dict[int, int] = {}
    for entry in read_log(log).entries:
        match entry.message:
            case AnswerStarted(ask=number) if number <= 2 * PHRASES_PER_ENDING:
                ended_ns.setdefault(number, entry.at_ns)
            case Answer(ask=number):
                came_ns.setdefault(number, entry.at_ns)
            case _:
                pass
    times: dict[str, TimesNs] = {"silence": [], "control": []}
    for number, end_ns in ended_ns.items():
        if number in came_ns:
            ending = "silence" if number <= PHRASES_PER_ENDING else "control"
            times[ending].append(max(0, came_ns[number] - end_ns))
    return times


def _harmony_to_thru_ratios(figures: dict[str, Figures]) -> dict[str, float]:
    """Return the time from a note to its chord's last note, divided by the time to a note's copy without a chord."""
    harmony, thru = (figures[f"{name}, there and back"] for name in ("harmony", "thru at the same pace"))
    return {point: round(harmony[point] / thru[point], 3) for point in ("p50", "p99")}


def _print_report(report: dict[str, Any]) -> None:
    memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in report["resident_mb"].items() if mb is not None)
    ratios = report["harmony_against_thru"]
    print_facts(
        report["milliseconds"],
        (
            ("harmony against thru", f"{ratios['p50']:.2f} at p50, {ratios['p99']:.2f} at p99"),
            ("notes without a complete chord", f"{report['unanswered']}"),
            ("one step of the network", f"{report['model_step_ms']:.2f} ms in the model's process ({report['model']})"),
            ("resident memory", memory or "unknown on this system"),
            ("MIDI", report["midi"]),
            ("machine", f"{report['machine']}, {report['date']}"),
        ),
    )


if __name__ == "__main__":
    bench_latency(json="--json" in sys.argv, notes=int(sys.argv[1]), chords=300)
