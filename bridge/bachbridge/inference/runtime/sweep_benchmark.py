"""How long a pass of an infilling network takes on this machine: measured once for each model, then on record.

The record lies in the user's cache, by the SHA-256 of the network's file, so that a new network is measured anew.
Whoever wants a fresh measurement deletes the file. One that cannot be read is measured again and replaced; where none
can be written, the figure holds for this time.
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
from bachbridge.inference.runtime.style import Style
from bachbridge.music.frames import UNKNOWN, pitch_index
from bachbridge.music.notes import STEPS_PER_BEAT, VOICES

_TIMED_SWEEPS, _WARMUP_SWEEPS = 16, 2
"""Passes that are timed, and how many before them are not."""
_MELODY = (67, 69, 71, 72)


def record_path() -> Path:
    """Where the record lies on this system."""
    from platformdirs import user_cache_path

    return user_cache_path("bachbridge", appauthor=False) / "pace.json"


def recorded_sweep_ns(net: gibbs.MaskedNet, sha256: str, path: Path) -> int:
    """What a pass over `REFERENCE_STEPS` takes by the record in `path`; measured and recorded where it has none."""
    record = _read_record(path)
    if sha256 not in record:
        record[sha256] = measure_sweep_ns(net)
        with suppress(BachBridgeError, OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_output(path) as scratch:
                scratch.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return record[sha256]


def measure_sweep_ns(net: gibbs.MaskedNet) -> int:
    """The time of a pass, with all that is done between two of them, under a melody of quarter notes.

    It is the lower quartile, or the thread's own time where that is less: the program is starting while this is
    measured, and what else the machine does then is not the network's.
    """
    times: list[int] = []
    schedule = replace(gibbs.FAST_SCHEDULE, sweeps=_WARMUP_SWEEPS + _TIMED_SWEEPS)
    filling = gibbs.fill_canvas(net, _melody_canvas(), schedule, Style(), candidates=1, seed=0)
    busy_ns = 0
    for number in range(_WARMUP_SWEEPS + _TIMED_SWEEPS):
        if number == _WARMUP_SWEEPS:
            busy_ns = time.thread_time_ns()
        begin = time.perf_counter_ns()
        next(filling)
        times.append(time.perf_counter_ns() - begin)
    own_ns = (time.thread_time_ns() - busy_ns) // _TIMED_SWEEPS  # 0 where the system's clock for it is coarse
    quick_ns = int(statistics.quantiles(times[_WARMUP_SWEEPS:], n=4)[0])
    return min(quick_ns, own_ns) or quick_ns


def _melody_canvas() -> Canvas:
    classes = np.full((REFERENCE_STEPS, len(VOICES)), UNKNOWN, np.int32)
    steps = np.arange(REFERENCE_STEPS)
    classes[:, 0] = np.array([pitch_index(pitch) for pitch in _MELODY])[steps // STEPS_PER_BEAT % len(_MELODY)]
    struck = np.zeros(classes.shape, bool)
    struck[::STEPS_PER_BEAT, 0] = True
    place = infill_grid.place_features(None, np.full(REFERENCE_STEPS, 4 * STEPS_PER_BEAT, np.int32))
    return Canvas(classes, struck, place, infill_grid.voice_range_mask(REFERENCE_STEPS))


def _read_record(path: Path) -> dict[str, int]:
    """What is on record; nothing where there is no record that can be read."""
    try:
        plain: Any = json.loads(path.read_text("utf-8"))
        return {str(name): ns for name, ns in plain.items() if type(ns) is int and ns > 0}
    except (OSError, ValueError, AttributeError):
        return {}
