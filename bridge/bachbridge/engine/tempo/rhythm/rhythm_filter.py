"""The likeliest steps, tempo and place in the bar of a sequence of onsets, followed as they come.

For each onset a few hundred hypotheses are kept (see `hypotheses`), the best of those that agree about the place in the
bar, the tempo and the style: a mixture Kalman filter with a beam (A. T. Cemgil and B. Kappen, "Monte Carlo methods for
tempo tracking and rhythm quantization", JAIR 18, 2003). An onset may also be an ornament: a grace note of the next one,
or a late note of the last one. Steps of onsets that are long past stay: hypotheses that disagree with the best one
about them are dropped.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from bachbridge.engine.tempo.rhythm import hypotheses
from bachbridge.engine.tempo.rhythm.hypotheses import Hypotheses, OnsetOdds
from bachbridge.engine.tempo.rhythm.model import RhythmModel
from bachbridge.engine.tempo.rhythm.tempo_prior import TempoPrior

_WIDTH, _FIRST_WIDTH, _FIRST_EVENTS = 160, 480, 4
"""Hypotheses kept after each onset, and after the first few."""
_WORST_LOG_RATIO = 14.0
_CELLS_PER_OCTAVE = 28
"""Hypotheses whose tempos differ by less than one of these are one."""
_MAX_GRACES, _GRACE_MS, _LOG_GRACE = 2, 130.0, math.log(0.04 / 95.0)
_LATE_MS, _LOG_LATE = 100.0, math.log(0.04 / 80.0)
"""Longest time from an ornament to its note, and its log-likelihood (a share of the notes, spread over some ms)."""
_LAG = 24
"""The steps of onsets that lie this far back, at most twice as far, stay."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An onset on the grid: its step, the time of that step (ms), and the length of a step then."""

    step: int
    time: float
    step_ms: float


