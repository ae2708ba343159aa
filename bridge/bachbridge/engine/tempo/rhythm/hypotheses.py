"""Hypotheses about where an onset lies: place in the bar, tempo and style, each with a Kalman filter of the grid.

A hypothesis says how many steps have passed since the first onset and at which place in the bar it is. Given that, the
time and the length of a step follow from a Kalman filter whose scale, the player's jitter, is unknown (M. West and
J. Harrison, "Bayesian Forecasting and Dynamic Models", Springer 1997, section 4.5). All hypotheses are kept in arrays,
one row each; times are in milliseconds.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from bachbridge.engine.tempo.rhythm.model import MAX_VALUE, RhythmModel
from bachbridge.engine.tempo.rhythm.tempo_prior import TempoPrior

_JITTER_MS, _JITTER_COUNT = 20.0, 6
"""The player's jitter before anything is played, and how many onsets that is worth."""
_MAX_COUNT = 100
"""The jitter is a mean over about so many onsets."""
_DRIFT_PER_STEP = 0.005
"""Random change of the step's length, relative, a step."""
_FIRST_VALUES = np.arange(1, 25)
_NEAR_VALUES = np.arange(-1, 2)
_MIN_BPM, _MAX_BPM = 28.0, 280.0
"""Tempos with which a phrase may begin."""
_MIN_STEP_MS, _MAX_STEP_MS = 15_000 / _MAX_BPM / 2, 15_000 / _MIN_BPM * 2
"""Bounds of a step later on, an octave wider: irregular keys could take the estimate below zero."""
_LOG_STUDENT = np.array(
    [0.0]
    + [math.lgamma((n + 1) / 2) - math.lgamma(n / 2) - 0.5 * math.log(n * math.pi) for n in range(1, _MAX_COUNT + 1)]
)
"""Logarithm of the t-distribution's constant, by degrees of freedom."""


@dataclass(slots=True, eq=False)
class Hypotheses:
    """Arrays with a row for each hypothesis about one onset."""

    log_weight: np.ndarray
    place: np.ndarray
    """Steps since the bar line."""
    style: np.ndarray
    step: np.ndarray
    """Steps since the first onset."""
    time: np.ndarray
    """Time of the step, without swing (ms)."""
    step_ms: np.ndarray
    """Length of a step; 0 as long as there is only one onset."""
    time_variance: np.ndarray
    covariance: np.ndarray
    step_variance: np.ndarray
    """Variances are relative to the squared jitter."""
    squares: np.ndarray
    """Jitter squared times `count`."""
    count: np.ndarray
    parent_event: np.ndarray
    """The onset before that lies on the grid, and its hypothesis: -1 for none."""
    parent: np.ndarray
    anchor: np.ndarray
    """The ancestor at the filter's anchor."""

    def __len__(self) -> int:
        return len(self.log_weight)

    def select(self, rows: np.ndarray) -> "Hypotheses":
        return Hypotheses(*(getattr(self, name)[rows] for name in _NAMES))


@dataclass(frozen=True, slots=True, eq=False)
class OnsetOdds:
    """Knowledge about an onset but its time: values of the texture, and evidence of its pitches."""

    log_values: np.ndarray
    """`array[style, place, value]` (see `RhythmModel.log_values`)."""
    evidence: np.ndarray
    """`array[strength of the place before, place]` (see `EvidenceModel.score_event`)."""


_NAMES = tuple(field.name for field in fields(Hypotheses))


def join(parts: list[Hypotheses]) -> Hypotheses:
    """Return all hypotheses of several sets."""
    if len(parts) == 1:
        return parts[0]
    return Hypotheses(*(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES))


def first_onset(model: RhythmModel, time: float) -> Hypotheses:
    """Return the hypotheses about a phrase's first onset: every place in the bar, every style."""
    styles, bar = len(model.log_styles), model.steps_per_bar
    place, style = np.tile(np.arange(bar), styles), np.repeat(np.arange(styles), bar)
    zeros, none = np.zeros(len(place)), np.zeros(len(place), dtype=np.int64)
    return Hypotheses(
        model.log_start[place] + model.log_styles[style], place, style, none, zeros + time, zeros, zeros + 1.0,
        zeros, zeros, zeros + _JITTER_COUNT * _JITTER_MS**2, none + _JITTER_COUNT, none - 1, none - 1, none,
    )  # fmt: skip


