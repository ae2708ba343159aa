"""The tracker that the program used before, as a baseline: the likeliest tempo of all intervals, then a moving grid.

It takes the first onset for a beat and a bar line.
"""

from collections.abc import Sequence

import numpy as np

from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import NS_PER_MINUTE, STEPS_PER_BEAT, step_ns_from_bpm

_JITTER_NS = 22e6
_SAME_ONSET_NS = 45_000_000
"""Keys pressed within this time are one chord."""
_DEFAULT_BPM, _DEFAULT_WIDTH_OCTAVES, _KNOWN_WIDTH_OCTAVES = 92.0, 0.5, 0.12
_CANDIDATES_BPM = np.geomspace(45.0, 190.0, 105)
_NOTE_VALUES = np.array([1, 2, 3, 4, 6, 8, 12, 16])
_LOG_VALUE_PRIORS = np.log([0.06, 0.24, 0.04, 0.46, 0.06, 0.09, 0.02, 0.03])
_PHASE_CORRECTION, _PERIOD_CORRECTION, _MAX_PERIOD_DRIFT = 0.4, 0.12, 0.3
"""Shares of an onset's error by which the grid's phase and period follow it, and the period's greatest drift in all."""
_SETTLED_ONSETS = 24
"""After this many onsets the steps of the earlier ones stay as they are."""
_OUTLIER_LIKELIHOOD = 1e-4
"""Likelihood (relative to a peak's height) of an interval that is no note value: a hesitation, a slip."""


def distinct_onsets(onsets_ns: Sequence[int]) -> list[int]:
    """Return the onsets in order, one for each chord."""
    kept: list[int] = []
    for onset in sorted(onsets_ns):
        if not kept or onset - kept[-1] > _SAME_ONSET_NS:
            kept.append(onset)
    return kept


def estimate_bpm(onsets_ns: Sequence[int], previous_bpm: float | None = None) -> float:
    """Return the likeliest tempo of the onsets; with fewer than three of them, the previous or the default tempo."""
    intervals = np.diff(np.array(distinct_onsets(onsets_ns), dtype=np.float64))
    centre = previous_bpm or _DEFAULT_BPM
    if len(intervals) < 2:
        return centre
    steps = NS_PER_MINUTE / _CANDIDATES_BPM / STEPS_PER_BEAT
    width = _KNOWN_WIDTH_OCTAVES if previous_bpm else _DEFAULT_WIDTH_OCTAVES
    prior = -0.5 * (np.log2(_CANDIDATES_BPM / centre) / width) ** 2
    score = prior + _log_likelihood(intervals, steps).sum(axis=0)
    return _refine_bpm(intervals, float(_CANDIDATES_BPM[int(score.argmax())]))


def _log_likelihood(intervals_ns: np.ndarray, steps_ns: np.ndarray) -> np.ndarray:
    """Return the log-likelihood of each interval under each step length, as `array[interval, candidate]`."""
    error = (intervals_ns[:, None, None] - _NOTE_VALUES * steps_ns[None, :, None]) / _JITTER_NS
    return np.log(np.exp(_LOG_VALUE_PRIORS - 0.5 * error**2).sum(axis=2) + _OUTLIER_LIKELIHOOD)


def _refine_bpm(intervals: np.ndarray, rough_bpm: float) -> float:
    """Fit the intervals to their note values at about `rough_bpm` by least squares."""
    step = step_ns_from_bpm(rough_bpm)
    values = np.rint(intervals / step)
    fit = (values >= 1) & (values <= _NOTE_VALUES[-1]) & (np.abs(intervals - values * step) < 3 * _JITTER_NS)
    if not fit.any():
        return rough_bpm
    values, intervals = values[fit], intervals[fit]
    return float(NS_PER_MINUTE / STEPS_PER_BEAT * (values @ values) / (values @ intervals))


