"""Between nanoseconds and grid steps: a grid, and a guess at the tempo from what was played.

The guess is Bayesian. A melody's inter-onset intervals are drawn from the note values that Bach's melodies use
(`_VALUES`, with their rough shares) and blurred by human timing (`_JITTER_NS`); tempos are log-normal about a walking
pace, or about the tempo of the phrase before. Each candidate tempo is scored by the likelihood of all intervals and
the best one is refined by least squares. (The idea: A. T. Cemgil and B. Kappen, "Monte Carlo methods for tempo
tracking and rhythm quantization", JAIR 18, 2003; a grid of candidates is enough for short phrases.)

A clock (24 pulses to the quarter note) or a shared session would give a `Grid` of its own: whatever knows better than
this guess replaces `read_at` or `read_freely` and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music import STEPS_PER_BEAT

_NS_PER_MINUTE = 60_000_000_000
_JITTER_NS = 22e6
_SAME_ONSET_NS = 45_000_000
"""Keys struck within this time are one chord."""
_USUAL_BPM, _USUAL_OCTAVES, _KNOWN_OCTAVES = 92.0, 0.5, 0.12
_CANDIDATES_BPM = np.geomspace(45.0, 190.0, 105)
_VALUES = np.array([1, 2, 3, 4, 6, 8, 12, 16])
_LOG_SHARES = np.log([0.06, 0.24, 0.04, 0.46, 0.06, 0.09, 0.02, 0.03])
_PHASE_SHARE, _PERIOD_SHARE, _STRETCH = 0.4, 0.12, 0.3
"""How far the grid follows each onset in phase and in period, and how far the period may drift in all."""
_REMEMBERED = 64
"""Intervals that the estimate looks back on."""
_STRAY = 1e-4
"""Likelihood (in the units of a peak's height) of an interval that is no note value: a hesitation, a slip."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Step `n` lies at `origin_ns + n * step_ns`."""

    origin_ns: int
    step_ns: int

    def time_of(self, step: int) -> int:
        return self.origin_ns + step * self.step_ns

    def nearest(self, time_ns: int) -> int:
        return (time_ns - self.origin_ns + self.step_ns // 2) // self.step_ns

    def next_beat(self, time_ns: int) -> int:
        """The first step on a beat at `time_ns` or later."""
        beat_ns = self.step_ns * STEPS_PER_BEAT
        return -((self.origin_ns - time_ns) // beat_ns) * STEPS_PER_BEAT

    @property
    def bpm(self) -> float:
        return _NS_PER_MINUTE / (self.step_ns * STEPS_PER_BEAT)


def step_ns_of(bpm: float) -> int:
    """The length of a step at `bpm` quarter notes a minute."""
    return round(_NS_PER_MINUTE / bpm / STEPS_PER_BEAT)


def distinct_onsets(onsets_ns: Sequence[int]) -> list[int]:
    """The onsets in order, a chord's keys counted once."""
    kept: list[int] = []
    for onset in sorted(onsets_ns):
        if not kept or onset - kept[-1] > _SAME_ONSET_NS:
            kept.append(onset)
    return kept


def estimate_bpm(onsets_ns: Sequence[int], previous_bpm: float | None = None) -> float:
    """The likeliest tempo of the onsets; with fewer than three of them, the previous tempo or the usual one."""
    intervals = np.diff(np.array(distinct_onsets(onsets_ns), dtype=np.float64))[-_REMEMBERED:]
    centre = previous_bpm or _USUAL_BPM
    if len(intervals) < 2:
        return centre
    steps = _NS_PER_MINUTE / _CANDIDATES_BPM / STEPS_PER_BEAT
    width = _KNOWN_OCTAVES if previous_bpm else _USUAL_OCTAVES
    prior = -0.5 * (np.log2(_CANDIDATES_BPM / centre) / width) ** 2
    score = prior + _log_likelihood(intervals, steps).sum(axis=0)
    return _refined(intervals, float(_CANDIDATES_BPM[int(score.argmax())]))


def _log_likelihood(intervals: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Of each interval under each step length, as `array[interval, candidate]`."""
    error = (intervals[:, None, None] - _VALUES * steps[None, :, None]) / _JITTER_NS
    return np.log(np.exp(_LOG_SHARES - 0.5 * error**2).sum(axis=2) + _STRAY)


def _refined(intervals: np.ndarray, bpm: float) -> float:
    """Least squares of the intervals on their note values at about `bpm`."""
    step = step_ns_of(bpm)
    values = np.rint(intervals / step)
    fit = (values >= 1) & (values <= _VALUES[-1]) & (np.abs(intervals - values * step) < 3 * _JITTER_NS)
    if not fit.any():
        return bpm
    values, intervals = values[fit], intervals[fit]
    return float(_NS_PER_MINUTE / STEPS_PER_BEAT * (values @ values) / (values @ intervals))


@dataclass(frozen=True, slots=True)
class Reading:
    """Which step each onset fell on and how far from it, and the grid in force after the last one."""

    grid: Grid
    steps: tuple[int, ...]
    offsets_ns: tuple[int, ...]

    def moved(self, steps: int) -> "Reading":
        """The same onsets counted from `steps` steps earlier."""
        origin_ns = self.grid.origin_ns - steps * self.grid.step_ns
        return Reading(Grid(origin_ns, self.grid.step_ns), tuple(step + steps for step in self.steps), self.offsets_ns)


def read_at(onsets_ns: Sequence[int], bpm: float) -> Reading:
    """Onsets in order of time on the grid of a known tempo, which begins with the first of them.

    The grid is shifted by the median distance: one early or late first note must not make every other note look
    late or early.
    """
    grid = Grid(onsets_ns[0], step_ns_of(bpm))
    residuals = [onset - grid.time_of(grid.nearest(onset)) for onset in onsets_ns]
    limit = grid.step_ns // 4
    shift = int(np.clip(int(np.median(residuals)), -limit, limit))
    grid = Grid(grid.origin_ns + shift, grid.step_ns)
    steps = tuple(max(0, grid.nearest(onset)) for onset in onsets_ns)
    offsets = tuple(onset - grid.time_of(step) for onset, step in zip(onsets_ns, steps, strict=True))
    return Reading(grid, steps, offsets)


def read_freely(onsets_ns: Sequence[int], previous_bpm: float | None) -> Reading:
    """Onsets in order of time, played without a metronome: the grid follows the player.

    After each onset the grid moves a share of the way towards it, in phase and in period (the linear correction of
    J. Mates, "A model of synchronization of motor acts to a stimulus sequence", Biol. Cybern. 70, 1994).
    """
    first_ns = float(step_ns_of(estimate_bpm(onsets_ns, previous_bpm)))
    time_ns, step, step_ns = float(onsets_ns[0]), 0, first_ns
    steps: list[int] = []
    offsets: list[int] = []
    for onset in onsets_ns:
        passed = max(0, round((onset - time_ns) / step_ns))
        error_ns = onset - (time_ns + passed * step_ns)
        steps.append(step + passed)
        offsets.append(round(error_ns))
        if passed:
            time_ns, step = onset - (1 - _PHASE_SHARE) * error_ns, step + passed
            step_ns += _PERIOD_SHARE * error_ns / passed
            step_ns = min(max(step_ns, first_ns * (1 - _STRETCH)), first_ns * (1 + _STRETCH))
    period = round(step_ns)
    return Reading(Grid(round(time_ns) - step * period, period), tuple(steps), tuple(offsets))