def second_onset(
    before: Hypotheses, event: int, time: float, model: RhythmModel, odds: OnsetOdds, prior: TempoPrior
) -> Hypotheses:
    """Return the hypotheses about an onset at `time`: each value that a first onset, number `event`, may have."""
    place = (before.place[:, None] + _FIRST_VALUES) % model.steps_per_bar
    gap = time - before.time[:, None]
    delay = model.delays[before.style[:, None], place]
    step_ms = gap / (_FIRST_VALUES + delay - model.delays[before.style, before.place][:, None])
    log_weight = before.log_weight[:, None] + odds.log_values[before.style, before.place][:, _FIRST_VALUES]
    log_weight = log_weight + odds.evidence[model.strengths[before.place][:, None], place]
    log_weight = log_weight + prior.log_density(15_000 / step_ms) - np.log(gap * math.log(2))
    rows, columns = np.nonzero((15_000 / step_ms > _MIN_BPM) & (15_000 / step_ms < _MAX_BPM))
    value, cell = _FIRST_VALUES[columns], (rows, columns)
    return Hypotheses(
        log_weight[cell], place[cell], before.style[rows], value,
        time - delay[cell] * step_ms[cell], step_ms[cell], np.ones(len(rows)), 1.0 / value, 2.0 / value**2,
        before.squares[rows], before.count[rows], np.full(len(rows), event), rows, before.anchor[rows],
    )  # fmt: skip


def next_onset(
    before: Hypotheses, event: int, time: float, noise: float, model: RhythmModel, odds: OnsetOdds
) -> Hypotheses:
    """Return the hypotheses about an onset at `time` after onset number `event`.

    `noise` is the variance of its error, relative to the squared jitter.
    """
    expected = np.rint((time - before.time) / before.step_ms)[:, None] + _NEAR_VALUES
    rows, columns = np.nonzero(expected >= 1)
    value_ = expected[rows, columns]
    value = value_.astype(np.int64)
    old = before.select(rows)
    place = (old.place + value) % model.steps_per_bar
    delay = model.delays[old.style, place]
    scale = old.squares / old.count
    variance = old.step_variance
    step_variance = variance + (_DRIFT_PER_STEP * old.step_ms) ** 2 * value_ / scale
    covariance = old.covariance + value_ * variance
    time_variance = old.time_variance + value_ * (old.covariance + covariance)
    gain_time, gain_step = time_variance + delay * covariance, covariance + delay * step_variance
    spread = gain_time + delay * gain_step + noise
    error = time - old.time - (value_ + delay) * old.step_ms
    surprise = error * error / (scale * spread)
    count = old.count
    log_weight = (
        old.log_weight + odds.log_values[old.style, old.place, np.minimum(value, MAX_VALUE)]
        + odds.evidence[model.strengths[old.place], place] + _LOG_STUDENT[count]
        - 0.5 * np.log(scale * spread) - (count + 1) / 2 * np.log1p(surprise / count)
    )  # fmt: skip
    new_count = np.minimum(count + 1, _MAX_COUNT)
    gain_time_ratio, gain_step_ratio = gain_time / spread, gain_step / spread
    return Hypotheses(
        log_weight, place, old.style, old.step + value,
        old.time + value_ * old.step_ms + gain_time_ratio * error,
        np.clip(old.step_ms + gain_step_ratio * error, _MIN_STEP_MS, _MAX_STEP_MS),
        time_variance - gain_time_ratio * gain_time, covariance - gain_time_ratio * gain_step,
        step_variance - gain_step_ratio * gain_step,
        (old.squares + scale * surprise) * new_count / (count + 1), new_count,
        np.full(len(rows), event), rows, old.anchor,
    )  # fmt: skip


def same_onset(before: Hypotheses, event: int, log_cost: float) -> Hypotheses:
    """Return the hypotheses that a further onset belongs to onset number `event`: a late note of a rolled chord."""
    rows = np.arange(len(before))
    joined = before.select(rows)
    joined.log_weight = joined.log_weight + log_cost
    joined.parent_event, joined.parent = np.full(len(rows), event), rows
    return joined