@dataclass(slots=True)
class RhythmFilter:
    """Hypotheses about the onsets of a phrase; an onset is numbered from 0. Used on the engine's thread only."""

    model: RhythmModel
    prior: TempoPrior
    _beams: dict[int, Hypotheses] = field(default_factory=dict[int, Hypotheses])
    _anchored: int = -1
    """The onset whose hypotheses are the anchors of the later ones."""
    _times: dict[int, float] = field(default_factory=dict[int, float])
    _last: int = -1
    settled_count: int = 0
    """How many of the first onsets stay where they are."""
    _settled: list[Placed] = field(default_factory=list[Placed])
    """Onsets that have settled since `pop_settled`."""

    @property
    def best(self) -> Hypotheses:
        """The hypotheses about the last onset, the best one first."""
        return self._beams[self._last]

    def add(self, event: int, time: float, noise: float, odds: OnsetOdds) -> None:
        """Place onset number `event`, the last one or a new one, at `time` (ms).

        `noise` is the variance of its error, relative to that of a single note's.
        """
        self._times[event] = time
        self._last = event
        explained = hypotheses.join(self._explanations(event, time, noise, odds))
        if not len(explained):  # no tempo explains so long a time since the first onset: this is the first
            explained = hypotheses.first_onset(self.model, time)
        self._beams[event] = _prune(explained, _FIRST_WIDTH if event < _FIRST_EVENTS else _WIDTH)
        self._settle(event)

    def _explanations(self, event: int, time: float, noise: float, odds: OnsetOdds) -> list[Hypotheses]:
        parts: list[Hypotheses] = []
        for graces in range(_MAX_GRACES + 1):
            before = event - graces - 1
            if graces and time - self._times[before + 1] > _GRACE_MS:
                break
            if before < 0:
                parts.append(hypotheses.first_onset(self.model, time))
                parts[-1].log_weight += graces * _LOG_GRACE
                break
            if before not in self._beams:
                break
            parts += self._after(before, time, noise, odds, graces * _LOG_GRACE)
        if event and event - 1 in self._beams and time - self._times[event - 1] < _LATE_MS:
            parts.append(hypotheses.same_onset(self._beams[event - 1], event - 1, _LOG_LATE))
        return parts

    def _after(self, event: int, time: float, noise: float, odds: OnsetOdds, log_cost: float) -> list[Hypotheses]:
        """Return the hypotheses about an onset at `time` whose predecessor on the grid is onset number `event`."""
        beam = self._beams[event]
        first = beam.step_ms == 0
        parts: list[Hypotheses] = []
        if first.any():
            part = hypotheses.second_onset(beam.select(first), event, time, self.model, odds, self.prior)
            part.parent = np.flatnonzero(first)[part.parent]
            parts.append(part)
        if not first.all():
            part = hypotheses.next_onset(beam.select(~first), event, time, noise, self.model, odds)
            part.parent = np.flatnonzero(~first)[part.parent]
            parts.append(part)
        for part in parts:
            part.log_weight += log_cost
        return parts

    def pop_settled(self) -> list[Placed]:
        """Return where the onsets lie that have settled since the last call, and forget them."""
        settled, self._settled = self._settled, []
        return settled

    def unsettled_path(self) -> list[Placed]:
        """Return where the likeliest hypothesis places each onset that is not settled."""
        return self._path(self._last, int(self.best.log_weight.argmax()))

    def _path(self, event: int, row: int) -> list[Placed]:
        """Return the places of the onsets that are not settled, up to `event`, whose hypothesis is `row`."""
        backwards: list[Placed] = []
        while event >= self.settled_count:
            beam = self._beams[event]
            placed = Placed(int(beam.step[row]), float(beam.time[row]), float(beam.step_ms[row]))
            parent_event = int(beam.parent_event[row])
            backwards += [placed] * (event - parent_event)
            event, row = parent_event, int(beam.parent[row])
        return backwards[::-1]

    def _settle(self, event: int) -> None:
        """Settle the onsets up to the anchor when it lies far enough back, and then set a new anchor."""
        if event == self._anchored:
            self._set_anchors(event, event)
        if event - max(self._anchored, 0) < _LAG:
            return
        if self._anchored >= 0:
            self._drop_others(event)
        self._anchored = event
        for number in range(event - _MAX_GRACES, event + 1):
            self._set_anchors(event, number)

    def _set_anchors(self, event: int, number: int) -> None:
        beam = self._beams[number]
        beam.anchor = np.arange(len(beam)) * (_MAX_GRACES + 1) + (event - number)

    def _drop_others(self, event: int) -> None:
        """Settle the ancestors of the best hypothesis, and drop hypotheses that have others."""
        chosen = int(self._beams[event].anchor[self._beams[event].log_weight.argmax()])
        row, back = divmod(chosen, _MAX_GRACES + 1)
        settled_event = self._anchored - back
        newly_settled = self._path(settled_event, row)
        self._settled += newly_settled
        self.settled_count += len(newly_settled)
        for number in [number for number in self._beams if number <= settled_event]:
            del self._beams[number], self._times[number]
        for number in range(event - _MAX_GRACES, event + 1):
            beam = self._beams[number]
            beam.log_weight = np.where(beam.anchor == chosen, beam.log_weight, -np.inf)


def _prune(beam: Hypotheses, width: int) -> Hypotheses:
    """Return the best hypotheses, one of each place, tempo and style, the best first."""
    order = np.argsort(-beam.log_weight)[: 3 * width]
    best = beam.log_weight[order[0]]
    order = order[: np.searchsorted(-beam.log_weight[order], _WORST_LOG_RATIO - best)]
    cell = np.rint(np.log2(np.maximum(beam.step_ms[order], 1.0)) * _CELLS_PER_OCTAVE).astype(np.int64)
    key = (cell * 8 + beam.style[order]) * 1024 + beam.place[order]
    _, first = np.unique(key, return_index=True)
    return beam.select(order[np.sort(first)[:width]])
