"""`bachbridge bench --counterpoint`: each species of counterpoint in mode duet, under and over the same tunes."""

import json as json_
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context

from rich.table import Column, Table

from bachbridge.cli.bench.harmony.lanes import LaneFigures, compute_lane_figures, lane_notes
from bachbridge.cli.bench.harmony.melodies import Melody, melodies
from bachbridge.cli.bench.harmony.touch import DETACHED, Touch
from bachbridge.cli.bench.harmony.virtual_player import play
from bachbridge.cli.bench.report import progress_bar
from bachbridge.console import make_console
from bachbridge.errors import BachBridgeError
from bachbridge.inference.loading import load_model
from bachbridge.inference.runtime.protocols import AccompanyingGenerator, StepPlanner
from bachbridge.music.notes import Note, step_ns_from_bpm
from bachbridge.settings import Settings, spec_of

_MODEL = "chorale-lstm"
_SEED = 1
_BPM = 100.0
_MAX_PROCESSES = 2
_GROUPS = ("chorale", "pop", "folk", "minor", "modal")
_EVERY = 3
"""One of so many tunes is played."""
_SPECIES = tuple(name for name in spec_of("counterpoint").choices if name != "free")
_LINES = {
    "under": ("soprano", "bass", 0, DETACHED),
    "over": ("bass", "soprano", -24, DETACHED),
    "under, 15 ms": ("soprano", "bass", 0, Touch(overlap_ms=(-60, 20), jitter_ms=15)),
}
"""The player's voice, the lane's, by how many semitones the tunes are transposed, and how they are played."""
_COLUMNS = {
    "consonant_beats": ("consonant beats %", 100, 1),
    "proper_dissonances": ("proper dissonances %", 100, 1),
    "parallels": ("parallels per 1000", 1, 1),
    "suspended_beats": ("suspensions on beats %", 100, 1),
    "notes_per_beat": ("notes per beat", 1, 2),
}
"""Heading, factor and decimals of each figure."""

_Pair = tuple[Sequence[Note], Sequence[Note]]


def bench_counterpoint(*, json: bool) -> None:
    """Play all tunes in each species, and print the figures as a table or JSON."""
    tunes = [tune for tune in melodies() if tune.group in _GROUPS][::_EVERY]
    pairs: dict[str, list[_Pair]] = {}
    workers = min(_MAX_PROCESSES, os.cpu_count() or 1)
    with progress_bar() as report_progress, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for number, lanes in enumerate(pool.map(_play_lanes, tunes)):
            for name, pair in lanes.items():
                pairs.setdefault(name, []).append(pair)
            report_progress((number + 1) / len(tunes))
    figures = {name: compute_lane_figures(lanes) for name, lanes in pairs.items()}
    if json:
        print(json_.dumps({name: asdict(figure) for name, figure in figures.items()}, indent=2))
        return
    make_console().print(_table(figures))


def _play_lanes(tune: Melody) -> dict[str, _Pair]:
    """Play a tune with each lane. Runs in a process of the pool."""
    generator = load_model(_MODEL)
    if not isinstance(generator, AccompanyingGenerator):
        raise BachBridgeError(f"{_MODEL} cannot accompany: install the model that comes with BachBridge.")
    return {f"{name} {place}": play_lane(generator, tune, name, place) for place in _LINES for name in _SPECIES}


def play_lane(planner: StepPlanner, tune: Melody, species: str, place: str) -> _Pair:
    """Return the tune's notes as they are meant, and those of a lane "under" or "over" them."""
    voice, duet_voice, transpose, touch = _LINES[place]
    notes = tuple(replace(note, pitch=note.pitch + transpose) for note in tune.notes)
    settings = Settings(
        mode="duet",
        counterpoint=species,
        model=_MODEL,
        seed=_SEED,
        bpm=_BPM,
        voice=voice,
        duet_voice=duet_voice,
        metronome="off",
    )
    return notes, lane_notes(play(planner, replace(tune, notes=notes, touch=touch), settings, step_ns_from_bpm(_BPM)))


def _table(figures: dict[str, LaneFigures]) -> Table:
    table = Table("lane", *(Column(heading, justify="right") for heading, _, _ in _COLUMNS.values()))
    for name, values in figures.items():
        cells = (f"{getattr(values, column) * factor:.{digits}f}" for column, (_, factor, digits) in _COLUMNS.items())
        table.add_row(name, *cells)
    return table
