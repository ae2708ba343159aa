"""The command `bachbridge bench` and what it accepts."""

from typing import Annotated

import typer

from bachbridge.cli.command_group import TOOLS, example
from bachbridge.cli.parameters import JsonOption

commands = typer.Typer()
_CounterpointOption = Annotated[
    bool, typer.Option("--counterpoint", help="Measure instead the species of counterpoint in a duet (simulated).")
]
_HarmonyOption = Annotated[
    bool, typer.Option("--harmony", help="Measure instead how good live harmony is under many tunes (simulated).")
]
_SyncOption = Annotated[
    bool, typer.Option("--sync", help="Measure instead how well tempo, beat and bar are followed (simulated).")
]


@commands.command("bench", rich_help_panel=TOOLS, epilog=example("bachbridge bench --steps"))
def bench(
    *,
    notes: Annotated[int, typer.Option(min=1, metavar="N", help="How many answered notes to measure.")] = 2000,
    chords: Annotated[int, typer.Option(min=1, metavar="N", help="How many notes to harmonize.")] = 300,
    gui: Annotated[
        bool, typer.Option("--gui", help="Measure the window instead, and its effect on the timing.")
    ] = False,
    steps: Annotated[
        bool, typer.Option("--steps", help="Measure instead how long each model takes for one step.")
    ] = False,
    sync: _SyncOption = False,
    harmony: _HarmonyOption = False,
    load: Annotated[
        bool, typer.Option("--load", help="Measure instead how many chords come in time on a busy machine.")
    ] = False,
    counterpoint: _CounterpointOption = False,
    json: JsonOption = False,
) -> None:
    """Measure the latency over real MIDI ports, from the DAW's side."""
    if harmony:
        from bachbridge.cli.bench.harmony.command import bench_harmony

        bench_harmony(json=json)
    elif counterpoint:
        from bachbridge.cli.bench.harmony.counterpoint import bench_counterpoint

        bench_counterpoint(json=json)
    elif sync:
        from bachbridge.cli.bench.sync.command import bench_sync

        bench_sync(json=json)
    elif load:
        from bachbridge.cli.bench.load import bench_load

        bench_load(json=json, chords=chords)
    elif steps:
        from bachbridge.cli.bench.model_step import bench_steps

        bench_steps(json=json)
    elif gui:
        from bachbridge.cli.bench.window import bench_window

        bench_window(json=json)
    else:
        from bachbridge.cli.bench.latency import bench_latency

        bench_latency(json=json, notes=notes, chords=chords)
