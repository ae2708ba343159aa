"""`bachbridge bench`: latencies over real ports, seen from the engine and from the other end of the cable.

This process is the DAW: it plays into "BachBridge In" and hears "BachBridge Out", the engine and the model running in
processes of their own as ever. First single notes go through and come back (thru). Then short phrases are played,
ended by silence or by a control message, each as soon as the answer before has begun. At last phrase upon phrase is
answered, fast and at a high temperature for the sake of many notes, until enough of them have come; meanwhile the
player plays on and keeps changing the seed, so that the model has to take in the whole phrase anew each time: its
process is never idle. Then notes are harmonised, in turns with notes that are only passed on, at the same pace: the
ratio of the two is what harmony costs.

"Inside" is the engine's own view, the moment before a message is handed to the port; "outside" adds the way through
the MIDI system and this process's thread. On one machine all processes read the same monotonic clock.
"""

import json as json_
import math
import os
import platform
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from bachbridge.cli.bench.fake_daw import BENCH_SETTINGS, PHRASES_PER_ENDING, LatencyProbe, TimesNs
from bachbridge.engine.session_log import read_log
from bachbridge.errors import BachBridgeError, PortError
from bachbridge.midi.jack import DummyServer
from bachbridge.midi.ports import list_ports
from bachbridge.protocol.events import Answer, Ask

_TYPICAL_PERIOD_FRAMES = 256


def bench_latency(*, json: bool, notes: int, chords: int) -> None:
    """Measure with at least `notes` answered notes and `chords` harmonised ones, and print a table, or JSON."""
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with _ensure_midi_system() as system, TemporaryDirectory() as folder, progress:
        task = progress.add_task("measuring", total=1.0)
        with LatencyProbe(Path(folder) / "session.log") as player:
            player.measure_thru()
            player.measure_phrases()
            player.measure_dialogue(notes, lambda share: progress.update(task, completed=share))
            memory = {"engine": _resident_mb(player.engine_pid), "model": _resident_mb(_child_pid(player.engine_pid))}
            figures = {name: _percentiles_ms(times) for name, times in player.latencies_ns().items()}
            player.measure_harmony(chords, lambda share: progress.update(task, completed=share))
            figures |= {name: _percentiles_ms(times) for name, times in player.harmony_times_ns.items()}
        for ending, times in _first_note_ready_times(Path(folder) / "session.log").items():
            figures[f"first note ready after the phrase's end by {ending}"] = _percentiles_ms(times)
    report = {
        **_environment_facts(system),
        "model": BENCH_SETTINGS.model,
        "milliseconds": figures,
        "harmony_against_thru": _harmony_to_thru_ratios(figures),
        "unanswered": player.notes_without_chord,
        "model_step_ms": player.model_step_ns / 1e6,
        "resident_mb": memory,
    }
    if json:
        print(json_.dumps(report, indent=2))
    else:
        _print_report(report)


def bench_window(*, json: bool) -> None:
    """Measure the window, and what it does to the engine's timing; print a table, or JSON."""
    from bachbridge.cli.bench.window import measure_start, measure_window

    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with progress:
        task = progress.add_task("measuring", total=1.0)
        with _ensure_midi_system() as system:
            figures = measure_window(lambda share: progress.update(task, completed=share))
        # JACK wakes each of its clients once a period, whatever they do: here one of the usual length.
        with _ensure_midi_system(_TYPICAL_PERIOD_FRAMES):
            start = measure_start()
    report: dict[str, Any] = {**_environment_facts(system), **figures, "start": start}
    if json:
        print(json_.dumps(report, indent=2))
        return
    table = _latency_table(report["milliseconds"])
    console = Console()
    console.print(table)
    ratios, start = report["p99_with_window_against_without"], report["start"]
    for name, fact in (
        ("p99 with the window against without", ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items())),
        (
            "frames apart",
            ", ".join(f"{name} {max(ms, default=0):.0f} ms" for name, ms in report["frames_apart_ms"].items()),
        ),
        ("painting a dense passage", _core_share_text(report["painting_share_of_a_core"])),
        ("window visible, ready to play", f"{_seconds_text(start['visible'])}, {_seconds_text(start['ready'])}"),
        ("idle, all processes", _core_share_text(start["idle"])),
        ("MIDI", report["midi"]),
        ("machine", f"{report['machine']}, {report['date']}"),
    ):
        console.print(f"{name}: {fact}", soft_wrap=True, highlight=False)


