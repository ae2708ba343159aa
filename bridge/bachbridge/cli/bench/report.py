"""Figures of the benchmarks: percentiles, and tables for people."""

import os
import platform
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.table import Column, Table

from bachbridge.cli.bench.fake_daw import ProgressCallback
from bachbridge.console import make_console, make_progress
from bachbridge.errors import BachBridgeError
from bachbridge.protocol.latency import percentiles

_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

Figures = dict[str, float]
"""The count of the samples, and their percentiles and maximum in milliseconds, by name."""


def percentiles_ms(times_ns: Sequence[int]) -> Figures:
    """Return the count and, in milliseconds by nearest rank, p50, p95, p99 and max; raises if there are no times."""
    if not times_ns:
        raise BachBridgeError("Nothing was measured: give a greater number of notes, or restart the MIDI system.")
    figures = zip(_SHARES, percentiles(times_ns, list(_SHARES.values())), strict=True)
    return {"count": len(times_ns), **{name: time_ns / 1e6 for name, time_ns in figures}}


def latency_table(milliseconds: Mapping[str, Figures]) -> Table:
    """Return a table with a row for each measured latency."""
    table = Table("milliseconds", *(Column(name, justify="right") for name in ("count", *_SHARES)))
    for name, figures in milliseconds.items():
        table.add_row(name, f"{figures['count']}", *(f"{figures[key]:.2f}" for key in _SHARES))
    return table


def environment_facts(midi_system: str) -> dict[str, str]:
    """Return the date, the machine and the MIDI system of the measurement, in words."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    return {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "midi": midi_system}


def print_facts(milliseconds: Mapping[str, Figures], facts: Iterable[tuple[str, str]]) -> None:
    """Print a table of latencies, and a line for each of the facts."""
    console = make_console()
    console.print(latency_table(milliseconds))
    for name, fact in facts:
        console.print(f"{name}: {fact}", soft_wrap=True, highlight=False)


@contextmanager
def progress_bar() -> Generator[ProgressCallback]:
    """Show a progress bar on stderr if it is a terminal, and yield the function that moves it."""
    progress = make_progress()
    with progress:
        task = progress.add_task("measuring", total=1.0)
        yield lambda share: progress.update(task, completed=share)
