"""A recall: some bars of an answer take up bars of the phrase, as the second half of a period begins like the first.

Whether and where an answer recalls follows from its seed. The melody is drawn towards the notes of the bars that are
recalled, the other voices a little less, so that the harmony may be new; nothing is copied against the voice-leading.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbridge.music.frames import PITCH_INDEX_COUNT, REST, Floats, Frame
from bachbridge.music.notes import VOICES

_SHARE = 0.75
"""Share of the answers that recall."""
_BARS, _MIN_ANSWER_BARS = 2, 4
"""Bars that are recalled at most, and the shortest answer that recalls."""
_NATS = (5.0, 1.0, 1.0, 1.5)
"""Nats for the recalled note of each voice."""


@dataclass(frozen=True, slots=True)
class Recall:
    """From step `begin` to `end` of the answer, the music of `lag` steps earlier is recalled."""

    begin: int
    end: int
    lag: int

    def nats_at(self, step: int, frames: Sequence[Frame]) -> Floats | None:
        """Nats for the notes of a step of the answer after `frames`; None where nothing is recalled."""
        if not self.begin <= step < self.end or len(frames) < self.lag:
            return None
        return nats_towards(frames[-self.lag].pitch_indices)


def nats_towards(pitch_indices: Sequence[int]) -> Floats:
    """Nats `[voice, pitch index]` for the notes of a frame that is recalled."""
    nats = np.zeros((len(VOICES), PITCH_INDEX_COUNT), np.float32)
    for voice, index in enumerate(pitch_indices):
        if index > REST:
            nats[voice, index] = _NATS[voice]
    return nats


def plan_recall(prompt_steps: int, steps: int, steps_per_bar: int, last_step: int, seed: int) -> Recall | None:
    """Return the recall of an answer of `steps` steps to a phrase of `prompt_steps`, over by `last_step`; or None."""
    answer_bars, prompt_bars = steps // steps_per_bar, prompt_steps // steps_per_bar
    rng = np.random.default_rng([seed, 7])
    first = max(1, answer_bars // 4)
    latest = min(answer_bars // 2, last_step // steps_per_bar - 1)
    if answer_bars < _MIN_ANSWER_BARS or not prompt_bars or latest < first or rng.random() >= _SHARE:
        return None
    begin = int(rng.integers(first, latest + 1))
    length = min(_BARS, prompt_bars, last_step // steps_per_bar - begin)
    back = begin + prompt_bars - int(rng.integers(prompt_bars - length + 1))
    return Recall(begin * steps_per_bar, (begin + length) * steps_per_bar, back * steps_per_bar)
