"""`bachbridge bench --harmony`: what is measured, and how it is printed."""

import json as json_
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

from rich.console import Console
from rich.table import Column, Table

from bachbridge.cli.bench.harmony.figures import Figures, compute_figures
from bachbridge.cli.bench.harmony.melodies import FIRST_CHORD_GROUPS, Melody, melodies
from bachbridge.cli.bench.harmony.virtual_player import HarmonizedTune, play
from bachbridge.cli.bench.report import progress_bar
from bachbridge.errors import BachBridgeError
from bachbridge.inference.loading import load_model
from bachbridge.inference.runtime.protocols import AccompanyingGenerator
from bachbridge.music.notes import step_ns_from_bpm
from bachbridge.settings import Settings

_MODEL = "chorale-lstm"
_SEEDS = (1, 2, 3)
_BPM = 100.0
_MAX_PROCESSES = 2
_TOGETHER = "these together"
_COLUMNS = {
    "first_diatonic": ("first chord in the key %", 100, 1),
    "first_in_family": ("of the tonic's family %", 100, 1),
    "chords_in_key": ("chords in the key %", 100, 1),
    "clashes": ("clashes per note", 1, 3),
    "parallels": ("parallels per 1000", 1, 1),
    "changed_cells": ("changing cells %", 100, 1),
    "no_chord": ("notes without a chord %", 100, 1),
    "short_notes": ("notes under 60 ms %", 100, 1),
}
"""Heading, factor and decimals of each figure."""
_WANTED = ("wanted", "≥ 95", "≥ 85", "", "≤ .03", "0", "17 to 25", "0", "0")


def bench_harmony(*, json: bool) -> None:
    """Play all tunes with all seeds, and print the figures of each group as a table or JSON."""
    tunes = melodies()
    groups: dict[str, list[tuple[Melody, HarmonizedTune]]] = {}
    workers = min(_MAX_PROCESSES, os.cpu_count() or 1)
    with progress_bar() as report_progress, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for number, (melody, performances) in enumerate(zip(tunes, pool.map(_play_seeds, tunes), strict=True)):
            groups.setdefault(melody.group, []).extend((melody, performance) for performance in performances)
            report_progress((number + 1) / len(tunes))
    figures = {group: compute_figures(performances) for group, performances in groups.items()}
    judged = [pair for group in FIRST_CHORD_GROUPS for pair in groups[group]]
    together = {_TOGETHER: compute_figures(judged)}
    ordered = {group: figures[group] for group in FIRST_CHORD_GROUPS} | together | figures
    if json:
        print(json_.dumps({group: asdict(figure) for group, figure in ordered.items()}, indent=2))
        return
    Console().print(_table(ordered, tunes))


def _play_seeds(melody: Melody) -> list[HarmonizedTune]:
    """Play a tune with each seed. Runs in a process of the pool."""
    generator = load_model(_MODEL)
    if not isinstance(generator, AccompanyingGenerator):
        raise BachBridgeError(f"{_MODEL} cannot accompany: install the model that comes with BachBridge.")
    step_ns = step_ns_from_bpm(_BPM)
    return [
        play(generator, melody.notes, Settings(mode="harmonize", model=_MODEL, seed=seed), step_ns) for seed in _SEEDS
    ]


def _table(figures: dict[str, Figures], tunes: Sequence[Melody]) -> Table:
    table = Table(
        "tunes", Column("n", justify="right"), *(Column(name, justify="right") for name, _, _ in _COLUMNS.values())
    )
    for group, values in figures.items():
        judged = [
            tune for tune in tunes if tune.group == group or (group == _TOGETHER and tune.group in FIRST_CHORD_GROUPS)
        ]
        cells = (f"{getattr(values, name) * factor:.{digits}f}" for name, (_, factor, digits) in _COLUMNS.items())
        table.add_row(group, str(len(judged)), *cells, end_section=group == _TOGETHER)
    name, *wanted = _WANTED
    table.add_section()
    table.add_row(name, "", *wanted)
    return table
