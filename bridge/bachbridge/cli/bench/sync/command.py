"""`bachbridge bench --sync`: what is measured, and how it is printed.

Everything is simulated with fixed seeds, so that a second run gives the same figures on any machine.
"""

import json as json_
from collections.abc import Callable, Iterator

from bachbridge.cli.bench.report import progress_bar
from bachbridge.cli.bench.sync.answer_rows import answer_rows
from bachbridge.cli.bench.sync.clock_rows import clock_rows
from bachbridge.cli.bench.sync.playing_rows import ROW_COUNT, playing_rows
from bachbridge.cli.bench.sync.rows import Row, rows_as_json, rows_table
from bachbridge.console import make_console

GROUPS: dict[str, tuple[Callable[[], Iterator[Row]], int]] = {
    "The DAW's MIDI clock": (clock_rows, 34),
    "Answers on the DAW's grid": (answer_rows, 4),
    "Playing without a clock": (playing_rows, ROW_COUNT),
}
"""The groups of rows by title: what measures them, and about how many rows there are (for the progress bar)."""


def bench_sync(*, json: bool) -> None:
    """Measure all groups and print tables or JSON."""
    total = sum(count for _, count in GROUPS.values())
    groups: dict[str, list[Row]] = {}
    with progress_bar() as report_progress:
        for title, (measure, _) in GROUPS.items():
            groups[title] = []
            for row in measure():
                groups[title].append(row)
                report_progress(min(1.0, sum(map(len, groups.values())) / total))
    if json:
        print(json_.dumps({title: rows_as_json(rows) for title, rows in groups.items()}, indent=2, ensure_ascii=False))
        return
    for title, rows in groups.items():
        make_console().print(rows_table(title, rows))
