"""Harmonies that an infilling network makes under the sopranos of chorales, and the fast schedule against the slow one.

Whether fewer passes cost quality is asked of the network itself: what it charges for an output's lower voices when
their cells come in random order. Both schedules' outputs under a melody are read through the same masks, and the
differences are averaged melody by melody, since outputs under one melody are not independent of one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.codecs import infill_grid, satb
from bachbridge.codecs.infill_grid import Canvas
from bachbridge.inference.infill import gibbs
from bachbridge.inference.infill.joint_sampling import Manner
from bachbridge.inference.runtime.style import Style
from bachbridge.music.notes import VOICES
from bachbridge_training.datasets import four_part_windows
from bachbridge_training.datasets.chorale_grids import Piece
from bachbridge_training.evaluation.harmonize import Harmony
from bachbridge_training.infill import nll as infill_nll
from bachbridge_training.infill.nll import Ints

SEED = 1
_MASKS = 64
"""Masks through which each output is read."""


@dataclass(frozen=True, slots=True)
class Way:
    """How outputs are made: the best of so many `candidates`."""

    schedule: gibbs.Schedule
    candidates: int
    style: Style


_PUBLISHED = gibbs.Schedule(gibbs.SLOW.passes, span=1, manner=Manner(lines=1, lasting=1, eighths=False))
WAYS = {
    "raw": Way(_PUBLISHED, 1, Style(rules=frozenset())),
    "fast": Way(gibbs.FAST, 4, Style()),
    "slow": Way(gibbs.SLOW, 4, Style()),
}
"""Cells drawn one by one, as published; as a live answer of four bars is made; with time to spare."""


@dataclass(frozen=True, slots=True)
class Output:
    """The harmony number `number` to be made, under a piece's soprano."""

    number: int
    piece: Piece

    def steps(self) -> float:
        return len(self.piece.pitches)


def task(piece: Piece) -> Canvas:
    """The soprano of a piece, with attacks and bar lines, and three voices open."""
    classes = np.full(piece.pitches.shape, satb.UNKNOWN, np.int32)
    classes[:, 0] = four_part_windows.classes_of(piece.pitches)[:, 0]
    struck = np.zeros(classes.shape, bool)
    struck[:, 0] = piece.struck[:, 0]
    return Canvas(classes, struck, _place(piece), infill_grid.within_ranges(len(classes)))


def harmonized(net: gibbs.Nets, output: Output, way: str) -> Harmony:
    """An output by one of the ways; a number of its own gives each its own chance."""
    how = WAYS[way]
    found = gibbs.at_once(
        gibbs.filled(
            net, task(output.piece), how.schedule, how.style, candidates=how.candidates, seed=SEED + output.number
        )
    )
    return Harmony(output.piece.name, found.classes, found.struck)


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two harmonies under one melody."""

    piece: Piece
    fast: Ints
    slow: Ints


@dataclass(frozen=True, slots=True)
class Verdict:
    """Nats of a lower voice's cell under the network: of the piece's own voices, of the fast and of the slow output."""

    name: str
    own: float
    fast: float
    slow: float


def compared(net: infill_nll.Fill, rivals: Rivals) -> Verdict:
    """All three read through the same masks."""
    piece, place = rivals.piece, _place(rivals.piece)
    lower = np.ones(piece.pitches.shape, bool)
    lower[:, 0] = False
    three = (four_part_windows.classes_of(piece.pitches), rivals.fast, rivals.slow)
    nats = (infill_nll.surprise(net, its, place, lower, np.random.default_rng(SEED), _MASKS) for its in three)
    return Verdict(piece.name, *nats)


def summary(verdicts: Sequence[Verdict]) -> dict[str, float | None]:
    """Means over melodies of all, and the difference fast - slow: positive where fewer passes cost likelihood."""
    melodies: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        melodies.setdefault(verdict.name, []).append(verdict)
    own, fast, slow = (
        [float(np.mean([getattr(its, which) for its in those])) for those in melodies.values()]
        for which in ("own", "fast", "slow")
    )
    differences = [one - other for one, other in zip(fast, slow, strict=True)]
    return {
        "melodies": len(melodies),
        "nats_own": float(np.mean(own)),
        "nats_fast": float(np.mean(fast)),
        "nats_slow": float(np.mean(slow)),
        "difference": float(np.mean(differences)),
        "difference_se": infill_nll.standard_error(differences),
        "fast_likelier": float(np.mean([its.fast < its.slow for its in verdicts])),
    }


def _place(piece: Piece) -> Ints:
    assert piece.pitches.shape[1] == len(VOICES)
    return infill_grid.places(piece.position.astype(np.int32), piece.bar.astype(np.int32))