def _core_share_text(share: float | None) -> str:
    return "unknown on this system" if share is None else f"{100 * share:.1f} % of a core"


def _seconds_text(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


def _environment_facts(midi_system: str) -> dict[str, str]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, "
        f"Python {platform.python_version()}",
        "midi": midi_system,
    }


@contextmanager
def _ensure_midi_system(period_frames: int = 64) -> Generator[str]:
    """The machine's MIDI system; if it has none, a JACK server of our own, of `period` frames, for the time being."""
    try:
        list_ports()
        server, remark = nullcontext(), ""
    except PortError:
        if not DummyServer.is_available():
            raise
        server, remark = (
            DummyServer(f"bachbridge-bench-{os.getpid()}", period_frames),
            ", a dummy server started for this run",
        )
        print("No MIDI system is running: using a JACK server of our own.", file=sys.stderr)
    with server:
        yield list_ports().system + remark


def _first_note_ready_times(log: Path) -> dict[str, TimesNs]:
    """From the ask to the first part of its answer in the engine.

    By the time that silence ends a phrase, the model has taken all of it in. A control message may come with the last
    note: then up to a beat is left to be taken in.
    """
    asked: dict[int, int] = {}
    times: dict[str, TimesNs] = {"silence": [], "control": []}
    for entry in read_log(log).entries:
        match entry.message:
            case Ask(ask=number) if number <= 2 * PHRASES_PER_ENDING:
                asked[number] = entry.at_ns
            case Answer(ask=number) if number in asked:
                times["silence" if number <= PHRASES_PER_ENDING else "control"].append(entry.at_ns - asked.pop(number))
            case _:
                pass
    return times


def _percentiles_ms(times_ns: Sequence[int]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(times_ns)
    if not ordered:
        raise BachBridgeError("Nothing was measured: give a greater number of notes.")
    points = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    milliseconds = {name: ordered[math.ceil(share * len(ordered)) - 1] / 1e6 for name, share in points.items()}
    return {"count": len(ordered), **milliseconds}


def _harmony_to_thru_ratios(figures: dict[str, dict[str, float]]) -> dict[str, float]:
    """From the player's note to the last of its chord, against from the note to its mere copy."""
    ours, bare = (figures[f"{name}, there and back"] for name in ("harmony", "thru at the same pace"))
    return {point: round(ours[point] / bare[point], 3) for point in ("p50", "p99")}


def _child_pid(parent_pid: int) -> int | None:
    """The process that the engine has started; known on Linux only."""
    try:
        return int(Path(f"/proc/{parent_pid}/task/{parent_pid}/children").read_text().split()[0])
    except (OSError, IndexError):
        return None


def _resident_mb(pid: int | None) -> float | None:
    """Resident memory without what is shared with others (JACK's server alone has 100 MB); known on Linux only."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    kilobytes = [int(status.partition(name)[2].split()[0]) for name in ("RssAnon:", "RssFile:")]
    return round(sum(kilobytes) / 1024, 1)


def _latency_table(milliseconds: dict[str, dict[str, float]]) -> Table:
    table = Table("milliseconds", *(Column(name, justify="right") for name in ("count", "p50", "p95", "p99", "max")))
    for name, figures in milliseconds.items():
        table.add_row(name, f"{figures['count']}", *(f"{figures[key]:.2f}" for key in ("p50", "p95", "p99", "max")))
    return table


def _print_report(report: dict[str, Any]) -> None:
    """The report as a table for people."""
    console = Console()
    console.print(_latency_table(report["milliseconds"]))
    memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in report["resident_mb"].items() if mb is not None)
    ratios = report["harmony_against_thru"]
    for name, fact in (
        ("harmony against thru", f"{ratios['p50']:.2f} at p50, {ratios['p99']:.2f} at p99"),
        ("notes without their chord", f"{report['unanswered']}"),
        ("one step of the network", f"{report['model_step_ms']:.2f} ms in the model's process ({report['model']})"),
        ("resident memory", memory or "unknown on this system"),
        ("MIDI", report["midi"]),
        ("machine", f"{report['machine']}, {report['date']}"),
    ):
        console.print(f"{name}: {fact}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    bench_latency(json="--json" in sys.argv, notes=int(sys.argv[1]), chords=300)