class FormerTracker:
    """The step of each onset, and the grid after the last one; onsets come in order of time.

    While there are few onsets, each new one assigns all of them to steps again, because the tempo (or, if it is known,
    the origin of its grid) becomes clearer. From then on the steps of earlier onsets stay. The grid of a known tempo is
    regular; otherwise it moves part of the way towards each onset, in phase and in period (the linear correction of
    J. Mates, "A model of synchronization of motor acts to a stimulus sequence", Biol. Cybern. 70, 1994).
    """

    __slots__ = (
        "_initial_step_ns",
        "_last_step",
        "_last_step_time_ns",
        "_onsets_ns",
        "_step_ns",
        "known_bpm",
        "offsets_ns",
        "previous_bpm",
        "steps",
    )

    def __init__(self, known_bpm: float, previous_bpm: float | None) -> None:
        """`known_bpm` is 0 if no tempo is set; `previous_bpm` is the tempo of the previous phrase."""
        self.known_bpm, self.previous_bpm = known_bpm, previous_bpm
        self.steps: list[int] = []
        self.offsets_ns: list[int] = []
        """Distance of each onset from the time of its step."""
        self._onsets_ns: list[int] = []
        self._last_step_time_ns = self._step_ns = self._initial_step_ns = 0.0
        self._last_step = 0

    @property
    def beat_step(self) -> int:
        return 0

    @property
    def bar_step(self) -> int:
        return 0

    @property
    def is_settled(self) -> bool:
        """True if the onsets so far stay on their steps."""
        return len(self._onsets_ns) >= _SETTLED_ONSETS

    @property
    def grid(self) -> Grid:
        step_ns = round(self._step_ns)
        return Grid(round(self._last_step_time_ns) - self._last_step * step_ns, step_ns)

    def add_release(self, release_ns: int, pitch: int) -> None:
        """Do nothing."""

    def add_onset(self, onset_ns: int, pitch: int) -> None:  # noqa: ARG002
        if self.is_settled:
            self._place_onset(onset_ns)
        else:
            self._onsets_ns.append(onset_ns)
            self._refit()

    def _refit(self) -> None:
        self.steps.clear()
        self.offsets_ns.clear()
        bpm = self.known_bpm or estimate_bpm(self._onsets_ns, self.previous_bpm)
        self._last_step, self._initial_step_ns = 0, float(step_ns_from_bpm(bpm))
        self._step_ns = self._initial_step_ns
        self._last_step_time_ns = self._onsets_ns[0] + (self._median_offset_ns() if self.known_bpm else 0.0)
        for onset_ns in self._onsets_ns:
            self._place_onset(onset_ns)

    def _median_offset_ns(self) -> float:
        """Return the median distance of the onsets from a grid that begins with the first of them.

        An early or late first note must not make all other notes look late or early.
        """
        elapsed = np.array(self._onsets_ns, dtype=np.float64) - self._onsets_ns[0]
        distances = elapsed - np.rint(elapsed / self._initial_step_ns) * self._initial_step_ns
        return float(np.clip(np.median(distances), -self._initial_step_ns / 4, self._initial_step_ns / 4))

    def _place_onset(self, onset_ns: int) -> None:
        steps = max(0, round((onset_ns - self._last_step_time_ns) / self._step_ns))
        error_ns = onset_ns - (self._last_step_time_ns + steps * self._step_ns)
        self.steps.append(self._last_step + steps)
        self.offsets_ns.append(round(error_ns))
        if steps:
            phase, period = (0.0, 0.0) if self.known_bpm else (_PHASE_CORRECTION, _PERIOD_CORRECTION)
            self._last_step_time_ns = onset_ns - (1 - phase) * error_ns
            self._last_step += steps
            stretched_ns = self._step_ns + period * error_ns / steps
            low_ns = self._initial_step_ns * (1 - _MAX_PERIOD_DRIFT)
            high_ns = self._initial_step_ns * (1 + _MAX_PERIOD_DRIFT)
            self._step_ns = min(max(stretched_ns, low_ns), high_ns)
