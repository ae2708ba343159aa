"""Harmonies that an infilling network makes under the sopranos of chorales, and the fast schedule against the slow one.

The network itself judges whether fewer sweeps cost quality: by its loss on an output's lower voices when their cells
come in random order. The outputs of both schedules under a melody are scored with the same masks. The differences are
averaged by melody, since outputs under one melody are not independent of one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import infill_grid
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.closes import with_closes
from bachbridge.inference.infill.joint_sampling import DrawOptions
from bachbridge.inference.runtime.protocols import MaskedNet
from bachbridge.music.frames import UNKNOWN
from bachbridge.music.notes import VOICES
from bachbridge.protocol.style import Style
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.evaluation.harmonize import Harmonization
from bachbridge_training.infill import nll as infill_nll
from bachbridge_training.infill.nll import Ints

SEED = 1
_MASKS_PER_OUTPUT = 64
"""Masks with which each output is scored."""


@dataclass(frozen=True, slots=True)
class SamplingMethod:
    """A method of making outputs: each is the best of `candidates` results."""

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
"""`raw`: cells drawn one by one, as published; `fast`: as for a live answer of four bars; `slow`: without hurry."""


@dataclass(frozen=True, slots=True)
class HarmonizationJob:
    """A harmony to be made under a piece's soprano, with a seed of its own."""

    seed_offset: int
    piece: FourPartPiece

    def cost(self) -> float:
        return len(self.piece.pitches)


def soprano_canvas(piece: FourPartPiece) -> Canvas:
    """Return the soprano of a piece with attacks and bar lines, the other three voices masked."""
    pitch_indices = np.full(piece.pitches.shape, UNKNOWN, np.int32)
    pitch_indices[:, 0] = four_part_windows.pitch_indices_of(piece.pitches)[:, 0]
    onsets = np.zeros(pitch_indices.shape, bool)
    onsets[:, 0] = piece.onsets[:, 0]
    return Canvas(pitch_indices, onsets, _places_of(piece), infill_grid.voice_range_mask(len(pitch_indices)))


def harmonize_soprano(net: MaskedNet, job: HarmonizationJob, method: str) -> Harmonization:
    """Make one output by the method of that name in `METHODS`; by one with rules, phrases close where they end."""
    sampling, canvas = METHODS[method], soprano_canvas(job.piece)
    if sampling.style.rules:
        canvas = with_closes(canvas, job.piece.phrase_ends, None, SEED + job.seed_offset)
    result = gibbs.final_result(
        gibbs.fill_canvas(
            net,
            canvas,
            sampling.schedule,
            sampling.style,
            candidates=sampling.candidates,
            seed=SEED + job.seed_offset,
        )
    )
    return Harmonization(job.piece.name, result.pitch_indices, result.onsets)


@dataclass(frozen=True, slots=True)
class ScheduleOutputs:
    """Two harmonies `[step, voice]` of pitch indices under the melody of `piece`."""

    piece: FourPartPiece
    fast: Ints
    slow: Ints


@dataclass(frozen=True, slots=True)
class ScheduleNll:
    """Nats of a lower voice's cell: in the piece's own voices, in the fast and in the slow output."""

    name: str
    original: float
    fast: float
    slow: float


def compare_nll(net: infill_nll.ScoredInfillNet, outputs: ScheduleOutputs) -> ScheduleNll:
    """Score the piece and both outputs with the same masks."""
    piece, place = outputs.piece, _places_of(outputs.piece)
    lower = np.ones(piece.pitches.shape, bool)
    lower[:, 0] = False
    grids = (four_part_windows.pitch_indices_of(piece.pitches), outputs.fast, outputs.slow)
    nats = (
        infill_nll.expected_nll(net, grid, place, lower, np.random.default_rng(SEED), _MASKS_PER_OUTPUT)
        for grid in grids
    )
    return ScheduleNll(piece.name, *nats)


def summary(comparisons: Sequence[ScheduleNll]) -> dict[str, float | None]:
    """Return means over melodies, and the difference fast - slow: positive if fewer sweeps cost likelihood."""
    melodies: dict[str, list[ScheduleNll]] = {}
    for comparison in comparisons:
        melodies.setdefault(comparison.name, []).append(comparison)
    original, fast, slow = (
        [float(np.mean([getattr(comparison, key) for comparison in group])) for group in melodies.values()]
        for key in ("original", "fast", "slow")
    )
    differences = [one - other for one, other in zip(fast, slow, strict=True)]
    return {
        "melodies": len(melodies),
        "nats_own": float(np.mean(original)),
        "nats_fast": float(np.mean(fast)),
        "nats_slow": float(np.mean(slow)),
        "difference": float(np.mean(differences)),
        "difference_se": infill_nll.standard_error(differences),
        "fast_likelier": float(np.mean([comparison.fast < comparison.slow for comparison in comparisons])),
    }


def _places_of(piece: FourPartPiece) -> Ints:
    assert piece.pitches.shape[1] == len(VOICES)
    return infill_grid.place_features(piece.position.astype(np.int32), piece.bar.astype(np.int32))
