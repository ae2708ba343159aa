"""What a network knows of a codec's symbols: how many there are, and of which pitches they are made."""

from dataclasses import dataclass

import numpy as np

_MAX_INTERVAL = 24
"""Intervals up to so many semitones are told apart; wider ones share the outermost."""
INTERVAL_COLUMNS = 2 * _MAX_INTERVAL + 2
"""Columns of intervals; the last one stands for none: a rest, the beginning."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The fields' sizes, and of what the symbols of the first field are made, if that is known.

    `spelled[id, feature]`: the first `pitches` features are pitches, semitone after semitone, the others what else
    there is to say. `line[id]`: the feature of the pitch from which intervals are counted, -1 where there is none.
    """

    vocab_sizes: tuple[int, ...]
    pitch_features: np.ndarray | None = None
    reference_pitch: np.ndarray | None = None
    pitch_count: int = 0

    def interval_columns(self) -> np.ndarray:
        """`column[line before + 1, line + 1]`."""
        before, now = np.mgrid[-1 : self.pitch_count, -1 : self.pitch_count]
        none = (before < 0) | (now < 0)
        return np.where(
            none, INTERVAL_COLUMNS - 1, np.clip(now - before, -_MAX_INTERVAL, _MAX_INTERVAL) + _MAX_INTERVAL
        ).astype(np.int32)
