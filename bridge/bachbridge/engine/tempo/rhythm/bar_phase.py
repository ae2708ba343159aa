"""Where the bar lines and the beats of notes with known steps lie."""

from dataclasses import dataclass

import numpy as np

from bachbridge.engine.tempo.rhythm.model import MAX_VALUE, RhythmModel
from bachbridge.engine.tempo.rhythm.onset_groups import OnsetGroups

_MAX_EVENTS = 64
"""Number of events, the last ones, that decide."""


@dataclass(frozen=True, slots=True)
class BarPhase:
    """The place of step 0 in its bar, in steps, and how certain its beat and its bar are (0 to 1)."""

    place: int
    beat_confidence: float
    bar_confidence: float


def bar_phase(steps: np.ndarray, groups: OnsetGroups, model: RhythmModel) -> BarPhase:
    """Return the likeliest bar phase of events at these steps."""
    texture = groups.texture
    numbers = np.flatnonzero(np.diff(steps, append=steps[-1] + 1) > 0)  # a grace note's event has its note's step
    is_whole = len(numbers) <= _MAX_EVENTS
    numbers = numbers[-_MAX_EVENTS:]
    steps = steps[numbers]
    places = np.arange(model.steps_per_bar)
    at = (places[:, None] + steps) % model.steps_per_bar
    values = np.minimum(np.diff(steps), MAX_VALUE)
    log_values = model.log_values[texture][:, at[:, :-1], values].sum(axis=2)
    evidence = sum(
        groups.evidence(int(number), model.evidence[texture])[model.strengths[at[:, index]], at[:, index + 1]]
        for index, number in enumerate(numbers[1:])
    )
    log_weight = model.log_styles[:, None] + log_values + evidence + model.log_end[at[:, -1]]
    if is_whole:
        log_weight += model.log_start[at[:, 0]]
    share = np.exp(log_weight - log_weight.max()).sum(axis=0)
    share /= share.sum()
    best = int(share.argmax())
    on_same_beat = (places - best) % model.steps_per_beat == 0
    return BarPhase(best, float(share[on_same_beat].sum()), float(share[best]))
