"""The time of one sweep of an infilling network on this machine: measured once for each model, then on record.

The record lies in the user's cache folder, by the SHA-256 of the network's file, so that a new network is measured
anew. To get a fresh measurement, delete the file. A record that cannot be read is measured again and replaced; if none
can be written, the measurement holds until the process ends.
"""

import json
import statistics
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bachbridge.atomic_files import atomic_output
from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.errors import BachBridgeError
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.budget import REFERENCE_STEPS
from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.music.frames import UNKNOWN, pitch_index
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES
from bachbridge.protocol.style import Style

_TIMED_SWEEPS, _WARMUP_SWEEPS = 16, 2
"""Sweeps that are timed, and sweeps before them that are not."""
_MELODY = (67, 69, 71, 72)


def record_path() -> Path:
    """The file of the record on this system."""
    from platformdirs import user_cache_path

    return user_cache_path("bachbridge", appauthor=False) / "pace.json"


def recorded_sweep_ns(net: MaskedNet, sha256: str, path: Path) -> int:
    """Return the time in ns of a sweep over `REFERENCE_STEPS` by the record in `path`; measure it if it is missing."""
    record = _read_record(path)
    if sha256 not in record:
        record[sha256] = measure_sweep_ns(net)
        with suppress(BachBridgeError, OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_output(path) as scratch:
                scratch.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return record[sha256]


def measure_sweep_ns(net: MaskedNet) -> int:
    """Measure the time in ns of a sweep, with all work between two sweeps, under a melody of quarter notes.

    It is the lower quartile, or the thread's own CPU time if that is less: the program is starting while this is
    measured, and other work of the machine must not count.
    """
    times: list[int] = []
    schedule = replace(gibbs.FAST_SCHEDULE, sweeps=_WARMUP_SWEEPS + _TIMED_SWEEPS)
    filling = gibbs.fill_canvas(net, _melody_canvas(), schedule, Style(), candidates=1, seed=0)
    cpu_begin_ns = 0
    for sweep in range(_WARMUP_SWEEPS + _TIMED_SWEEPS):
        if sweep == _WARMUP_SWEEPS:
            cpu_begin_ns = time.thread_time_ns()
        begin = time.perf_counter_ns()
        next(filling)
        times.append(time.perf_counter_ns() - begin)
    cpu_ns = (time.thread_time_ns() - cpu_begin_ns) // _TIMED_SWEEPS  # 0 where the system's clock for it is coarse
    quartile_ns = int(statistics.quantiles(times[_WARMUP_SWEEPS:], n=4)[0])
    return min(quartile_ns, cpu_ns) or quartile_ns


def _melody_canvas() -> Canvas:
    pitch_indices = np.full((REFERENCE_STEPS, len(VOICES)), UNKNOWN, np.int32)
    melody = np.array([pitch_index(pitch) for pitch in _MELODY])
    pitch_indices[:, 0] = melody[np.arange(REFERENCE_STEPS) // STEPS_PER_BEAT % len(_MELODY)]
    onsets = np.zeros(pitch_indices.shape, bool)
    onsets[::STEPS_PER_BEAT, 0] = True
    place = infill_grid.place_features(None, np.full(REFERENCE_STEPS, 4 * STEPS_PER_BEAT, np.int32))
    return Canvas(pitch_indices, onsets, place, infill_grid.voice_range_mask(REFERENCE_STEPS))


def _read_record(path: Path) -> dict[str, int]:
    """Return the record, or an empty one if the file cannot be read."""
    try:
        record: Any = json.loads(path.read_text("utf-8"))
        return {str(sha256): ns for sha256, ns in record.items() if type(ns) is int and ns > 0}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
