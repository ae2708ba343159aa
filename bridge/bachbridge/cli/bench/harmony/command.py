"""`bachbridge bench --harmony`: what is measured, and how it is printed."""

import json as json_
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

from rich.table import Column, Table

from bachbridge.cli.bench.harmony.figures import Figures, compute_figures
from bachbridge.cli.bench.harmony.melodies import FIRST_CHORD_GROUPS, Melody
from bachbridge.cli.bench.harmony.two_hands import cases
from bachbridge.cli.bench.harmony.virtual_player import HarmonizedTune, play
from bachbridge.cli.bench.report import progress_bar
from bachbridge.console import make_console
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
_Columns = Mapping[str, tuple[str, float, int, str]]
"""Heading, factor, decimals and wish of each figure."""
CHORD_COLUMNS: _Columns = {
    "first_diatonic": ("first\nin key", 100, 0, "≥ 95"),
    "first_in_family": ("first\ntonic", 100, 0, "≥ 85"),
    "chords_in_key": ("in\nkey", 100, 0, ""),
    "triads": ("triads", 100, 0, ""),
    "clashes": ("clash", 100, 1, "≤ 3"),
    "parallels": ("paral-\nlels", 1, 1, "0"),
    "changed_cells": ("move", 100, 0, "17-25"),
}
HAND_COLUMNS: _Columns = {
    "no_chord": ("no chord", 100, 1, "0"),
    "short_notes": ("< 60 ms", 100, 1, "0"),
    "obeyed_classes": ("left hand's chord", 100, 0, ""),
    "obeyed_bass": ("its bass", 100, 0, ""),
}
_CHORD_LEGEND = (
    "Per cent, with the tune's note. First in key, first tonic: the first chord is in the key, and of the tonic's "
    "family. In key: chords under notes of the key that are in it too. Triads: chords that are a triad or part of one. "
    "Clash: notes a semitone from a voice. Parallels: per 1,000 moving pairs. Move: alto, tenor and bass cells that "
    "change."
)
_HAND_LEGEND = (
    "Per cent. No chord: notes without a new chord. < 60 ms: voices' notes that short. The left hand's chord, its "
    "bass: notes whose voices keep to them."
)


def bench_harmony(*, json: bool) -> None:
    """Play all tunes with all seeds, and print the figures of each group as a table or JSON."""
    tunes = cases()
    groups: dict[str, list[HarmonizedTune]] = {}
    workers = min(_MAX_PROCESSES, os.cpu_count() or 1)
    with progress_bar() as report_progress, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for number, (melody, performances) in enumerate(zip(tunes, pool.map(_play_seeds, tunes), strict=True)):
            groups.setdefault(melody.group, []).extend(performances)
            report_progress((number + 1) / len(tunes))
    figures = {group: compute_figures(performances) for group, performances in groups.items()}
    judged = [performance for group in FIRST_CHORD_GROUPS for performance in groups[group]]
    together = {_TOGETHER: compute_figures(judged)}
    ordered = {group: figures[group] for group in FIRST_CHORD_GROUPS} | together | figures
    if json:
        print(json_.dumps({group: asdict(figure) for group, figure in ordered.items()}, indent=2))
        return
    counts = {group: len(performances) // len(_SEEDS) for group, performances in groups.items()}
    counts[_TOGETHER] = len(judged) // len(_SEEDS)
    console = make_console()
    for columns, legend in ((CHORD_COLUMNS, _CHORD_LEGEND), (HAND_COLUMNS, _HAND_LEGEND)):
        console.print(harmony_table(ordered, counts, columns))
        console.print(legend, highlight=False)


def _play_seeds(melody: Melody) -> list[HarmonizedTune]:
    """Play a tune with each seed. Runs in a process of the pool."""
    generator = load_model(_MODEL)
    if not isinstance(generator, AccompanyingGenerator):
        raise BachBridgeError(f"{_MODEL} cannot accompany: install the model that comes with BachBridge.")
    step_ns = step_ns_from_bpm(_BPM)
    return [play(generator, melody, Settings(mode="harmonize", model=_MODEL, seed=seed), step_ns) for seed in _SEEDS]


def harmony_table(figures: Mapping[str, Figures], counts: Mapping[str, int], columns: _Columns) -> Table:
    """Return some figures of each group of tunes as a table of at most 80 columns."""
    headings = (Column(heading, justify="right") for heading, _, _, _ in columns.values())
    table = Table("tunes", Column("n", justify="right"), *headings)
    for group, values in figures.items():
        cells = (_cell(getattr(values, name), factor, digits) for name, (_, factor, digits, _) in columns.items())
        table.add_row(group, str(counts[group]), *cells, end_section=group == _TOGETHER)
    table.add_section()
    table.add_row("wanted", "", *(wish for _, _, _, wish in columns.values()))
    return table


def _cell(figure: float | None, factor: float, digits: int) -> str:
    return "" if figure is None else f"{figure * factor:.{digits}f}"
