"""Harmonies that an infilling network makes under the sopranos of chorales, and the fast schedule against the slow one.

Whether fewer passes cost quality is asked of the network itself: what it charges for an output's lower voices when
their cells come in random order. Both schedules' outputs under a melody are read through the same masks, and the
differences are averaged melody by melody, since outputs under one melody are not independent of one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.joint_sampling import DrawOptions
from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.music.frames import UNKNOWN, Ints
from bachbridge.music.notes import VOICES
from bachbridge.protocol.style import Style
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.infill import nll as infill_nll

SEED = 1
_MASKS_PER_OUTPUT = 64
"""Masks through which each output is read."""


@dataclass(frozen=True, slots=True)
class SamplingMethod:
    """How outputs are made: the best of so many `candidates`."""

    schedule: gibbs.Schedule
    candidates: int
    style: Style


_PUBLISHED_SCHEDULE = gibbs.Schedule(
    gibbs.SLOW_SCHEDULE.sweeps,
    span_steps=1,
    draw_options=DrawOptions(pool_size=1, correlation_steps=1, average_eighths=False),
)
METHODS = {
    "raw": SamplingMethod(_PUBLISHED_SCHEDULE, 1, Style(rules=frozenset())),
    "fast": SamplingMethod(gibbs.FAST_SCHEDULE, 4, Style()),
    "slow": SamplingMethod(gibbs.SLOW_SCHEDULE, 4, Style()),
}
"""Cells drawn one by one, as published; as a live answer of four bars is made; with time to spare."""


@dataclass(frozen=True, slots=True)
class HarmonizationJob:
    """The harmony number `number` to be made, under a piece's soprano."""

    seed_offset: int
    piece: FourPartPiece

    def cost(self) -> float:
        return len(self.piece.pitches)


def soprano_canvas(piece: FourPartPiece) -> Canvas:
    """The soprano of a piece, with attacks and bar lines, and three voices open."""
    classes = np.full(piece.pitches.shape, UNKNOWN, np.int32)
    classes[:, 0] = four_part_windows.pitch_indices_of(piece.pitches)[:, 0]
    struck = np.zeros(classes.shape, bool)
    struck[:, 0] = piece.onsets[:, 0]
    return Canvas(classes, struck, _places_of(piece), infill_grid.voice_range_mask(len(classes)))


def harmonize_soprano(net: MaskedNet, job: HarmonizationJob, method: str) -> Harmonization:
    """An output by one of the ways; a number of its own gives each its own chance."""
    how = METHODS[method]
    found = gibbs.final_result(
        gibbs.fill_canvas(
            net,
            soprano_canvas(job.piece),
            how.schedule,
            how.style,
            candidates=how.candidates,
            seed=SEED + job.seed_offset,
        )
    )
    return Harmonization(job.piece.name, found.pitch_indices, found.onsets)


@dataclass(frozen=True, slots=True)
class ScheduleOutputs:
    """Two harmonies under one melody."""

    piece: FourPartPiece
    fast: Ints
    slow: Ints


@dataclass(frozen=True, slots=True)
class ScheduleNll:
    """Nats of a lower voice's cell under the network: of the piece's own voices, of the fast and of the slow output."""

    name: str
    original: float
    fast: float
    slow: float


def compare_nll(net: infill_nll.ScoredInfillNet, outputs: ScheduleOutputs) -> ScheduleNll:
    """All three read through the same masks."""
    piece, place = outputs.piece, _places_of(outputs.piece)
    lower = np.ones(piece.pitches.shape, bool)
    lower[:, 0] = False
    three = (four_part_windows.pitch_indices_of(piece.pitches), outputs.fast, outputs.slow)
    nats = (
        infill_nll.expected_nll(net, its, place, lower, np.random.default_rng(SEED), _MASKS_PER_OUTPUT) for its in three
    )
    return ScheduleNll(piece.name, *nats)


def summary(comparisons: Sequence[ScheduleNll]) -> dict[str, float | None]:
    """Means over melodies of all, and the difference fast - slow: positive where fewer passes cost likelihood."""
    melodies: dict[str, list[ScheduleNll]] = {}
    for verdict in comparisons:
        melodies.setdefault(verdict.name, []).append(verdict)
    own, fast, slow = (
        [float(np.mean([getattr(its, which) for its in those])) for those in melodies.values()]
        for which in ("original", "fast", "slow")
    )
    differences = [one - other for one, other in zip(fast, slow, strict=True)]
    return {
        "melodies": len(melodies),
        "nats_own": float(np.mean(own)),
        "nats_fast": float(np.mean(fast)),
        "nats_slow": float(np.mean(slow)),
        "difference": float(np.mean(differences)),
        "difference_se": infill_nll.standard_error(differences),
        "fast_likelier": float(np.mean([its.fast < its.slow for its in comparisons])),
    }


def _places_of(piece: FourPartPiece) -> Ints:
    assert piece.pitches.shape[1] == len(VOICES)
    return infill_grid.place_features(piece.position.astype(np.int32), piece.bar.astype(np.int32))
